"""Run a model without leaving a trace: weights, random state, metrics and slots have their values back afterwards."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context as eager_context
from tensorflow.python.ops import stateful_random_ops

from engine.core import context
from engine.core.model import CoreModel
from engine.state import state_of


@contextlib.contextmanager
def unchanged(model: CoreModel) -> Iterator[None]:
    """Inside the block a model may run, also in training mode; at its end all its state is as it was, bit for bit.

    Metrics that the block has made, by `add_metric`, start at zero, and so do the states of recurrent layers.

    >>> from engine import Sequential
    >>> from engine.study import unchanged
    >>> from layers import BatchNormalization
    >>> model = Sequential([BatchNormalization(input_shape=(2,))])
    >>> with unchanged(model):
    ...     outputs = model(tf.ones((4, 2)), training=True)  # moves the averages
    >>> model.layers[0].moving_mean.numpy()
    array([0., 0.], dtype=float32)
    """
    variables = [variable for variable, _ in state_of(model).values()]
    before = [variable.read_value() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before):
            variable.assign(value)
        known, terms = set(map(id, variables)), getattr(model, "_term_tracker", None)
        for variable, kind in state_of(model).values():
            if kind == "kept" and id(variable) not in known:
                variable.assign(tf.zeros_like(variable))
        for metric in [*model.metrics, *([terms] if terms is not None else [])]:
            if any(id(variable) not in known for variable in metric.variables):
                metric.reset_state()
        model._clear_losses()


@contextlib.contextmanager
def dice_kept():
    """Afterwards the random numbers of Python, NumPy and TensorFlow go on as if none had been drawn inside the block.

    Inside, Python and NumPy draw what they would draw anyway. Those of tf.random are others: each of TensorFlow's kernels counts
    how often it has drawn with its seeds, and does not count back.
    """
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with _stream_apart(random.Random(hash(of_python)).getrandbits(31)):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


@contextlib.contextmanager
def _stream_apart(seed):
    """Inside the block tf.random draws from another seed; and the global generator has its state back. There is no public name."""
    tensorflow, generator = eager_context.context(), stateful_random_ops.global_generator
    stream, global_seed = vars(tensorflow).get("_rng"), tensorflow._seed
    state = None if generator is None else generator.state.read_value()
    tensorflow._seed, tensorflow._rng = seed, random.Random(seed)
    try:
        yield
    finally:
        tensorflow._seed, tensorflow._rng = global_seed, stream
        if stream is None:  # nobody has set a seed yet
            del tensorflow._rng
        if state is not None:
            generator.state.assign(state)


@contextlib.contextmanager
def losses_kept(layer):
    """Inside the block `layer` may be traced in a graph that is thrown away: who observes does not see it, and then
    the values of add_loss come back."""
    before = {inner: list(context.state.losses.get(inner, ())) for _, inner in layer.named_layers()}
    observers, context.state.observers = context.state.observers, ()
    try:
        yield
    finally:
        context.state.observers = observers
        context.state.losses.update(before)


class observe:
    """Within `with observe(function):` each layer call ends with `function(layer, args, kwargs, outputs)`."""

    def __init__(self, observer):
        self.observer = observer

    def __enter__(self):
        self.before = context.state.observers
        context.state.observers = (*self.before, self.observer)

    def __exit__(self, *_):
        context.state.observers = self.before
