"""Which public names there are, and on which page of the site each is: read from the source, nothing is imported."""

import ast
import functools
import pathlib
import re
from collections import namedtuple

import griffe

ROOT = pathlib.Path(__file__).parents[2]
PACKAGES = ("losses", "engine", "layers")

Name = namedtuple("Name", "path also item")  # where programs find it; its other names there; what griffe knows of it
Page = namedtuple("Page", "uri title module names")

# Pages: {title: modules, each with those of its names that are meant, or all that are public}
FIRST = {"Models and layers": ["engine", "engine.core.symbolic: Symbol"]}
# Pages of the layers: {title: (what a layer's module begins with)}. A module that is not named here is on the first.
LAYERS = {
    "Basic layers": (),
    "Convolution": ("conv",),
    "Pooling": ("pooling",),
    "Normalization": ("normalization",),
    "Dropout and noise": ("dropout", "noise"),
    "Recurrent layers": ("recurrent",),
    "Attention": ("attention",),
    "Merging": ("merging",),
    "Shapes: reshape, pad, upsample": ("reshaping", "padding", "upsampling"),
    "Preparing data, text": ("preprocessing", "text"),
    "Augmentation": ("augmentation",),
}
LAYER_MODULES = ["layers", "layers.text.vocabulary: VocabularyLayer", "layers.text.encoding: encode"]
# All other pages, as FIRST
OTHERS = {
    "Losses": ["losses"],
    "Metrics": ["engine.metrics"],
    "Optimizers": ["engine.optimizers"],
    "Learning-rate schedules": ["engine.optimizers.schedules"],
    "Callbacks": ["engine.callbacks"],
    "Activations": ["engine.activations"],
    "Initializers": ["engine.initializers"],
    "Regularizers": ["engine.regularizers"],
    "Constraints": ["engine.constraints"],
    "Study": ["engine.study", "engine.study.inspect_step: Step", "engine.study.parity: check_row part row"],
    "Files": ["engine.saving"],
    "Data sets": ["engine.datasets"],
    "Dtypes and random numbers": ["engine.dtypes", "engine.random: SeedGenerator draw_seed"],
    "Several devices": ["engine.distribute.place: scope", "engine.distribute.workers: launch"],
    "Errors": ["engine.guards.nan_guard: NonFiniteError", "engine.saving: FileError CheckpointError",
               "engine.datasets: DatasetError", "engine.distribute.cluster: WorkerError"],
    "Utilities": ["engine.utils", "engine.utils.text", "engine.utils.image_generator", "engine.configs.layer_config: get_layer"],
    "Data sets under Keras's names": [f"engine.utils.datasets.{name}" for name in (
        "mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "boston_housing", "california_housing")],
    "Random numbers under Keras's names": ["engine.utils.draws"],
    "Backend: TensorFlow under older names": ["engine.utils.backend"],
    "Porting": ["engine.port"],
}  # fmt: skip


@functools.cache
def source():
    """All packages, as griffe reads them."""
    loader = griffe.GriffeLoader(search_paths=[str(ROOT)], allow_inspection=False)
    for package in PACKAGES:
        loader.load(package)
    loader.resolve_aliases(implicit=True, external=False)
    return loader.modules_collection


def read_anew():
    """Forget what was read of the source."""
    for function in (source, assigned, pages):
        function.cache_clear()


@functools.cache
def assigned(path):
    """{name: what it is another name of} for `a = b` and `a, b = c, d` at the top of a module."""
    found = {}
    for node in ast.parse(source()[path].filepath.read_text(encoding="utf-8")).body:
        for target in node.targets if isinstance(node, ast.Assign) else []:
            pairs = zip(target.elts, node.value.elts) if isinstance(target, ast.Tuple) else [(target, node.value)]
            found.update({ast.unparse(name): ast.unparse(value) for name, value in pairs})
    return found


def resolved(path, name):
    """The class or function behind a name of a module: through imports and through `Other = This`. None: it is neither."""
    if path.split(".")[0] not in PACKAGES:  # of another project
        return None
    item = source()[path].members.get(name)
    if item is not None and item.is_alias:
        return resolved(*item.target_path.rpartition(".")[::2])
    if item is not None and (item.is_class or item.is_function):
        return item
    if item is not None and item.is_module:  # one that is named for what is in it
        return resolved(item.path, name)
    return resolved(path, assigned(path)[name]) if name in assigned(path) else None


def public(module):
    """The names that a module offers: its `__all__`, else all classes and functions but those of the ground."""
    if module.exports is not None:
        return [str(name) for name in module.exports]
    taken = module.imports  # over a submodule of the same name too
    inside = [name for name, item in module.members.items() if item.is_alias or not item.is_module or name in taken]
    found = {name: resolved(module.path, name) for name in [*inside, *assigned(module.path)] if not name.startswith("_")}
    return [name for name, item in found.items() if item is not None and not item.path.startswith("losses.ground")]


def names_of(entry):
    """The Names of "module", or of "module: some of its names"; other names of one thing are put together."""
    path, _, chosen = entry.partition(": ")
    module, by_target = source()[path], {}
    for name in chosen.split() or public(module):
        item = resolved(path, name)
        if item is not None:
            by_target.setdefault(item.path, (item, []))[1].append(name)
    for item, names in by_target.values():
        first = item.name if item.name in names else names[0]
        shown = item.path if source()[f"{path}.{first}"].is_module else f"{path}.{first}"
        yield Name(shown, [name for name in names if name != first], item)


def belongs(item, title):
    """Whether a layer is of this page; all else is where its module is asked for."""
    if title not in LAYERS:
        return True
    parts = item.path.split(".")
    return title == next((page for page, starts in LAYERS.items() if parts[1] in starts), next(iter(LAYERS)))


@functools.cache
def pages():
    """All Pages of the reference, in order. A name is on the first page that asks for it."""
    seen, made = set(), []
    for title, entries in {**FIRST, **dict.fromkeys(LAYERS, LAYER_MODULES), **OTHERS}.items():
        names = [name for entry in entries for name in names_of(entry)]
        names = [name for name in names if name.item.path not in seen and belongs(name.item, title)]
        seen.update(name.item.path for name in names)
        uri = "reference/" + re.sub(r"\W+", "-", title.lower()).strip("-") + ".md"
        made.append(Page(uri, title, entries[0].partition(":")[0], sorted(names, key=lambda name: name.path.rpartition(".")[2])))
    return made
