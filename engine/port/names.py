"""Which names are offered under Keras's paths. Read from the source of this project, so that nothing needs to start."""

import ast
import difflib
import functools
import pathlib

from engine.port.substitutes import substitute, told

ROOT = pathlib.Path(__file__).parents[2]

# What programs write for Keras itself; TensorFlow 2 has four of its modules under its own name too.
_KERAS = ("keras", "keras_core", "keras.src", "tf_keras", "glassbox", "tensorflow.keras", "tensorflow.compat.v2.keras", "tensorflow.compat.v1.keras",
          "tensorflow.python.keras", "tensorflow.contrib.keras", "keras.api", "tensorflow.keras.api")  # fmt: skip
_ALSO_OF_TENSORFLOW = ("initializers", "losses", "metrics", "optimizers")

# Older paths: where their names are now.
_MOVED = {
    **dict.fromkeys(
        [f"layers.{part}" for part in (
            "advanced_activations", "convolutional", "convolutional_recurrent", "core", "embeddings", "experimental.preprocessing",
            "local", "merge", "noise", "normalization", "pooling", "preprocessing", "recurrent", "wrappers")]
        + ["engine", "engine.base_layer", "engine.input_layer", "engine.topology", "legacy.layers"], "layers"),
    **dict.fromkeys([f"utils.{part}" for part in ("data_utils", "generic_utils", "layer_utils", "np_utils", "vis_utils")], "utils"),
    **dict.fromkeys([f"engine.{part}" for part in ("functional", "sequential", "training")], "models"),
    "backend.tensorflow_backend": "backend", "mixed_precision.experimental": "mixed_precision",
    **dict.fromkeys([f"optimizers.{name}" for name in ("adam", "adam_v2", "experimental", "gradient_descent_v2", "rmsprop_v2")], "optimizers"),
    "callbacks.experimental": "callbacks", "optimizer_v2": "optimizers", "preprocessing.image_dataset_from_directory":
    "utils.image_dataset_from_directory", "preprocessing.text_dataset_from_directory": "utils.text_dataset_from_directory",
    "preprocessing.timeseries_dataset_from_array": "utils.timeseries_dataset_from_array",
}  # fmt: skip


def keras_path(dotted):
    """The path below Keras, in its place of today: `"tensorflow.keras.layers.Dense"` → `"layers.Dense"`; None: not Keras.

    >>> keras_path("tensorflow.keras"), keras_path("keras.layers.core.Dense"), keras_path("tensorflow.data")
    ('', 'layers.Dense', None)
    """
    for prefix in sorted(_KERAS, key=len, reverse=True):
        if f"{dotted}.".startswith(f"{prefix}."):
            return _today(dotted[len(prefix) + 1 :])
    package, _, path = dotted.partition(".")
    if package == "tensorflow" and path.split(".")[0] in _ALSO_OF_TENSORFLOW:
        return path
    return None


def _today(path):
    """`path` with the longest part of it that has moved in its new place."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        if (older := ".".join(parts[:end])) in _MOVED:
            return ".".join([_MOVED[older], *parts[end:]])
    return path


@functools.cache
def offered():
    """{path below Keras: the names in it}, as glassbox.py has them; the top is `""`.

    >>> "Dense" in offered()["layers"], "mse" in offered()["losses"], "SGD" in offered()["optimizers"]
    (True, True, True)
    """
    found = {path: {name for source in sources for name in _names(*source.partition(": ")[::2])}
             for path, sources in _paths().items()}  # fmt: skip
    found[""].add("__version__")
    for path in list(found):
        while path:
            path, _, name = path.rpartition(".")
            found.setdefault(path, set()).add(name)
    return found


def _paths():
    """The table PATHS of glassbox.py: read, not imported, as it is on a higher floor."""
    tree = ast.parse((ROOT / "glassbox.py").read_text(encoding="utf-8"))
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    last = next(number for number, node in enumerate(assignments) if node.targets[0].id == "PATHS")
    table = {}
    exec(compile(ast.Module(assignments[: last + 1], []), "glassbox.py", "exec"), table)
    return table["PATHS"]


def _names(module, listed):
    """The names that are `listed` of a module, as "name other=name_there"; else all that it exports."""
    if listed:
        return {name.partition("=")[0] for name in listed.split()}
    return _exports(_source(module))


def _source(module):
    """The source file of a module of this project; None if there is no such module."""
    place = ROOT.joinpath(*module.split("."))
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.exists()), None)


def _exports(file):
    """The public names of a source file: its `__all__`, or all that it defines and takes from elsewhere by name."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom) and not node.module.startswith("losses.ground."):
            names |= {alias.asname or alias.name for alias in node.names if not _is_module(file, node.module, alias.name)}
        elif isinstance(node, ast.Assign):
            targets = {item.id for target in node.targets for item in ast.walk(target) if isinstance(item, ast.Name)}
            if "__all__" in targets:
                return set(ast.literal_eval(node.value))
            names |= targets
    return {name for name in names if not name.startswith("_")}


def _is_module(file, package, name):
    """Whether `from package import name` in `file` is of a module; in the package, a function of the same name hides it."""
    home = _source(package)
    return _source(f"{package}.{name}") is not None and (home == file or name not in _exports(home))


def is_module(path):
    """Whether `path` is a module that is offered."""
    return path in offered()


def missing(path):
    """The part of `path` that is not here: `"layers.STFT"`, or None. What follows a class or a function is its own affair.

    >>> missing("layers.Dense.build"), missing("applications.resnet.ResNet50")
    (None, 'applications')
    """
    here = ""
    for name in path.split(".") if path else []:
        if name not in offered()[here]:
            return f"{here}.{name}".lstrip(".")
        here = f"{here}.{name}".lstrip(".")
        if not is_module(here):
            return None
    return None


def advice(path):
    """What to write instead of the missing `path`."""
    if text := substitute(path):
        return text
    module, _, name = path.rpartition(".")
    close = difflib.get_close_matches(name, offered().get(module, ()), n=1)
    return f"did you mean {f'{module}.{close[0]}'.lstrip('.')}?" if close else "no library of today has it"


def left_out():
    """[(path, what to write instead)] of what is not here, sorted; of a module that is, for all the rest of it.

    >>> [text for path, text in left_out() if path == "tree"]
    ['tf.nest']
    """
    return [(path, text) for path, text in told() if missing(path) or is_module(path)]
