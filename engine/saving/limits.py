"""What it may cost to turn a file into a model: memory and work, in one account for the whole load.

Memory: as many bytes for variables as the file has data for, and some for objects. Work: so many calls of layers, operations,
loops and variables as the length of the description allows. Layers inside models count each time they are called; what
a loop or a metric takes is counted before it is begun (engine/small_parts/account.py).
"""

import contextlib
import functools
import weakref

import tensorflow as tf

from engine.core import context, symbolic
from engine.small_parts.account import Account, opened, spend

_MEMORY = 12 << 20  # bytes for what has no data in the file: layers, metrics, counters
_STEPS = 1200  # of about a millisecond
_BYTES_PER_STEP = 200  # of a description; an honest layer takes 500 and more
_OPERATIONS_PER_STEP = 8  # in a graph, made by a call
_VARIABLE = 4000  # bytes that a variable takes beside its values


@contextlib.contextmanager
def limited(memory, description, zeros=True):
    """Within this, what is made from `description` (a text) may take `memory` bytes for weights; they start as zeros."""
    account = Account(memory + _MEMORY + len(description), _STEPS + len(description) // _BYTES_PER_STEP)
    create = functools.partial(_create, zeros)
    with opened(account), tf.variable_creator_scope(create), _watched(_calls_counted()):
        yield


@contextlib.contextmanager
def _watched(observer):
    before = context.state.observers
    context.state.observers = (*before, observer)
    try:
        yield
    finally:
        context.state.observers = before


def _calls_counted():
    """An observer of calls that takes from the account one step for each, and one for every few operations it made."""
    seen = weakref.WeakKeyDictionary()  # operations of each graph that are paid for

    def observer(layer, args, kwargs, outputs):
        graph = tf.compat.v1.get_default_graph()
        made, seen[graph] = graph.version - seen.get(graph, 0), graph.version
        spend(f"a call of {layer._title}", steps=1 + made // _OPERATIONS_PER_STEP)

    return observer


def _create(zeros, next_creator, **arguments):
    spend("a variable", steps=1)
    shape, dtype, first = arguments.get("shape"), arguments.get("dtype"), arguments.get("initial_value")
    if callable(first):
        if shape is None:  # the sums of metrics, the slots of optimizers
            spend("a variable", memory=_VARIABLE)
            value = symbolic.infer(lambda: tf.convert_to_tensor(first()), (), {})
            shape, dtype = value.shape, value.dtype
        shape, dtype = tf.TensorShape(shape), tf.as_dtype(dtype)
        spend(f"a weight of shape {tuple(shape)}, for which it has no data,", memory=dtype.size * shape.num_elements())
        if zeros and arguments.get("shape") is not None:
            arguments["initial_value"] = functools.partial(tf.zeros, shape, dtype)
    return next_creator(**arguments)
