"""Run a model without leaving a trace: weights, random state and metrics have their values back afterwards."""

import contextlib

from engine.core import tracking


@contextlib.contextmanager
def unchanged(model):
    """Inside the block a model may run, also in training mode; at its end all its state is as it was, bit for bit."""
    terms = getattr(model, "_term_tracker", None)
    variables = tracking.unique([*model.variables, *(terms.variables if terms is not None else [])])
    if getattr(model, "optimizer", None) is not None:
        variables += model.optimizer.variables
    before = [variable.read_value() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before):
            variable.assign(value)
        model._clear_losses()
