"""Our numbers beside those of Keras: the only module that imports Keras, and only when one of its functions runs.

`compare` is for a layer of your own and the Keras layer it should equal. `check_row` is for the tables of this
project; rows are data (see rows.py), and every row is compared in the same way:

    the same weights in number, order, shape and first values; then random values copied to both sides;
    three times: outputs, masks, losses, the gradient of each input and weight, a step of SGD, all weights after it;
    the config, and the way from either side's config to the other side's layer.

The gradients are those of the scalar in scalar.py. Beside an older Keras, see older_keras.py.
"""

import contextlib
import functools
import inspect
import random
import re
import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from engine import dtypes, hints, optimizers
from engine.core.layer import Layer
from engine.study import rows
from engine.study.compared_configs import compare_configs
from engine.study.differences import Comparison, ParityError
from engine.study.older_keras import NotInKeras, is_older
from engine.study.rows import part, row
from engine.study.scalar import dense, scalar

__all__ = ["NotInKeras", "check_row", "compare", "part", "row"]

_RATE = 0.01  # of the three steps of SGD
_TOLERANCES = {"float64": 1e-10, "float32": 1e-4}  # others: 1e-2


class _Ours:
    """How this side is asked."""

    library = staticmethod(rows.ours)
    as_far_as_it_goes = contextlib.nullcontext

    @staticmethod
    def optimizer():
        return optimizers.SGD(_RATE)


class _Theirs:
    """How Keras is asked."""

    @staticmethod
    def library(module):
        import keras

        return functools.reduce(getattr, module.split("."), keras)

    @staticmethod
    def optimizer():
        import keras

        return keras.optimizers.SGD(_RATE)

    @staticmethod
    @contextlib.contextmanager
    def as_far_as_it_goes(row):
        """Errors of an older Keras say that it cannot do what `row` asks."""
        import keras

        try:
            yield
        except Exception as error:  # of many kinds: arguments that came later, mistakes that were mended later
            if not is_older(keras.__version__):
                raise
            raise NotInKeras(f"Keras {keras.__version__} cannot do {row.id}: {' '.join(str(error).split())[:200]}") from error


_SIDES = (_Ours, _Theirs)


# ---- a layer of your own ----------------------------------------------------------------------


def compare(ours: Layer, theirs: Any, x: hints.Nest, *, call: dict[str, Any] | None = None, training: bool = False,
            tolerance: float | None = None, seed: int = 0) -> Comparison:  # fmt: skip
    """A table of the differences between a layer of yours and a Keras layer with the same weights.

    Compares the weights' shapes, the outputs, the losses, the gradients of inputs and weights, and the state
    after the call. Both layers are built if need be; the Keras layer computes with the weights of yours; at the
    end all variables have their values back.

    Arguments: `ours`, `theirs`, the layers; `x`, an array, tensor or nest of them; `call`, further arguments of
    the call; `training`, the flag; `tolerance`, relative (1e-10 in float64, 1e-4 in float32, else 1e-2);
    `seed` of the cotangent.
    Returns a Comparison: print it, ask `ok`, or call `raise_if_different()`.

    >>> import keras
    >>> from engine.study import compare
    >>> from layers import Dense
    >>> found = compare(Dense(4, activation="tanh"), keras.layers.Dense(4, activation="tanh"), tf.ones((2, 3)))
    >>> found.ok, found.largest("gradient") < 1e-4
    (True, True)
    """
    tolerance = tolerance or _TOLERANCES.get(ours.compute_dtype, 1e-2)
    x, call = tf.nest.map_structure(lambda item: _as_input(item, ours.compute_dtype), (x, call or {}))
    call = {"training": training, **call}
    comparison = Comparison(f"{ours._title} and {type(theirs).__name__} of Keras")
    for layer in (ours, theirs):
        if not layer.built:
            layer(x, **{**call, "training": False})
    _compare_weights(comparison, ours, theirs, tolerance, values=False)
    if not comparison.ok:
        return comparison
    before = [(variable, variable.numpy()) for layer in (ours, theirs) for variable in layer.variables]
    try:
        theirs.set_weights(ours.get_weights())
        results = [_measure(side, layer, x, call, seed)[0] for side, layer in zip(_SIDES, (ours, theirs))]
        _compare_results(comparison, ours, *results, tolerance=tolerance)
    finally:
        for variable, value in before:
            variable.assign(value)
    return comparison


def keras_layer(name, dtype, arguments):
    """The Keras layer of that name; a ValueError where there is none."""
    library = _Theirs.library("layers")
    if not hasattr(library, name):
        raise ValueError(f"Keras has no layer {name!r}. Say which one yours should equal, and its arguments: --keras Dense units=4")
    if needed := required_arguments(getattr(library, name), arguments):
        raise ValueError(f"{name} of Keras needs arguments: --keras {name} {' '.join(f'{word}=VALUE' for word in needed)}")
    return getattr(library, name)(**{"dtype": dtype, **arguments})


