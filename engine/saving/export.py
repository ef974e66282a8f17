"""A model for serving: a SavedModel, which TensorFlow runs without this project."""

import contextlib
import errno
import os

import tensorflow as tf

from engine.core import symbolic, tracking
from engine.functional.binding import kind_of
from engine.saving import disk
from engine.saving.contents import weights_of
from engine.unbuilt import known_inputs

_TABLES = (tf.lookup.StaticHashTable, tf.lookup.experimental.MutableHashTable)

_MAIN = "saved_model.pb"
_NUMBERS = {  # of an OSError, for the errors that TensorFlow has for files
    tf.errors.NotFoundError: errno.ENOENT, tf.errors.PermissionDeniedError: errno.EACCES, tf.errors.ResourceExhaustedError: errno.ENOSPC,
    tf.errors.FailedPreconditionError: errno.ENOTDIR, tf.errors.UnknownError: errno.EIO, tf.errors.DataLossError: errno.EIO,
    tf.errors.OutOfRangeError: errno.EFBIG,
}  # fmt: skip


def export(model, filepath, format="tf_saved_model", input_signature=None):
    """Write a SavedModel of `model` into the directory `filepath`: what `predict` computes, for any number of rows.

    `tf.saved_model.load(filepath).serve(x)` runs it, and so does its signature `serving_default`, which takes the inputs by
    name (`inputs` if there is one and it has no name of its own) and returns a dict: `outputs`, the keys of the model's
    dict, or `output_0`, `output_1` ...

    `format`: "tf_saved_model" is the one that is written; TensorFlow's own converters take it further, to TensorFlow Lite or ONNX.
    `input_signature`: a tf.TensorSpec, or a list or dict of them; None: the model's Inputs, or what it was first
    called on.
    Errors: ValueError for another format, and for a model that is not built or never saw an input.

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from engine import Sequential
    >>> from layers import Dense
    >>> model = Sequential([Dense(2, input_shape=(3,))])
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     export(model, directory)
    ...     served = tf.saved_model.load(directory)
    >>> served.serve(tf.ones((5, 3))).shape
    TensorShape([5, 2])
    """
    if format != "tf_saved_model":
        raise ValueError(f'export: format is "tf_saved_model", received {format!r}. Export that, and convert it with '
                         "tf.lite.TFLiteConverter.from_saved_model, tf2onnx or the like.")  # fmt: skip
    weights_of(model, "export")
    specs = _specs(model) if input_signature is None else input_signature
    module = tf.Module()
    module.state = [*model.variables, *(thing for _, layer in model.named_layers() for thing in used_by(layer))]  # what they read
    module.serve, signature = functions(model, specs)
    path = os.path.abspath(os.fspath(filepath))
    with failing(path, os.path.join(path, _MAIN)), disk.filled(path, last=_MAIN) as unfinished:
        tf.saved_model.save(module, unfinished, signatures={"serving_default": signature})


@contextlib.contextmanager
def failing(path, main):
    """An error in the block says that `path`, whose file `main` is there if anything is, was not saved. TensorFlow has its own errors."""
    try:
        yield
    except (OSError, *_NUMBERS) as error:
        if isinstance(error, tf.errors.OpError):
            error = OSError(_NUMBERS[type(error)], error.message)
        raise disk.failed(error, path, disk.what_is_there(main)) from error


def functions(model, specs=None):
    """What `model` computes, as a function of its inputs in their order, and as one of their names that gives a dict."""
    specs = _specs(model) if specs is None else specs
    flat, names = tf.nest.flatten(specs), _names(model, specs)

    def serve(*tensors):
        return model(tf.nest.pack_sequence_as(specs, tensors), training=False)

    def by_name(**tensors):
        return _as_dict(serve(*(tensors[name] for name in names)))

    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in zip(names, flat)}
    signature = tf.function(by_name, autograph=False).get_concrete_function(**named)
    return tf.function(serve, autograph=False, input_signature=flat), signature


def used_by(layer):
    """What a call of `layer` reads beside its weights: states that it keeps, and TensorFlow's tables."""
    states = [child for _, child in tracking.children(layer, all_used=True) if isinstance(child, tf.Variable)]
    return [*states, *(item for item in vars(layer).values() if isinstance(item, _TABLES))]


def knows_inputs(model):
    """Whether inputs were declared, or it was called on some."""
    return _declared(model) is not None


def _declared(model):
    return model._structure if model._structure is not None else known_inputs(model)


def _specs(model):
    """The inputs as a nest of TensorSpec with any number of rows."""
    declared = _declared(model)
    if declared is None:
        raise ValueError(f"{model._title} does not know its inputs. Call it on a batch once, or pass input_signature=.")
    kinds = {kind_of(item) for item in tf.nest.flatten(declared)}
    if kinds - {"dense"}:
        raise ValueError(f"{model._title} has a {', '.join(kinds - {'dense'})} input; what is served takes dense tensors. Export a "
                         "model that begins with a dense Input and makes of it what this one takes.")  # fmt: skip
    return tf.nest.map_structure(lambda item: tf.TensorSpec([None, *item.shape[1:]], item.dtype), declared)


def _names(model, specs):
    flat = tf.nest.flatten(specs)
    if isinstance(specs, dict) and len(specs) == len(flat):
        return sorted(specs)
    symbols = symbolic.symbols_in(model._structure)
    if len(symbols) == len(flat):
        return [symbol.node.operation.name for symbol in symbols]
    return [spec.name or ("inputs" if len(flat) == 1 else f"input_{index}") for index, spec in enumerate(flat)]


def _as_dict(outputs):
    flat = tf.nest.flatten(outputs)
    if isinstance(outputs, dict) and len(outputs) == len(flat):
        return outputs
    return {"outputs": flat[0]} if len(flat) == 1 else {f"output_{index}": item for index, item in enumerate(flat)}
