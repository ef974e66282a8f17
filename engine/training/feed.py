"""Where batches come from: what the loops ask of any data, and arrays, which stay on the device.

    feed.start(epoch);  logs, ran = feed.run(step, count)     # the next steps of the epoch; ran = 0: there are no more

Other data are kinds of their own. Each registers itself, so that nothing here knows of them.
"""

import warnings

import numpy as np
import tensorflow as tf

from engine import random
from engine.training.arrays import common_rows, is_array_like, rows_of, to_tensors
from engine.training.batch import Preparation, pack, relax, specs
from engine.training.kept_states import make_kept_states
from losses.ground import whole

_kinds = []


def register(kind):
    """For a subclass of Feed: it is asked whether it takes given data, before those that were registered earlier."""
    _kinds.insert(0, kind)
    return kind


def kind_of(model, x):
    """The class of the feed for data like `x`."""
    found = next((kind for kind in _kinds if x is not None and kind.takes(x, model)), None)
    if found is None:
        given = "no data" if x is None else f"{x!r:.60}"
        known = dict.fromkeys(kind.accepted for kind in reversed(_kinds))
        raise ValueError(f"{model.title} was given {given}. Pass x: {', '.join(known)}.")
    return found


def make_feed(model, x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, steps=None):
    """The feed for what `fit`, `evaluate` or `predict` was given."""
    feed = kind_of(model, x).make(Preparation(model, class_weight), x, y, sample_weight, batch_size, shuffle, steps)
    make_kept_states(model, feed)
    return feed


class Feed:
    """The batches of one kind of data. A subclass has at least `accepted`, `spec`, `takes`, `start` and `next`."""

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
        """The next batch of the epoch, or None at its end."""
        raise NotImplementedError

    def run(self, step, count):
        """Run the compiled `step` on at most `count` batches: the logs of the last one, and how many there were."""
        logs, ran = None, 0
        while ran < count and (batch := self.next()) is not None:
            self.last = batch
            logs, ran = step.on_batch(batch, self.size), ran + 1
        return logs, ran

    def batches(self):
        """The rest of the epoch, batch by batch."""
        while (batch := self.next()) is not None:
            yield batch

    def batch(self, number):
        """A batch of this epoch, by its number."""
        return self.last

    def example(self):
        """A batch to look at, once an epoch has begun."""
        return self.last

    def all_rows(self):
        """The data as one batch, where they are in memory."""
        raise ValueError(f"One batch is expected, as arrays; {self.accepted} has many. Pass one: x, y = next(iter(data)).")

    def get_state(self):
        """What an interrupted run must know to go on with the same batches: plain data."""
        return {}

    def set_state(self, state):
        """Take back what `get_state` gave; a ValueError if the data are others."""


@register
class ArrayFeed(Feed):
    """Arrays, converted once; a pass over them is an order of row numbers, gathered batch by batch inside the compiled loop.

    An epoch of fewer steps than there are batches is a part of a pass, and the next one goes on with it, to its end.
    """

    accepted = "arrays"
    keeps_batches = True

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        batch_size = 32 if batch_size is None else batch_size
        data = [to_tensors(item, prepare.dtype) for item in (x, y, sample_weight)]
        self.rows = common_rows(*data)
        if any(item.dtype == tf.string for item in tf.nest.flatten(data[2]) if item is not None):
            raise ValueError("`sample_weight` holds text; expected numbers, one for each row.")
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, received {batch_size!r}.")
        self.data = prepare(pack(*data))
        self.spec = relax(self.data)
        self.targets = self.data[1] if isinstance(self.data, tuple) and len(self.data) > 1 else None
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = whole.group.agree(random.draw_seed()) if shuffle else None
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.count = self.full + bool(self.rest)  # of the batches in a pass
        if steps is not None and steps > self.count:
            warnings.warn(f"{self.rows} rows make {self.count} batches of {batch_size}, fewer than the {steps} steps "
                          "asked for; an epoch ends with the data.", stacklevel=5)  # fmt: skip
        self.share = self.steps = min(steps or self.count, self.count)  # of an epoch, and of this epoch
        self.epochs = -(-self.count // self.share)  # in a pass
        self.begin, self.first_epoch, self._order = 0, None, None

    @property
    def whole_spec(self):
        return specs(self.example())

    @classmethod
    def takes(cls, x, model):
        return is_array_like(x)

    def plan(self, passes):
        ends, more = divmod(passes, self.epochs)
        return {self.batch_size: ends * self.full + more * self.share, self.rest: ends * bool(self.rest)}

    def start(self, epoch, step=0):
        """Go to a batch of an epoch; shuffled, a pass has an order by the seed and the number of its first epoch alone."""
        self.first_epoch = epoch if self.first_epoch is None else self.first_epoch
        number, part = divmod(epoch - self.first_epoch, self.epochs)
        self.begin = part * self.share
        self.steps = min(self.share, self.count - self.begin)
        self.position, self.order_number = step, self.first_epoch + number * self.epochs
        if self.seed is not None:
            self._order = None

    def _rows(self):
        """The row numbers of the whole batches, (batches, batch size), and those of the rest, (1, rest)."""
        if self._order is None:
            order = np.arange(self.rows, dtype=np.int32)
            if self.seed is not None:
                order = np.random.Generator(np.random.Philox(key=[self.seed, self.order_number])).permutation(order)
            whole = self.full * self.batch_size
            self._order = (
                tf.constant(order[:whole].reshape(self.full, self.batch_size)),
                tf.constant(order[whole:].reshape(1, self.rest)),
            )
        return self._order

    def run(self, step, count):
        order, tail = self._rows()
        if self.position == self.steps:
            return None, 0
        first = self.begin + self.position
        if first < self.full:
            ran = min(count, self.steps - self.position, self.full - first)
            logs = step.on_rows(self.data, order, first, first + ran)
        else:
            ran = 1
            logs = step.on_rows(self.data, tail, 0, 1)
        self.position += ran
        return logs, ran

    def next(self):
        if self.position == self.steps:
            return None
        self.position += 1
        return self.batch(self.position - 1)

    def batch(self, number):
        number += self.begin
        if self.seed is not None:
            order, tail = self._rows()
            return rows_of(self.data, order[number] if number < self.full else tail[0])
        if self.rows == self.batch_size:  # nothing to cut
            return self.data
        return rows_of(self.data, slice(number * self.batch_size, (number + 1) * self.batch_size))

    def example(self):
        return rows_of(self.data, slice(self.batch_size))

    def all_rows(self):
        return self.data

    def get_state(self):
        sizes = {"rows": self.rows, "batch_size": self.batch_size, "steps": self.share}
        return {**sizes, "seed": self.seed, "first_epoch": self.first_epoch}

    def set_state(self, state):
        own = self.get_state()
        free = ("seed", "first_epoch")
        other = {name: value for name, value in state.items() if name not in free and value != own.get(name)}
        if other or (state["seed"] is None) != (self.seed is None):
            raise ValueError(f"the data had {state}, and have {own}")
        self.seed, self.first_epoch = state["seed"], state.get("first_epoch")
