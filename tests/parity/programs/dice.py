"""Draws with names."""

import numpy as np


class Dice:
    """What a seed gives, one throw after another."""

    def __init__(self, *seed):
        self.rng = np.random.default_rng(seed)

    def chance(self, probability):
        return self.rng.random() < probability

    def whole(self, low, high):
        """An integer from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, items):
        return items[self.whole(0, len(items) - 1)]

    def some_of(self, items, most):
        """Up to `most` of `items`, in their order."""
        places = self.rng.permutation(len(items))[: self.whole(0, most)]
        return [items[place] for place in sorted(places)]

    def options(self, probability=0.25, **choices):
        """Arguments, each given with that probability: one of its choices."""
        return {name: self.one_of(values) for name, values in choices.items() if self.chance(probability)}
