"""`glassbox`: the public names of all floors, each under the path where programs look for it."""

import importlib
import inspect
import subprocess
import sys

import pytest

import engine
import engine.initializers
import engine.metrics
import engine.optimizers
import engine.utils
import glassbox
import layers
import losses

FAMILIES = {  # path: the module that it offers
    "activations": engine.activations, "callbacks": engine.callbacks, "constraints": engine.constraints,
    "initializers": engine.initializers, "layers": layers, "losses": losses, "metrics": engine.metrics,
    "optimizers": engine.optimizers, "optimizers.schedules": engine.optimizers.schedules,
    "optimizers.legacy": engine.optimizers, "regularizers": engine.regularizers, "saving": engine.saving,
    "utils": engine.utils,
}  # fmt: skip


@pytest.mark.parametrize("path", glassbox.PATHS, ids=lambda path: path or "top")
def test_every_name_is_there(path):
    module = importlib.import_module(f"glassbox.{path}".rstrip("."))
    names = dir(module)
    assert len(names) == len(set(names)) > 0
    for name in names:
        assert getattr(module, name) is not None, name


@pytest.mark.parametrize("path", FAMILIES)
def test_a_family_is_what_its_module_exports(path):
    module = importlib.import_module(f"glassbox.{path}")
    public = {name for name, item in vars(FAMILIES[path]).items() if not name.startswith("_")
              and (inspect.isclass(item) or inspect.isfunction(item)) and item.__module__.split(".")[0] in ("engine", "layers", "losses")
              and not item.__module__.startswith("losses.ground")}  # fmt: skip
    assert public - set(dir(module)) == set()
    for name in public:
        assert getattr(module, name) is getattr(FAMILIES[path], name)


def test_names_of_engine_are_at_the_top_or_under_their_path():
    below = {name for path in glassbox.PATHS for name in dir(importlib.import_module(f"glassbox.{path}".rstrip(".")))}
    elsewhere = {"set_policy", "set_seed"}  # set_dtype_policy and set_random_seed
    assert set(engine.__all__) - below == elsewhere


def test_the_ways_to_import():
    program = """
import glassbox as keras
from glassbox import layers, Sequential
from glassbox.layers import *
from glassbox.preprocessing.sequence import pad_sequences
from glassbox.optimizers.schedules import ExponentialDecay
import glassbox.backend as K

assert keras.layers.Dense is Dense is layers.Dense
model = Sequential([Dense(1, input_shape=(3,))])
model.compile(keras.optimizers.legacy.Adam(ExponentialDecay(0.1, 10, 0.9)), keras.losses.MSE)
model.fit(pad_sequences([[1], [2, 3, 4]], dtype="float32"), [[0.0], [1.0]], verbose=0)
assert isinstance(model, keras.models.Model) and K.epsilon() == 1e-7
print("done")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=200)
    assert run.stdout == "done\n", run.stderr


def test_an_unknown_name_says_where_to_look():
    with pytest.raises(AttributeError, match=r"'glassbox.layers' has no 'Densee'\. docs/from-keras.md"):
        _ = glassbox.layers.Densee
    with pytest.raises(ImportError, match="Densee"):
        exec("from glassbox.layers import Densee")


def test_it_waits_for_tensorflow_until_a_name_is_asked_for():
    program = """
import sys
import engine
before = set(sys.modules)
import glassbox
print({"tensorflow", "keras", "numpy"} & set(sys.modules))
print(sorted(name for name in set(sys.modules) - before if name.split(".")[0] in ("engine", "layers", "losses") and ".port" not in name))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert run.stdout == "set()\n['engine.version']\n", run.stderr
