"""How older code spells things, and what it means: tutorials for TensorFlow 1 and 2 run as they are written.

| older code                                       | today                                              |
|--------------------------------------------------|----------------------------------------------------|
| `add_weight("w", (3,), dtype, "ones")`           | `add_weight((3,), "ones", dtype, name="w")`        |
| `add_weight(..., aggregation=, synchronization=)`| without them: they have no meaning here            |
| `trainable="true"`                               | `trainable=True`                                   |
| `Dense(4, input_dim=3)`, `input_shape=3`         | `input_shape=(3,)`                                 |
| `LSTM(4, input_dim=3, input_length=7)`           | `input_shape=(7, 3)`                               |
| `batch_input_shape=(5, 3)`                       | `batch_shape=(5, 3)`                               |
| `InputLayer(input_shape=(3,))`                   | `InputLayer(shape=(3,))`                           |
| `add_variable(...)`                              | `add_weight(...)`                                  |
| `layer.get_input_at(0)`, `get_output_at(0)`      | `layer.input`, `layer.output`                      |
| `layer.input_shape`, `layer.output_shape`        | `layer.input.shape`, `layer.output.shape`          |
| `layer.get_input_shape_at(0)`, `get_output_shape_at(0)` | `layer.get_input_at(0).shape`               |
| `model.input_names`, `model.output_names`        | the names of the layers in `model.inputs`, `outputs` |
| `model.submodules`                               | `model.named_layers()`                             |
| `super().__init__(self)` in a model              | `super().__init__()`                               |
| `Model(dynamic=True)`                            | `compile(run_eagerly=True)`                        |
| `Adam(lr=0.1)`, `optimizer.lr`, `history["lr"]`  | `Adam(learning_rate=0.1)`, `.learning_rate`, `["learning_rate"]` |
| `Optimizer(name="own")`, then `_learning_rate =` | `Optimizer(learning_rate, name="own")`             |
| `update_step(gradient, variable)`                | `update_step(gradient, variable, learning_rate)`   |
| `LeakyReLU(alpha=0.2)`                           | `LeakyReLU(negative_slope=0.2)`                    |
| `fit(x)` with x of shape (N,)                    | x of shape (N, 1), a column                        |
| `input_shape.as_list()` in `build`               | `list(input_shape)`                                |
| `metric.reset_states()`, also defined by a metric | `metric.reset_state()`                             |
| `LSTM(4, implementation=2)`                      | `LSTM(4)`: there is one way to compute it          |
| `cell.get_initial_state(inputs=x)`, `dtype=`     | `cell.get_initial_state(batch_size)`               |
| `model.fit_generator(batches)` and its kin       | `model.fit(batches)`                               |
| `fit(..., workers=4, use_multiprocessing=True)`  | `fit(...)`; a `PyDataset` has workers              |
| `save(path, save_format="h5")`, `summary(expand_nested=True)` and other arguments of which there is one value here | without them |
| `load_weights(path, skip_mismatch=True)`         | `load_weights(path, strict=False)`                 |
| initializers "zero", "one", "normal", "uniform"  | "zeros", "ones", "random_normal", "random_uniform" |

All else in this project knows today's spelling alone, and asks here once, at its door.
"""

import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from engine import hints
from losses.ground.configurable import unknown_argument

INITIALIZERS = {"zero": "zeros", "one": "ones", "normal": "random_normal", "uniform": "random_uniform"}

_ARGUMENTS = {"learning_rate": "lr", "negative_slope": "alpha", "shape": "input_shape", "batch_shape": "batch_input_shape"}
_SHAPE_ARGUMENTS = ("input_shape", "batch_shape", "batch_size")
_ORDER_OF_ADD_WEIGHT = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_WITHOUT_MEANING = {"aggregation", "autocast", "experimental_autocast", "partitioner", "synchronization", "use_resource"}
OF_WORKERS = ("max_queue_size", "use_multiprocessing", "workers")
OF_FORMATS = ("max_shard_size", "options", "save_format", "save_traces", "signatures", "zipped")


def argument(name, value, others):
    """The value of the argument `name`: under its older name, then taken out of the dict `others`; else `value`.

    >>> argument("learning_rate", 0.001, {"lr": 0.1})
    0.1
    """
    return others.pop(_ARGUMENTS[name], value)


