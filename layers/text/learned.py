"""What `adapt` has learned and no variable holds: steps are traced with it, so that a run can only go on with the same."""

import numpy as np

from engine.small_parts.remembering import Remembering


class Learned(Remembering):
    """A part of a layer: its attributes `learned` are remembered by the checkpoint of a run, and compared when it goes on."""

    learned = ()

    def get_state(self):
        """What was learned, as plain data."""
        values = {name: getattr(self, name) for name in self.learned}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    def set_state(self, state):
        """A ValueError if what `get_state` gave in an earlier process is something else."""
        other = [name for name, value in self.get_state().items() if value != state.get(name)]
        if other:
            raise ValueError(f"{self._title} has learned another {other[0]} than it had then. Call adapt() on the same data")
