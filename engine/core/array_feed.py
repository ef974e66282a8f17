"""Arrays as batches: they stay on the device, and each epoch is an order of their rows."""

from engine import random
from engine.small_parts.arrays import common_rows, is_array_like, order_of, rows_of, to_tensors
from engine.small_parts.batch import pack, relax, specs
from engine.small_parts.feed import Feed, register
from engine.small_parts.sizes import batch_size_of, steps_of
from losses.ground import whole


@register
class ArrayFeed(Feed):
    """Arrays, converted once; a pass over them is an order of row numbers, gathered batch by batch inside the compiled loop.

    An epoch of fewer steps than there are batches is a part of a pass, and the next one goes on with it, to its end.
    """

    accepted = "arrays"
    keeps_batches = True

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        x = to_tensors(x, prepare.dtype, keep=prepare.keeps_lists)
        data = [x, *(to_tensors(item, prepare.dtype) for item in (y, sample_weight))]
        self.rows = common_rows(*data)
        batch_size = batch_size_of(batch_size)
        self.data = prepare(pack(*data))
        self.spec = relax(self.data)
        self.targets = self.data[1] if isinstance(self.data, tuple) and len(self.data) > 1 else None
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = whole.group.agree(random.draw_seed()) if shuffle else None
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.count = self.full + bool(self.rest)  # of the batches in a pass
        self.share = self.steps = steps_of(self.rows, batch_size, steps)  # of an epoch, and of this epoch
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
            self._order = order_of(self.rows, self.batch_size, self.seed, self.order_number)
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
