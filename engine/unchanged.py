"""Run a model without leaving a trace: weights, random state, metrics and slots have their values back afterwards."""

import contextlib

import tensorflow as tf

from engine.core import tracking


@contextlib.contextmanager
def unchanged(model):
    """Inside the block a model may run, also in training mode; at its end all its state is as it was, bit for bit.

    Metrics that the block has made, by `add_metric`, start at zero.
    """
    terms = getattr(model, "_term_tracker", None)
    variables = tracking.unique([*model.variables, *kept_beside(model), *(terms.variables if terms is not None else [])])
    if getattr(model, "optimizer", None) is not None:
        variables += model.optimizer.variables
    before = [variable.read_value() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before):
            variable.assign(value)
        known = set(map(id, variables))
        for metric in [*model.metrics, *([terms] if terms is not None else [])]:
            if any(id(variable) not in known for variable in metric.variables):
                metric.reset_state()
        model._clear_losses()


def kept_beside(layer):
    """Variables that layers use and do not count as theirs, such as the states of a stateful recurrent layer."""
    values = [vars(inner).get(name) for _, inner in layer.named_layers() for name in inner._untracked]
    return [variable for value in values for variable in tracking.inside(value, tf.Variable)]
