"""Where the steps of a model run."""

import contextlib

from engine.training.compiled import CompiledStep


class Place:
    """In this process, on its one device. A model that was made elsewhere has another place (engine/distribute/place.py)."""

    def check(self, model, run_eagerly, jit_compile):
        """Refuse to compile `model` for what cannot be had here."""

    def around(self, model):
        """The wrappers that the steps of `model` need here."""
        return []

    def scope(self):
        """What the steps run in, as a context manager."""
        return contextlib.nullcontext()

    def compiled(self, model, verb, step, spec, tally, note):
        """What runs `step`, the "train", "test" or "predict" of `model`, on batches of `spec`."""
        return CompiledStep(step, spec, model.jit_compile, tally, note)
