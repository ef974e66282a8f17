"""What `copy.deepcopy` and `pickle` take along: a copy has all that its original is, and shares nothing with it.

What was compiled belongs to the original, and is made anew. Values of a traced function, which a `call` may have kept on an
attribute, belong to its graph. TensorFlow copies variables without what it does not know: here their regularizers.
"""

import tensorflow as tf

from engine.small_parts.trackable import Trackable


class Copied(Trackable):
    """Base of layers: how their attributes go into a copy."""

    def __getstate__(self):
        kept = {name: value for name, value in super().__getstate__().items() if not tf.is_symbolic_tensor(value)}
        weights = [weight.variable for weight in self.named_weights()]
        regularized = [variable for variable in weights if getattr(variable, "regularizer", None)]
        return {**kept, "_regularizers": [(variable, variable.regularizer) for variable in regularized]}

    def __setstate__(self, state):
        for variable, regularizer in state.pop("_regularizers"):
            variable.regularizer = regularizer
        vars(self).update(state)


def by_new_ids(tables, old, new):
    """Let dicts that go by the ids of some objects, in the order `old`, go by those of `new`, their copies."""
    now = dict(zip(old, map(id, new)))
    for table in tables:
        if table and table.keys() <= now.keys():
            kept = [(now[key], value) for key, value in table.items()]
            table.clear()
            table.update(kept)
