"""The house has floors: train.py -> layers -> engine -> losses -> tensorflow. A module imports downwards only."""

import ast
import configparser
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

import engine

ROOT = pathlib.Path(__file__).parents[1]
FLOORS = ["losses", "engine", "layers", "train"]  # from the ground up
KERAS_IS_FOR = "engine/study/parity.py"
BESIDE_THE_DECLARED = {"numpy"}  # TensorFlow's own first requirement

FILES = sorted([*(path for floor in FLOORS[:-1] for path in (ROOT / floor).rglob("*.py")), ROOT / "train.py"])
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]


def declared():
    """The packages that setup.cfg installs with ours, by the names they are imported under."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split()
    return {re.match(r"[\w-]+", line).group().replace("-", "_") for line in lines}


def imports(tree):
    """(top-level package, whether inside a function) for each import in a syntax tree."""
    inner = {id(node) for function in ast.walk(tree) if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
             for node in ast.walk(function)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." if node.level else node.module]
        else:
            continue
        for name in names:
            yield name.split(".")[0] or ".", id(node) in inner


def wrong_imports(name, tree, third_party):
    """What the file `name` imports and should not."""
    floor = FLOORS.index(name.split("/")[0].removesuffix(".py"))
    for package, inside in imports(tree):
        if package == "keras" and name == KERAS_IS_FOR and inside:
            continue
        if package == ".":
            yield "a relative import"
        elif package in FLOORS:
            if FLOORS.index(package) > floor:
                yield f"upwards: {package}"
        elif package not in third_party and package not in sys.stdlib_module_names:
            yield f"not declared in setup.cfg: {package}"
        if inside:
            yield f"inside a function: {package}"


def names_keras(tree):
    """The lines on which a name or an attribute is `keras`."""
    return [node.lineno for node in ast.walk(tree)
            if "keras" in (getattr(node, "attr", None), getattr(node, "id", None))]  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_go_downwards(path):
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert list(wrong_imports(name, tree, declared() | BESIDE_THE_DECLARED)) == []
    if name != KERAS_IS_FOR:
        assert names_keras(tree) == []


@pytest.mark.parametrize(
    ("name", "source", "wrong"),
    [
        ("losses/a.py", "from engine import random", ["upwards: engine"]),
        ("engine/a.py", "import layers.dense", ["upwards: layers"]),
        ("layers/a.py", "import train", ["upwards: train"]),
        ("layers/a.py", "from . import dense", ["a relative import"]),
        ("engine/a.py", "import keras", ["not declared in setup.cfg: keras"]),
        ("engine/a.py", "def f():\n    import os", ["inside a function: os"]),
        (KERAS_IS_FOR, "import keras", ["not declared in setup.cfg: keras"]),
        (KERAS_IS_FOR, "def f():\n    import keras", []),
        ("train.py", "import os, tensorflow\nfrom layers import Dense\nfrom losses.lookup import resolve", []),
    ],
)
def test_the_check_finds_wrong_imports(name, source, wrong):
    assert list(wrong_imports(name, ast.parse(source), declared())) == wrong


@pytest.mark.parametrize("source", ["tf.keras.layers", "keras.ops", "from tensorflow import x\nx.keras"])
def test_the_check_finds_names_of_keras(source):
    assert names_keras(ast.parse(source))


def test_editors_and_programs_see_the_same_names_in_engine():
    tree = ast.parse((ROOT / "engine/__init__.py").read_text(encoding="utf-8"))
    for_editors = {alias.name: node.module for block in tree.body if isinstance(block, ast.If) for node in block.body
                   for alias in node.names}  # fmt: skip
    assert sorted(for_editors) == sorted(engine.__all__)
    for name, module in for_editors.items():
        home = f"engine.{name}" if module == "engine" else module
        found = importlib.import_module(home)
        assert getattr(engine, name) is (found if module == "engine" else getattr(found, name))
    assert set(engine.__all__) <= set(dir(engine))
    with pytest.raises(AttributeError, match="module 'engine' has no attribute 'Layr'"):
        _ = engine.Layr


# Whatever a program imports first: nothing may rely on what something else has imported before.
ANY_FIRST = """
import importlib, pkgutil, sys

import engine
parts = [f"engine.{part.name}" for part in pkgutil.iter_modules(engine.__path__)]
for first in ["losses", "layers", *parts, "engine"]:
    for name in [name for name in sys.modules if name.split(".")[0] in ("losses", "engine", "layers")]:
        if not name.startswith("engine.datasets"):  # tensorflow-datasets takes each data set once
            del sys.modules[name]
    importlib.import_module(first)
    print(first)

import engine
assert "engine.callbacks" not in sys.modules
assert engine.callbacks.Callback and engine.saving.load_model and engine.Layer
"""


def test_any_part_can_be_imported_first():
    run = subprocess.run([sys.executable, "-c", ANY_FIRST], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert {"losses", "layers", "engine.model", "engine.saving", "engine.study"} <= set(run.stdout.split())
