"""What CONTRIBUTING.md tells to write can be written: its layer works, and the files and names that it sends to are there."""

import doctest
import pathlib
import re
import textwrap

import pytest

import layers
from engine import metrics
from engine.study import check_gradients

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)]


@pytest.fixture
def cube(monkeypatch):
    namespace = {"__name__": "layers.cube"}
    exec(compile(BLOCKS[0], "CONTRIBUTING.md", "exec"), namespace)
    monkeypatch.setattr(layers, "Cube", namespace["Cube"], raising=False)
    return namespace["Cube"]


def test_the_layer_is_right(cube):
    (example,) = [found for found in doctest.DocTestFinder(exclude_empty=True).find(cube, "Cube") if found.examples]
    assert doctest.DocTestRunner().run(example).failed == 0
    assert check_gradients(cube(0.5), [[1.0, -2.0, 3.0]]).ok
    assert cube.from_config(cube(0.5).get_config()).factor == 0.5


def test_the_rows_are_of_the_layer(cube):
    rows = eval(f"[{BLOCKS[1]}]", {"row": lambda name, arguments=None, x=None, raises=None: (name, arguments or {}, raises)})
    assert {name for name, _, _ in rows} == {"Cube"}
    for _, arguments, raises in rows:
        if raises is None:
            cube(**arguments)
        else:
            with pytest.raises(TypeError, match=raises):
                cube(**arguments)


def test_named_files_and_tables_are_there():
    names = re.findall(r"\b((?:engine|layers|losses|tests|docs)/[\w/]+\.(?:py|md))", TEXT)
    assert [name for name in names if name != "layers/cube.py" and not (ROOT / name).exists()] == []
    assert "WITHOUT_ROW = {" in (ROOT / "tests/parity/test_layers.py").read_text(encoding="utf-8")
    for kind in ("losses", "metrics"):
        text = (ROOT / f"tests/parity/test_{kind}.py").read_text(encoding="utf-8")
        assert "\nROWS = [" in text and "\ndef make(" in text
    assert metrics._CLASSES and metrics._FUNCTIONS