def required_arguments(cls, given):
    """Names of the arguments without which `cls(**given)` cannot be made."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in usual and p.default is p.empty and p.name not in given]


def _as_input(item, dtype):
    if isinstance(item, (bool, str, type(None))):
        return item
    tensor = tf.convert_to_tensor(item)
    return tf.cast(tensor, dtype) if tensor.dtype.is_floating else tensor


# ---- the tables of this project ---------------------------------------------------------------


def check_row(row):
    """Do all that `row` asks for; the Comparison with every measured difference, or a ParityError with the first.

    Errors: NotInKeras where the installed Keras is older than what is compared.
    """
    comparison = Comparison(row.id, row.leave_out)
    with _float64():
        if row.raises is not None:
            _check_error(row)
            return comparison
        layers = [_make(side, row) for side in _SIDES]
        ours, theirs = layers
        _compare_weights(comparison, ours, theirs, row.rtol, values=not _is_older())  # how weights start has changed
        comparison.add("trainable weights", len(ours.trainable_weights), len(theirs.trainable_weights), 0)
        comparison.raise_if_different()
        values = row.random_weights(ours)
        for layer in layers:
            layer.set_weights(values)
        getattr(theirs, "finalize_state", lambda: None)()  # preprocessing layers of Keras copy their weights
        steppers = [side.optimizer() for side in _SIDES]
        for number in range(3):
            results = []
            for side, layer, stepper in zip(_SIDES, layers, steppers):
                with side.as_far_as_it_goes(row):
                    result, pairs = _measure(side, layer, *row.inputs(number), row.seed)
                if pairs:
                    with _plain_operations():
                        stepper.apply_gradients(pairs)
                results.append(result | {"after": layer.get_weights()})
            _compare_results(comparison, ours, *results, row.rtol, f"call {number + 1}: ")
            comparison.raise_if_different()
        if "config" not in row.leave_out:
            compare_configs(comparison, ours, theirs, _is_older())
    comparison.raise_if_different()
    return comparison


@contextlib.contextmanager
def _float64():
    """Both sides in float64, and Python's random stream left as it was found."""
    import keras

    before = dtypes.floatx(), dtypes.policy(), keras.config.floatx(), keras.config.dtype_policy(), random.getstate()
    dtypes.set_floatx("float64")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        dtypes.set_floatx(before[0])
        dtypes.set_policy(before[1])
        keras.config.set_floatx(before[2])
        keras.config.set_dtype_policy(before[3])
        random.setstate(before[4])


@contextlib.contextmanager
def _plain_operations():
    """Eager functions: to trace an update for three steps costs more than the steps."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _make(side, row):
    """The layer of one side, built by a first call. The same global seed, so that first weights can be compared."""
    random.seed(row.seed)
    with warnings.catch_warnings(), side.as_far_as_it_goes(row):
        warnings.simplefilter("ignore" if side is _Theirs else "error", UserWarning)
        layer = row.make(side.library)
        x, call = row.inputs()
        layer(x, **call)
    return layer


def _check_error(row):
    try:
        layer = row.make()
        if row.x is not None:
            x, call = row.inputs()
            layer(x, **call)
    except (TypeError, ValueError) as error:
        if not re.search(row.raises, str(error)):
            raise ParityError(f"{row.id}: expected an error that says {row.raises!r}, received {error}") from error
    else:
        raise ParityError(f"{row.id}: expected an error that says {row.raises!r}, and nothing was raised")


# ---- one call, measured -----------------------------------------------------------------------


def _measure(side, layer, x, call, seed):
    """(results by kind, pairs for an optimizer) of one call of one side."""
    watched = [item for item in tf.nest.flatten((x, call)) if isinstance(item, tf.Tensor) and item.dtype.is_floating]
    weights = layer.trainable_weights
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = tf.nest.flatten(layer(x, **call))
        losses = [tf.convert_to_tensor(loss) for loss in layer.losses]
        target = scalar(outputs, losses, seed)
    raw = [weight if isinstance(weight, tf.Variable) else weight.value for weight in weights]
    found = dense(tape.gradient(target, watched + raw)) if target is not None else [None] * len(watched + raw)
    gradients = found[len(watched) :]
    results = {
        "outputs": _arrays(outputs),
        "masks": _arrays([getattr(output, "_keras_mask", None) for output in outputs]),
        "losses": _arrays(losses),
        "input gradients": _arrays(found[: len(watched)]),
        "weight gradients": _arrays(gradients),
        "after": layer.get_weights(),
    }
    return results, [(gradient, weight) for gradient, weight in zip(gradients, weights) if gradient is not None]


def _arrays(items):
    return [np.asarray(item) if isinstance(item, tf.Tensor) else item for item in items]


# ---- two sides, compared ----------------------------------------------------------------------


def _compare_weights(comparison, layer, theirs, tolerance, values=True):
    """The weights of two layers, in order: first values, or shapes alone."""
    own, other = layer.get_weights(), theirs.get_weights()
    comparison.add("number of weights", len(own), len(other), 0)
    for (path, _, _), one, two in zip(layer.named_weights(), own, other):
        if values:
            comparison.add(f"first value of {path}", one, two, tolerance)
        else:
            comparison.add(f"shape of {path}", one.shape, two.shape, 0)


def _compare_results(comparison, layer, ours, theirs, tolerance, prefix=""):
    """Add the differences of two results of `_measure`."""
    weights = layer.named_weights()
    by_path = {
        "weight gradients": [f"gradient of {path}" for path, _, trainable in weights if trainable],
        "after": [f"{path} afterwards" for path, _, _ in weights],
    }
    by_index = {"outputs": "output", "masks": "mask", "losses": "loss", "input gradients": "gradient of input"}
    for kind, values in ours.items():
        if len(values) != len(theirs[kind]):
            comparison.add(f"{prefix}number of {kind}", len(values), len(theirs[kind]), 0)
            continue
        for index, (one, other) in enumerate(zip(values, theirs[kind])):
            label = by_path[kind][index] if kind in by_path else f"{by_index[kind]} {index}"
            comparison.add(prefix + label, one, other, tolerance)


def _is_older():
    import keras

    return is_older(keras.__version__)
