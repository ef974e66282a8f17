"""Where batches come from: what the loops ask of any data.

    feed.start(epoch);  logs, ran = feed.run(step, count)     # the next steps of the epoch; ran = 0: there are no more

Other data are kinds of their own. Each registers itself, so that nothing here knows of them.
"""

import functools
import warnings

from engine.small_parts.batch import Preparation

_kinds = []


def register(kind):
    """For a subclass of Feed: it is asked whether it takes given data, before those that were registered earlier."""
    _kinds.insert(0, kind)
    return kind


def kind_of(model, x, first=()):
    """The class of the feed for data like `x`; the classes in `first` are asked before all others."""
    found = next((kind for kind in (*first, *_kinds) if x is not None and kind.takes(x, model)), None)
    if found is None:
        given = "no data" if x is None else f"{x!r:.60}"
        known = dict.fromkeys(kind.accepted for kind in reversed(_kinds))
        raise ValueError(f"{model._title} was given {given}. Pass x: {', '.join(known)}.")
    return found


def make_feed(model, x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, steps=None,
              kinds=()):  # fmt: skip
    """The feed for what `fit`, `evaluate` or `predict` was given; it may be one of `kinds` too."""
    return kind_of(model, x, kinds).make(Preparation(model, class_weight), x, y, sample_weight, batch_size, shuffle, steps)


class Feed:
    """The batches of one kind of data. A subclass has at least `accepted`, `spec`, `takes`, `start` and `next` or `batch`."""

    accepted = ""  # the data it takes, in words
    is_batched = False  # whether the data come in batches of their own size
    keeps_batches = False  # whether `batch` has every batch of the epoch, not the last one alone
    spec = None  # of a batch, its number of rows left open
    steps = None  # in an epoch, where that is known before its end
    size = None  # of a batch, by which steps are counted (xla.py); None: its rows
    targets = None  # the labels, where they are in memory
    waited = 0.0  # seconds so far in which a step had to wait for its data
    position = 0  # the number of the next batch in its epoch
    last = None  # the batch that `run` has come to

    @classmethod
    def takes(cls, x, model):
        """Whether `x` is data of this kind."""
        return False

    @classmethod
    def make(cls, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        """The feed for these arguments of `fit`; `prepare` is what is done to each batch."""
        return cls(prepare, x, y, sample_weight, batch_size, shuffle, steps)

    @property
    def whole_spec(self):
        """`spec` with the rows of a whole batch, where they are known: a stateful layer is made for so many."""
        return self.spec

    def plan(self, passes):
        """How many steps so many epochs have, where that is known: {size of a batch: steps}."""
        return {}

    def start(self, epoch, step=0):
        """Go to a batch of an epoch."""
        raise NotImplementedError

    def next(self):
        """The next batch of the epoch, or None at its end; here of a feed that has every batch by its number."""
        if self.position == self.steps:
            return None
        self.position += 1
        return self.batch(self.position - 1)

    def run(self, step, count):
        """Run the compiled `step` on at most `count` batches: the logs of the last one, and how many there were."""
        logs, ran = None, 0
        while ran < count and (batch := self.next()) is not None:
            self.last = batch
            logs, ran = step.on_batch(batch, self.size), ran + 1
        return logs, ran

    def check_end(self, ran):
        """After an epoch of `ran` steps, which nobody stopped: say so if there should have been more."""
        if ran == 0:
            raise ValueError("The data gave no batches in this epoch. A generator can be used up only once.")
        if self.steps is not None and ran < self.steps:
            warnings.warn(f"The data ended after {ran} of {self.steps} steps; make them repeat, or ask for fewer.", stacklevel=5)

    def batches(self):
        """The rest of the epoch, batch by batch."""
        while (batch := self.next()) is not None:
            self.last = batch
            yield batch

    def pieces(self, step, singly):
        """(number of batches, function that gives the outputs for them) as far as the epoch goes; `singly`: one at a time."""
        return ((1, functools.partial(step.on_batch, batch, self.size)) for batch in self.batches())

    def batch(self, number):
        """A batch of this epoch, by its number."""
        return self.last

    def example(self):
        """A batch to look at, once an epoch has begun."""
        return self.last

    def once_more(self, first=0, end=None):
        """Batches of this epoch from number `first` to before `end` again, as far as they can be had, to look for a mistake."""
        if self.keeps_batches:
            return (self.batch(number) for number in range(first, self.steps if end is None else end))
        return [] if self.last is None else [self.last]

    def all_rows(self):
        """The data as one batch, where they are in memory."""
        raise ValueError(f"One batch is expected, as arrays; {self.accepted} has many. Pass one: x, y = next(iter(data)).")

    def get_state(self):
        """What an interrupted run must know to go on with the same batches: plain data."""
        return {}

    def set_state(self, state):
        """Take back what `get_state` gave; a ValueError if the data are others."""
