"""`as_traced()`: TensorFlow runs functions as they were traced, without looking for a better graph first."""

import contextlib
import functools

import tensorflow as tf
from tensorflow.python.eager import context


@contextlib.contextmanager
def as_traced():
    """Within the block; for functions that are to run a few times.

    What TensorFlow's graph optimizer does takes longer than the rest of a first run, and more than in proportion: of
    an update by Adam 3 ms for each variable where there are 50 of them, and 7 where there are 1,400, in place of 1 and 2.

    There is a public switch, but for the whole process, and to turn it takes longer than a small step.
    """
    place = context.context()
    before = place.function_call_options
    place.function_call_options = _not_optimized(before.executor_type, before.config_proto_serialized)
    try:
        yield
    finally:
        place.function_call_options = before


@functools.lru_cache
def _not_optimized(executor, settings):
    config = tf.compat.v1.ConfigProto.FromString(settings)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return context.FunctionCallOptions(executor, config)
