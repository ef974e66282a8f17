"""How many steps to run before Python looks up again."""

_CHUNK_SECONDS = 0.15


class Pace:
    """How many steps to run in the next chunk, from how long the last whole one took."""

    def __init__(self, fixed=None):
        self.fixed = fixed
        self.steps = fixed or 1
        self.warm = False  # the first chunk also compiles, so its time says nothing

    def measured(self, steps, seconds):
        if self.fixed is None and self.warm and steps == self.steps:
            wanted = steps * _CHUNK_SECONDS / max(seconds, 1e-6)
            self.steps = int(min(max(wanted, 1), 16 * steps, 1e6))
        self.warm = True


def pace_for(step, fixed=None):
    """A fixed pace, or the one that the step has found so far."""
    fixed = step.chunk or fixed
    return step.pace if fixed is None else Pace(fixed)