def flag(value):
    """A boolean; older code writes `"true"`."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def as_shape(shape):
    """A shape as a tuple, an integer standing for one axis; None stays None."""
    return shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)


def first_shape(arguments):
    """`arguments` of a first layer with `input_shape` or `batch_shape` in place of what older code says.

    >>> first_shape({"input_dim": 3, "input_length": 7})
    {'input_shape': (7, 3), 'batch_shape': None}
    """
    found = dict(arguments)
    sizes = [found.pop(name, None) for name in ("input_length", "input_dim")]
    axes = tuple(size for size in sizes if size is not None)
    found["input_shape"] = as_shape(found.get("input_shape", axes or None))
    found["batch_shape"] = as_shape(argument("batch_shape", found.get("batch_shape"), found))
    return found


def first_layer_shape(layer, kwargs):
    """The batch shape declared by `input_shape=` or `batch_shape=`, or None. Any other argument is a TypeError."""
    given = first_shape(kwargs)
    if given.pop("dynamic", False):
        raise TypeError(f"{type(layer).__name__} takes no `dynamic=True`. Compile the model with run_eagerly=True: its layers run in Python then.")
    for name in given:
        if name not in _SHAPE_ARGUMENTS:
            raise unknown_argument(type(layer), name, _SHAPE_ARGUMENTS)
    if given["batch_shape"] is not None or given["input_shape"] is None:
        return given["batch_shape"]
    return (given.get("batch_size"), *given["input_shape"])


def without_implementation(arguments):
    """The arguments of a recurrent layer without the choice between ways of computing the same.

    >>> without_implementation({"implementation": 2, "name": "rnn"})
    {'name': 'rnn'}
    """
    return {name: value for name, value in arguments.items() if name != "implementation"}


_Method = TypeVar("_Method", bound=Callable)


def passes_over(*names: str) -> Callable[[_Method], _Method]:
    """A decorator: the method takes arguments with these names too, which have no meaning here.

    >>> class Saved:
    ...     @passes_over("save_format")
    ...     def save(self, path): return path
    >>> Saved().save("model", save_format="tf")
    'model'
    """

    def decorate(method):
        @functools.wraps(method)
        def wrapped(self, *args, **kwargs):
            return method(self, *args, **{name: value for name, value in kwargs.items() if name not in names})

        return wrapped

    return decorate  # type: ignore[return-value]  # what it returns is called as the method is


def rows_of(get_initial_state):
    """The method `get_initial_state`, so wrapped that it also takes what the batch size can be read from, and a dtype."""

    @functools.wraps(get_initial_state)
    def wrapped(self, batch_size=None, inputs=None, dtype=None):
        given = inputs if batch_size is None else batch_size
        return get_initial_state(self, tf.shape(given)[0] if len(getattr(given, "shape", ())) else given)

    return wrapped


def _over_batches(verb, *order):
    """What stood for a verb of a model where the data came from a generator: `order` are its arguments after the data."""

    def of(model):
        def call(generator, *args, **kwargs):
            return getattr(model, verb)(generator, **dict(zip(order, args)), **kwargs)

        return call if hasattr(model, verb) else getattr(model, verb)

    return of


OF_A_LAYER = {  # attributes of TensorFlow 2, unless a layer has one of its own under that name
    "input_shape": lambda layer: _shapes(layer.input),
    "output_shape": lambda layer: _shapes(layer.output),
    "get_input_shape_at": lambda layer: lambda node_index: _shapes(layer.get_input_at(node_index)),
    "get_output_shape_at": lambda layer: lambda node_index: _shapes(layer.get_output_at(node_index)),
    "input_names": lambda model: [symbol.node.operation.name for symbol in model.inputs],
    "output_names": lambda model: model._names_of(model.output),
    "submodules": lambda layer: tuple(inner for path, inner in layer.named_layers() if path),
    "fit_generator": _over_batches("fit", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data"),
    "evaluate_generator": _over_batches("evaluate", "steps", "callbacks"),
    "predict_generator": _over_batches("predict", "steps", "callbacks"),
}
GONE = {  # attributes of Keras 2 that are in no library of today: what to write
    "predict_classes": "predict(x).argmax(axis=-1), or (predict(x) > 0.5).astype('int32') of one sigmoid",
    "predict_proba": "predict(x)",
    "to_yaml": "to_json()",
    "updates": "tf.GradientTape, in a train_step of your own: variables change where they are assigned",
}


def _shapes(symbols):
    """The shape of a symbol, or a list of those of several."""
    found = [tuple(symbol.shape) for symbol in tf.nest.flatten(symbols)]
    return found[0] if len(found) == 1 else found


class Shape(tuple):
    """A shape as `build` gets it: a tuple, with the `as_list` that tutorials written for tf.TensorShape call."""

    def as_list(self):
        return list(self)


def name_first(add_weight):
    """The method `add_weight`, so wrapped that the name may come first, and the others then in TensorFlow 2's order."""
    known = {*list(inspect.signature(add_weight).parameters)[1:], *_WITHOUT_MEANING}

    @functools.wraps(add_weight)
    def wrapped(self, *args, **kwargs):
        for name in kwargs:
            if name not in known:
                raise TypeError(f"{type(self).__name__} {self.name!r}.add_weight() takes no argument {name!r}.")
        kwargs = {name: value for name, value in kwargs.items() if name not in _WITHOUT_MEANING}
        if args and isinstance(args[0], str):
            args, kwargs = (), {**dict(zip(_ORDER_OF_ADD_WEIGHT[: len(args)], args, strict=True)), **kwargs}
        return add_weight(self, *args, **kwargs)

    return wrapped


class OlderRate:
    """Base of optimizers: `optimizer.lr` is its `learning_rate`, and so is what a subclass sets as `_learning_rate`."""

    @property
    def lr(self) -> hints.Values:
        return self.learning_rate

    @lr.setter
    def lr(self, value: hints.Values) -> None:
        self.learning_rate = value

    _learning_rate = lr

    def _build_learning_rate(self, learning_rate):
        return learning_rate


class Logs(dict):
    """The numbers of a run by name; `logs["lr"]` is the learning rate.

    >>> logs = Logs(learning_rate=[0.1])
    >>> logs["lr"], list(logs)
    ([0.1], ['learning_rate'])
    """

    def __missing__(self, name):
        if name == "lr":
            return self["learning_rate"]
        raise KeyError(name)


def takes(method, name):
    """Whether a method, which a class of the user's own may have overridden, takes an argument of that name."""
    parameters = inspect.signature(method).parameters
    return name in parameters or any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values())


def takes_rate(update_step):
    """Whether a method `update_step` takes the learning rate, as its third argument."""
    return len(inspect.signature(update_step).parameters) > 2


def column(tensor, rank=None):
    """A tensor of shape (N,) as a column (N, 1), unless `rank` says that 1 is what is wanted; any other as it is."""
    is_row = isinstance(tensor, tf.Tensor) and tensor.shape.rank == 1
    return tensor[:, tf.newaxis] if is_row and rank != 1 else tensor
