"""Every row of this folder, measured by one yardstick: for each family, (name, Comparison, reason) row by row.

The tests ask whether the numbers are near enough; docs/parity.md wants to know how near. See write_page.py.
"""

import contextlib
import functools

import keras
import numpy as np
import tensorflow as tf
import test_layers
import test_losses
import test_metrics
import test_optimizers
import test_parts

import layers
from engine import activations, dtypes, metrics
from engine.optimizers import schedules
from engine.study.differences import Comparison
from engine.study.parity import check_row
from losses.ground.lookup import snake_case

CLOSE = 1e-10  # a larger difference needs a reason
SINGLE = "Keras computes in float32 here, whatever the dtype"
# Those of layers are in their rows.
REASONS = {
    **dict.fromkeys(("LogCosh", "log_cosh", "LogCoshError"), "Keras rounds log 2 to float32"),
    **dict.fromkeys(("IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"), SINGLE),
}


@contextlib.contextmanager
def in_float64():
    """For what follows the default float dtype."""
    for module in (keras.config, dtypes):
        module.set_floatx("float64")
    try:
        yield
    finally:
        for module in (keras.config, dtypes):
            module.set_floatx("float32")


def compared(name, ours, theirs, gradients=True):
    """A row: two lists of arrays compared; with `gradients`, all but the first are gradients."""
    comparison = Comparison(name)
    for index, (mine, reference) in enumerate(zip(ours, theirs, strict=True)):
        label = f"gradient {index}" if gradients and index else f"output {index}"
        comparison.add(label, np.asarray(mine), np.asarray(reference), CLOSE)
    return name, comparison, REASONS.get(name)


def of_layers():
    for row in test_layers.ROWS:
        if row.raises is None:
            yield row.part.name, check_row(row), row.why
    for row in test_layers.MERGING:
        yield compared(row.part.name.lower(), *(test_layers.merged(library, row) for library in (layers, keras.layers)))


def of_losses():
    for name, arguments, data, shape, _, function in (item.values for item in test_losses.ROWS):
        yield compared(name, *test_losses.of_classes(name, arguments, data, shape))
        yield compared(snake_case(name), *test_losses.of_functions(name, arguments, data, shape, function))


def of_metrics():
    """State and result after each batch."""
    with in_float64():
        for name, *row, _ in (item.values for item in test_metrics.ROWS):
            pairs = test_metrics.state_and_result_after_each_batch(name, *row)
            yield compared(name, *zip(*pairs), gradients=False)
        for name, data in test_metrics.FUNCTIONS.items():
            for shape in (test_metrics.TWO, test_metrics.THREE):
                arrays = test_metrics.make(data, shape, 0)
                yield compared(name, *([getattr(side, name)(*arrays)] for side in (metrics, keras.metrics)))
        for k in test_metrics.K:
            ours, theirs = (test_metrics.top_k_results(side, k) for side in (metrics, keras.metrics))
            for name, result in ours.items():
                yield compared(name, *([np.asarray(each, "float64")] for each in (result, theirs[name])))


def of_optimizers():
    """All weights and slots after each step."""
    with in_float64():
        for name, arguments in (item.values for item in test_optimizers.ROWS):
            expected, received, variables = test_optimizers.histories(name, arguments)
            ends = np.cumsum([int(np.prod(variable.shape)) for variable in variables])[:-1]
            columns = (np.split(history, ends, axis=1) for history in (received, expected))
            yield compared(name, *columns, gradients=False)


def of_schedules():
    with in_float64():
        for name, arguments in (item.values for item in test_optimizers.SCHEDULES):
            cls = getattr(keras.optimizers.schedules, name)
            pair = getattr(schedules, name)(**arguments), cls(**test_optimizers.with_defaults(cls, arguments))
            steps = [tf.constant(step, tf.int64) for step in test_optimizers.SCHEDULE_STEPS]
            yield compared(name, *(list(map(schedule, steps)) for schedule in pair), gradients=False)


def of_initializers():
    rows = [(name, arguments, [shape]) for name, arguments, shape in test_parts.FIXED]
    rows += [(name, arguments, test_parts.shapes_for(name, arguments)) for name, arguments in test_parts.SEEDED]
    for name, arguments, shapes in rows:
        sides = test_parts.both("initializers", name, arguments)
        yield compared(name, *([side(shape, "float64") for shape in shapes] for side in sides), gradients=False)


def of_regularizers():
    for name, arguments in test_parts.REGULARIZERS:
        yield value_and_gradient(name, test_parts.both_regularizers(name, arguments), test_parts.inputs((3, 5)))


def of_constraints():
    for name, arguments in test_parts.CONSTRAINTS:
        yield value_and_gradient(name, test_parts.both("constraints", name, arguments), test_parts.inputs((3, 5)))


def of_activations():
    for name, arguments in test_parts.ACTIVATIONS:
        sides = [functools.partial(getattr(module, name), **arguments) for module in (activations, keras.activations)]
        yield value_and_gradient(name, sides, test_parts.inputs())


def value_and_gradient(name, sides, x):
    return compared(name, *(test_parts.value_and_gradient(side, x) for side in sides))
