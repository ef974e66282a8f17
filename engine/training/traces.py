"""The compiled steps of a model: each is traced once for what it depends on, and kept.

What a step depends on, beside the verb and the batch, can change between two steps: a layer is frozen or replaced, a
setting of the optimizer is another. So the key says all of it, and is made anew for each chunk of steps.
"""

import functools

from engine.core import tracking
from engine.core.layer import Layer
from engine.training.compiled import EagerStep
from engine.training.xla import Tally

_KEPT = 8  # more than any alternation (frozen, not frozen; train, test, predict) needs


class Traces:
    """Compiled steps by what they were traced for, and how many steps were made of each kind.

    `report` lists (verb, spec of the batch, reason) of all traces.
    """

    def __init__(self):
        self.kept, self.eager, self.tallies, self.report = {}, {}, {}, []

    def __getstate__(self):
        return {**vars(self), "kept": {}, "eager": {}, "report": []}  # a copy of the model makes its own, as it would have

    def forget(self):
        """Trace all steps anew, and count them anew: after compile()."""
        self.kept, self.eager, self.tallies = {}, {}, {}

    def step(self, model, verb, spec, plan=None):
        """The step "train", "test" or "predict" of `model` for batches of `spec` and the layers as they are now.

        `plan` has the steps that a call is going to make of it: {size of a batch: number}.
        """
        function = getattr(model, f"{verb}_step")
        for wrapper in reversed(model.around_step if verb == "train" else ()):
            function = functools.partial(wrapper.step, function)
        if model.run_eagerly:
            key = (getattr(model, f"{verb}_step"), *model.around_step)
            if key not in self.eager:
                self.eager[key] = EagerStep(function)
            return self.eager[key]
        constants = (*model.optimizer.constants(), *model.around_step) if verb == "train" else None
        key = (verb, repr(spec), constants, tracking.fingerprint(model, Layer))
        tally = self.tallies.setdefault(f"{verb} {key[1]}", Tally())
        tally.expect(plan or {})
        if key not in self.kept:
            self.report.append((verb, spec, why_traced(key, [kept for kept in self.kept if kept[0] == verb])))
            while len(self.kept) >= _KEPT:
                del self.kept[next(iter(self.kept))]
            compiled = model._place.compiled(
                model, verb, function, spec, tally, lambda text: self.report.append((verb, spec, text))
            )
            model._clear_losses()  # those of the trace belong to its graph
            # Tracing may have built layers: what is kept belongs to the layers as they are afterwards. They are kept
            # too, so that no other object can get their ids.
            compiled.layers, compiled.weights = model.named_layers(), model.weights
            key = (*key[:3], tracking.fingerprint(model, Layer))
            self.kept[key] = compiled
        return self.kept[key]

    def get_state(self):
        """The counts of steps, for a run that is to go on as it has begun."""
        return {kind: tally.get_state() for kind, tally in self.tallies.items()}

    def set_state(self, state):
        """Take back what `get_state` gave."""
        for kind, counts in state.items():
            self.tallies.setdefault(kind, Tally()).set_state(counts)


def why_traced(key, earlier):
    """The reason for a new trace of a step: what in its `key` no `earlier` one has."""
    if not earlier:
        return "the first since compile()"
    _, spec, constants, layers = key
    if all(kept[1] != spec for kept in earlier):
        return "batches of another structure, shape or dtype"
    if all(kept[3] != layers for kept in earlier):
        return "layers, weights or trainable flags have changed"
    return "a setting of the optimizer has changed" if all(kept[2] != constants for kept in earlier) else "not kept"
