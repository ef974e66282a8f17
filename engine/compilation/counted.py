"""`CountedTraces`: compiled steps with the counts by which "auto" chooses, the place where they run, and a report."""

from engine.compilation.xla import Tally
from engine.core.traces import Traces


class CountedTraces(Traces):
    """Compiled steps by what they were traced for, and how many steps were made of each kind.

    `report` lists (verb, spec of the batch, reason) of all traces.
    """

    def __init__(self):
        super().__init__()
        self.tallies, self.report = {}, []

    def __getstate__(self):
        return {**super().__getstate__(), "report": []}

    def forget(self):
        """Trace all steps anew, and count them anew: after compile()."""
        super().forget()
        self.tallies = {}

    def expect(self, verb, spec, plan):
        """A call is going to make these steps: {size of a batch: number}. Returns whether they are the first of their kind."""
        count = len(self.tallies)
        self._tally(verb, repr(spec)).expect(plan)
        return len(self.tallies) > count

    def compiled(self, model, key, function, spec):
        verb = key[0]
        self.report.append((verb, spec, why_traced(key, [kept for kept in self.kept if kept[0] == verb])))
        tally = self._tally(*key[:2])
        return model._place.compiled(
            model, verb, function, spec, tally, lambda text: self.report.append((verb, spec, text))
        )

    def _tally(self, verb, spec):
        return self.tallies.setdefault(f"{verb} {spec}", Tally())

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
