"""What it may cost to turn a file into a model: memory and work, in one account for the whole load.

Memory: as many bytes for variables as the file has data for. Work: so many calls of layers, steps of unrolled loops and
variables as the length of the description allows. Layers inside models count each time they are called.
"""

import contextlib
import functools

import tensorflow as tf

from engine.core import context, symbolic
from engine.small_parts.account import Account, opened, spend

_MEMORY = 12 << 20  # bytes for what has no data in the file: layers, metrics, counters
_STEPS = 1000  # of about a millisecond
_BYTES_PER_STEP = 200  # of a description; an honest layer takes 500 and more

_VARIABLE = 4000  # bytes that a variable takes beside its values


@contextlib.contextmanager
def limited(memory, description, zeros=True):
    """Within this, what is made from `description` (a text) may take `memory` bytes for weights; they start as zeros."""
    account = Account(memory + _MEMORY + len(description), _STEPS + len(description) // _BYTES_PER_STEP)
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
    spend("a variable", steps=1)
    shape, dtype, first = arguments.get("shape"), arguments.get("dtype"), arguments.get("initial_value")
    if callable(first):
        if shape is None:  # the sums of metrics, the slots of optimizers
            spend("a variable", memory=_VARIABLE)
            value = symbolic.infer(first, (), {})
            shape, dtype = value.shape, value.dtype
        shape, dtype = tf.TensorShape(shape), tf.as_dtype(dtype)
        spend(f"a weight of shape {tuple(shape)}, for which it has no data,", memory=dtype.size * shape.num_elements())
        if zeros and arguments.get("shape") is not None:
            arguments["initial_value"] = functools.partial(tf.zeros, shape, dtype)
    return next_creator(**arguments)
