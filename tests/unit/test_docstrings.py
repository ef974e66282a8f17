"""Every example in a docstring runs, and prints what it says."""

import doctest
import importlib
import os
import pathlib
import pkgutil

import pytest

from engine import dtypes
from engine.random import set_seed
from engine.small_parts import naming

ROOT = pathlib.Path(__file__).parents[2]
FLOORS = ("losses", "engine", "layers")


def modules():
    for floor in FLOORS:
        yield floor
        for module in pkgutil.walk_packages([str(ROOT / floor)], f"{floor}."):
            yield module.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some examples write files
    module = importlib.import_module(name)
    before = dtypes.floatx(), dtypes.policy()
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    out = []
    try:
        for example in finder.find(module, name):
            naming.clear_session()
            set_seed(1)
            runner.run(example, out=out.append)
    finally:
        dtypes.set_floatx(before[0])
        dtypes.set_policy(before[1])
    assert runner.summarize(verbose=False).failed == 0, "".join(out)


def test_all_modules_are_found():
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    assert len(list(modules())) == len(files)
    assert os.path.exists(ROOT / "engine" / "core" / "layer.py")
