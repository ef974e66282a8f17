"""What it may cost to turn a file into a model: memory and work, in one account for the whole load.

Memory: as many bytes for variables as the file has data for. Work: so many calls of layers, steps of unrolled loops and
variables as the length of the description allows. Layers inside models count each time they are called.
"""

import contextlib
import functools

import tensorflow as tf

from engine.core import context
from engine.small_parts.account import Account, opened, spend

_MEMORY = 12 << 20  # bytes for what has no data in the file: layers, metrics, counters
_STEPS = 1000  # of about a millisecond
_BYTES_PER_STEP = 100  # of a description; an honest layer takes 500 and more

_VARIABLE = 4000  # bytes that a variable takes beside its values


@contextlib.contextmanager
def limited(memory, description, zeros=True):
    """Within this, what is made from `description` (a text) may take `memory` bytes for weights; they start as zeros."""
    account = Account(memory + _MEMORY, _STEPS + len(description) // _BYTES_PER_STEP)
    create = functools.partial(_create, zeros)
    with opened(account), tf.variable_creator_scope(create), _watched(_count_call):
        yield


@contextlib.contextmanager
def _watched(observer):
    before = context.state.observers
    context.state.observers = (*before, observer)
    try:
        yield
    finally:
        context.state.observers = before


def _count_call(layer, args, kwargs, outputs):
    spend(f"a call of {layer._title}", steps=1)


def _create(zeros, next_creator, **arguments):
    shape, initial_value = arguments.get("shape"), arguments.get("initial_value")
    if shape is not None and callable(initial_value):
        shape, dtype = tf.TensorShape(shape), tf.as_dtype(arguments["dtype"])
        size = dtype.size
        for axis in shape:  # Python's integers: no overflow
            size *= axis
        spend(f"a weight of shape {tuple(shape)}, for which it has no data,", memory=size)
        if zeros:
            arguments["initial_value"] = functools.partial(tf.zeros, shape, dtype)
    spend("a variable", steps=1, memory=_VARIABLE if shape is None else 0)
    return next_creator(**arguments)
