"""Passes over data that are under way on one model at the same time, each with its own sums of the metrics.

    an epoch of fit ──┬──────────────┬──►        metrics are variables, and there is one set of them:
                      ╰─ evaluate() ─╯           who comes parks the sums of who was there, and brings them back at its end

So a callback may evaluate in the midst of an epoch, and threads may evaluate beside each other.
"""

import contextlib
import threading


class Passes:
    """What the passes of a model share: whose sums its metrics hold now, and locks. A copy of the model has its own."""

    def __init__(self):
        self.now = None  # the Pass whose sums are in the metrics
        self.lock = threading.RLock()  # held while steps add to the metrics
        self.tracing = threading.RLock()  # held while a step is traced, which may make layers and metrics

    def __reduce__(self):
        return Passes, ()


class Pass:
    """One pass: an epoch, an evaluation, a single batch. Its steps run inside of `with this_pass.turn():`."""

    def __init__(self, model):
        self.model, self.passes = model, model._passes
        self.parked = None  # its sums, while another pass has the metrics: [(variable, value), ...]
        self.thread, self.is_over = threading.get_ident(), False

    @contextlib.contextmanager
    def turn(self):
        """In the block the metrics are this pass's alone."""
        with self.passes.lock:
            self.take()
            yield

    def take(self):
        """Have its sums in the metrics, or zeros if it has none yet."""
        before = self.passes.now
        if before is self:
            return
        if before is not None and not before.is_over:
            before.park()
        self.model.reset_metrics()
        for variable, value in self.parked or ():
            variable.assign(value)
        self.passes.now, self.parked = self, None

    def park(self):
        """Keep the sums that are in the metrics now as its own."""
        metrics = [*self.model.metrics, self.model._term_tracker]
        self.parked = [(variable, variable.read_value()) for metric in metrics for variable in metric.variables]


@contextlib.contextmanager
def begin(model, goes_on=False):
    """A new Pass, over at the end of the block; with `goes_on`, from the sums that the metrics hold now."""
    own, passes = Pass(model), model._passes
    with passes.lock:
        before = passes.now
        if goes_on:
            passes.now = own
        own.take()
    try:
        yield own
    finally:
        own.is_over = True
        with passes.lock:
            if before is not None and not before.is_over and passes.now is own:
                before.take()


@contextlib.contextmanager
def spared(model):
    """What the block adds to metrics, as a layer's add_metric does in `predict`, is no part of a pass that it interrupts."""
    now = model._passes.now
    if now is None or now.is_over or now.thread != threading.get_ident():
        yield
        return
    now.park()
    try:
        yield
    finally:
        model._passes.now = None
        now.take()
