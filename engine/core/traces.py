"""The compiled steps of a model: each is traced once for what it depends on, and kept.

What a step depends on, beside the verb and the batch, can change between two steps: a layer is frozen or replaced, a
setting of the optimizer is another. So the key says all of it, and is made anew for each chunk of steps.
"""

import functools

from engine.core import tracking
from engine.core.compiled import CompiledStep, EagerStep
from engine.core.layer import Layer
from losses.ground.autograph import value_of

_KEPT = 8  # more than any alternation (frozen, not frozen; train, test, predict) needs


class Traces:
    """Compiled steps by what they were traced for."""

    def __init__(self):
        self.kept, self.eager = {}, {}

    def __getstate__(self):
        return {**vars(self), "kept": {}, "eager": {}}  # a copy of the model makes its own

    def forget(self):
        """Trace all steps anew: after compile()."""
        self.kept, self.eager = {}, {}

    def step(self, model, verb, spec):
        """The step "train", "test" or "predict" of `model` for batches of `spec` and the layers as they are now."""
        function = functools.partial(value_of, getattr(model, f"{verb}_step"))
        for wrapper in reversed(model.around_step if verb == "train" else ()):
            function = functools.partial(wrapper.step, function)
        if model.run_eagerly:
            key = (getattr(model, f"{verb}_step"), *model.around_step)
            if key not in self.eager:
                self.eager[key] = EagerStep(function)
            return self.eager[key]
        constants = (*model.optimizer.constants(), *model.around_step) if verb == "train" else None
        key = (verb, repr(spec), constants, tracking.fingerprint(model, Layer))
        if key not in self.kept:
            while len(self.kept) >= _KEPT:
                del self.kept[next(iter(self.kept))]
            compiled = self.compiled(model, key, function, spec)
            model._clear_losses()  # those of the trace belong to its graph
            # Tracing may have built layers: what is kept belongs to the layers as they are afterwards. They are kept
            # too, so that no other object can get their ids.
            compiled.layers, compiled.weights = model.named_layers(), model.weights
            key = (*key[:3], tracking.fingerprint(model, Layer))
            self.kept[key] = compiled
        return self.kept[key]

    def compiled(self, model, key, function, spec):
        """A new trace of `function` for batches of `spec`; `key` has all that it depends on."""
        return CompiledStep(function, spec, jit=model.jit_compile)
