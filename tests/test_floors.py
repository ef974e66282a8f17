"""The house has floors, and rooms on them. A module imports downwards only.

Floors: train.py, glassbox.py -> layers -> engine -> losses -> tensorflow. The rooms are those of the table ROOMS.
"""

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
TOP = ["glassbox", "train"]  # files on the last of them, which do not know each other
KERAS_IS_FOR = "engine/study/parity.py"

FILES = sorted([*(path for floor in FLOORS[:-1] for path in (ROOT / floor).rglob("*.py")),
                *(ROOT / f"{name}.py" for name in TOP)])  # fmt: skip
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


def _floor(package):
    return len(FLOORS) - 1 if package in TOP else FLOORS.index(package)


def wrong_imports(name, tree, third_party):
    """What the file `name` imports and should not."""
    own = name.split("/")[0].removesuffix(".py")
    floor = _floor(own)
    for package, inside in imports(tree):
        if package == "keras" and name == KERAS_IS_FOR and inside:
            continue
        if package == ".":
            yield "a relative import"
        elif package in FLOORS or package in TOP:
            if _floor(package) > floor or (package in TOP and package != own):
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
    assert list(wrong_imports(name, tree, declared())) == []
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
        ("engine/a.py", "import glassbox", ["upwards: glassbox"]),
        ("train.py", "import glassbox", ["upwards: glassbox"]),
        ("glassbox.py", "import layers, engine, losses", []),
        ("train.py", "import os, tensorflow\nfrom layers import Dense\nfrom losses.ground.lookup import resolve", []),
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
    module = importlib.import_module(first)
    if first == "layers":
        rebuilt = module.TimeDistributed.from_config({"layer": {"class_name": "Sequential", "config": {"layers": []}}})
        assert module.LSTM(2)([[[1.0]]]).shape == (1, 2) and type(rebuilt.layer).__name__ == "Sequential"
    print(first)

import engine
assert "engine.callbacks" not in sys.modules
assert engine.callbacks.Callback and engine.saving.load_model and engine.Layer
"""


def test_any_part_can_be_imported_first():
    run = subprocess.run([sys.executable, "-c", ANY_FIRST], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert {"losses", "layers", "engine.model", "engine.saving", "engine.study"} <= set(run.stdout.split())


# ---- the rooms inside: ground and small parts <- heart <- parts <- what is around it <- Model ----

# From the ground up: {room: its folders and modules}; the longest name that fits a module says where it is.
# A module may import from its own room, and from every room on a lower line. Rooms on one line do not know each other.
ROOMS = [
    {"ground": "losses.ground", "port": "engine.port"},
    {"mathematics": "losses"},
    {"small parts": "engine.activations engine.constraints engine.dtypes engine.hints engine.initializers engine.random "
                    "engine.regularizers engine.signals engine.small_parts engine.spellings engine.text"},
    {"heart": "engine.core"},
    {"seams": "engine.around engine.kept_states engine.outputs engine.parts engine.passes engine.state engine.unbuilt engine.unchanged", "compilation": "engine.compilation",
     "functional": "engine.functional"},
    {"configs": "engine.configs"},
    {"metrics": "engine.metrics", "optimizers": "engine.optimizers", "layers": "layers"},
    {"data": "engine.data engine.datasets", "files": "engine.saving"},
    {"distribution": "engine.distribute", "guards": "engine.guards", "study": "engine.study"},
    {"callbacks": "engine.callbacks"},
    {"Model": "engine.cloning engine.model engine.trainer engine.sequential"},
    {"utils": "engine.utils"},
    {"names": "engine"},
    {"scripts": "engine.command_line engine.run_arguments train", "all names": "glassbox"},
]  # fmt: skip
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
ROOM_OF = {name: room for rooms in ROOMS for room, names in rooms.items() for name in names.split()}

# (file, room): why its arrow still runs up, or to a room beside it. The fewer the better.
UPWARDS = {
    ("layers/__init__.py", "Model"): "a layer may hold a model, whose class its config names: it must have been imported",
    ("engine/study/rows.py", "names"): "finds the object that a row names, wherever it is",
}  # fmt: skip

MODULES = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in NAMES}


def room(module):
    """The room of a module."""
    parts = module.split(".")
    return next(ROOM_OF[name] for end in range(len(parts), 0, -1) if (name := ".".join(parts[:end])) in ROOM_OF)


def named_modules(tree):
    """The modules of this project that a syntax tree imports or names in a string, such as one for import_module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            full = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from (name if name in MODULES else node.module for name in full.values())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value and node.value in MODULES:
            yield node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            strings = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            yield from (name for name in (string.rstrip(".") for string in strings) if name in MODULES)


def arrows_up(name, tree):
    """The rooms that the file `name` names and should not."""
    own = room(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    return {other for other in map(room, named_modules(tree)) if other != own and LEVEL[other] >= LEVEL[own]}


def test_arrows_run_down_from_room_to_room():
    found = {(name, other) for name, path in zip(NAMES, FILES)
             for other in arrows_up(name, ast.parse(path.read_text(encoding="utf-8")))}  # fmt: skip
    assert found - set(UPWARDS) == set(), "new arrows that run up"
    assert set(UPWARDS) - found == set(), "exceptions that nothing needs any more"


@pytest.mark.parametrize(
    ("name", "source", "rooms"),
    [
        ("engine/core/layer.py", "from engine.metrics.auc import AUC", {"metrics"}),
        ("engine/core/layer.py", "from engine import metrics, random", {"metrics"}),
        ("engine/core/layer.py", "import losses\nfrom engine import initializers", set()),
        ("engine/core/layer.py", "kind = 'engine.saving.weights'", {"files"}),
        ("engine/core/layer.py", "from engine.guards import nan_guard", {"guards"}),
        ("engine/saving/weights.py", "from engine.study import summary", {"study"}),
        ("engine/saving/weights.py", "importlib.import_module('layers')", set()),
        ("engine/core/layer.py", "importlib.import_module(name or 'layers')", {"layers"}),
        ("losses/base.py", "importlib.import_module(f'engine.{name}')", {"names"}),
        ("engine/model.py", "from engine.guards.nan_guard import NaNGuard", set()),
    ],
)
def test_the_check_finds_arrows_that_run_up(name, source, rooms):
    assert arrows_up(name, ast.parse(source)) == rooms
