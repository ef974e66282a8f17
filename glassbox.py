"""One name for all: a program written for `tf.keras` or Keras runs with `import glassbox as keras`.

    import glassbox as keras
    from glassbox import layers
    from glassbox.preprocessing.sequence import pad_sequences

    model = keras.Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile(keras.optimizers.Adam(), keras.losses.MeanSquaredError())

Names only: each is that of `layers`, `losses` or `engine`, under the path where such programs look for it, and is imported
when it is first asked for. `PATHS` says where all of them are; new code may import from there. A name that is not here is
an error that says what to write instead.
"""

import importlib
import sys
import types
from typing import TYPE_CHECKING

from engine.port.names import advice
from engine.version import __version__ as __version__

if TYPE_CHECKING:  # for editors; programs get the same from PATHS
    import layers as layers
    import losses as losses
    from engine import *  # noqa: F403
    from engine import saving as saving
    from engine import utils as utils
    from engine.utils import backend as backend
    from engine.utils import datasets as datasets

_POLICIES = [
    "engine.dtypes: DTypePolicy Policy=DTypePolicy policy dtype_policy=policy global_policy=policy",
    "engine.dtypes: set_dtype_policy=set_policy set_global_policy=set_policy",
]
_OBJECTS = "engine.utils: deserialize_keras_object get_registered_name get_registered_object serialize_keras_object"
_OF_BOTH = "KLD MAE MAPE MSE MSLE kld kullback_leibler_divergence logcosh mae mape mse msle"

_DATASETS = ("boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters")

# {path: [module whose names are there, or "module: name other_name=name_there ..."]}
PATHS = {
    "": ["engine: Input InputSpec Layer Model Sequential", "losses: Loss", "engine.metrics: Metric",
         "engine.optimizers: Optimizer", "engine.initializers: Initializer", "engine.regularizers: Regularizer",
         "engine.dtypes: DTypePolicy", "engine.core.symbolic: KerasTensor=Symbol", "tensorflow: Variable name_scope"],
    "activations": ["engine.activations"],
    "backend": ["engine.utils.backend"],
    "callbacks": ["engine.callbacks"],
    "callbacks.experimental": ["engine.callbacks: BackupAndRestore"],
    "config": ["engine.dtypes: floatx set_floatx dtype_policy=policy set_dtype_policy=set_policy",
               "engine.utils.backend: epsilon image_data_format"],
    "constraints": ["engine.constraints"],
    **{f"datasets.{name}": [f"engine.utils.datasets.{name}"] for name in _DATASETS},
    "experimental": ["engine.optimizers.schedules: CosineDecay CosineDecayRestarts"],
    "dtype_policies": ["engine.dtypes: DTypePolicy get=policy"],
    "initializers": ["engine.initializers"],
    "layers": ["layers", "engine.configs.layer_config: deserialize=get_layer", "engine.utils.objects: serialize=serialize_keras_object"],
    "layers.experimental": ["layers: EinsumDense"],
    "layers.experimental.preprocessing": ["layers"],
    "losses": ["losses"],
    "metrics": ["engine.metrics", f"losses: {_OF_BOTH}"],
    "mixed_precision": [*_POLICIES, "engine.optimizers: LossScaleOptimizer"],
    "mixed_precision.experimental": [*_POLICIES, "engine.optimizers: LossScaleOptimizer"],
    "models": ["engine: Model Sequential clone_model", "engine.saving: load_model model_from_json save_model",
               "engine.configs.layer_config: model_from_config=get_layer"],
    "optimizers": ["engine.optimizers"],
    "optimizers.experimental": ["engine.optimizers"],
    "optimizers.legacy": ["engine.optimizers"],
    "optimizers.schedules": ["engine.optimizers.schedules"],
    "preprocessing": ["engine.utils.directories"],
    "preprocessing.image": ["engine.utils.images", "engine.utils.image_generator"],
    "preprocessing.sequence": ["engine.utils.sequences"],
    "preprocessing.text": ["engine.utils.text"],
    "random": ["engine.utils.draws"],
    "regularizers": ["engine.regularizers"],
    "saving": ["engine.saving", "engine.utils: CustomObjectScope custom_object_scope get_custom_objects",
               "engine.utils: register_keras_serializable", _OBJECTS],
    "utils": ["engine.utils"],
}  # fmt: skip


# What makes objects from configs, which may name any layer: a program that only loads a model has asked for none before.
_READ_CONFIGS = ("engine", "engine.configs.layer_config", "engine.saving", "engine.utils")


def exports(module):
    """The public names of a module of this project, as a list."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [name for name, item in vars(module).items() if not name.startswith("_") and callable(item)
            and not getattr(item, "__module__", "").startswith("losses.ground")]  # fmt: skip


def _advice(module, name):
    """That a module of this file has no such name, and what to write instead."""
    instead = advice(f"{module}.{name}".removeprefix("glassbox").lstrip("."))
    return f"{module!r} has no {name!r}. docs/from-keras.md has what is left out; here: {instead}"


class Names(types.ModuleType):
    """The module at a path: its names, by where they are."""

    __path__ = ()  # so that a name that is not here is looked for by `_Finder`, whose errors an import shows

    def __init__(self, path, sources):
        super().__init__(f"glassbox.{path}".rstrip("."), f"The names of {', '.join(sources) or 'the paths below'}.")
        self._sources = [source.partition(": ")[::2] for source in sources]

    def _homes(self):
        """{name: (module, name there)}"""
        found = {}
        for home, names in self._sources:
            pairs = [name.partition("=")[::2] for name in names.split() or exports(importlib.import_module(home))]
            found.update({name: (home, there or name) for name, there in pairs})
        return found

    def __getattr__(self, name):
        if name == "__all__":
            return sorted({*self._homes(), *(name for name in vars(self) if not name.startswith("_"))})
        homes = {} if name.startswith("__") else self._homes()
        if name not in homes:
            raise AttributeError(_advice(self.__name__, name))
        home, there = homes[name]
        if home in _READ_CONFIGS:
            importlib.import_module("layers")
        setattr(self, name, getattr(importlib.import_module(home), there))
        return vars(self)[name]

    def __dir__(self):
        return self.__all__


_ROOT = Names("", PATHS[""])
_MODULES = {"": _ROOT}


def _place(path):
    """Make the module of a path, and of those above it, and tell Python where it is."""
    if path not in _MODULES:
        module = _MODULES[path] = sys.modules[f"{__name__}.{path}"] = Names(path, PATHS.get(path, []))
        above, _, name = path.rpartition(".")
        setattr(_place(above), name, module)
    return _MODULES[path]


for _path in PATHS:
    _place(_path)


class _Finder:
    """Is asked for what is imported from here and is not here: `from glassbox.applications import VGG16`."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("glassbox."):
            module, _, last = name.rpartition(".")
            raise ModuleNotFoundError(_advice(module, last))


__path__ = ()
sys.meta_path.append(_Finder())


def __getattr__(name):
    return getattr(_ROOT, name)


def __dir__():
    return dir(_ROOT)
