"""Who shares the batch: a sum over all of them, an update that happens once. For one alone all of this is the identity.

A batch may be spread over devices. What each of them computes are parts: a loss is summed over its own rows and divided by
the count of all rows, so that the loss of the batch is the sum of the parts, and its gradient the sum of their gradients.
Whatever needs a number of the whole batch asks the group for it, `whole.group.total(count)`.

The group is one alone, unless something else has put itself in its place: engine/distribute does.
"""

from typing import NamedTuple

import tensorflow as tf


class Rows(NamedTuple):
    """Where one's rows are in the whole batch: `count` of them, the number `first` and every `step`-th from there on."""

    first: object  # an integer, or a scalar tensor
    count: object
    step: int = 1


class Alone:
    """A group of one, who has the whole batch. A larger one overrides all of this.

    >>> from losses.ground import whole
    >>> whole.group.total([1.0, 2.0]), whole.group.weighted(0.5, 32)
    ([1.0, 2.0], (0.5, 32))
    """

    # ---- numbers of the whole batch ----------------------------------------------------------

    def total(self, values):
        """The sum over all, of a tensor or of each tensor in a list; everyone gets it."""
        return values

    def rows(self, rows):
        """The number of rows of the whole batch, from one's own."""
        return rows

    def known_rows(self, tensor):
        """The number of one's own rows if `tensor` is of the batch as it came, and the group counted it; else None."""
        return None

    def values(self, count, labels):
        """The number of values of the whole batch, from one's own `count`: as many for each row of `labels` (None: who knows)."""
        return count

    def weighted(self, loss, rows):
        """(value, weight) with which a mean takes in one's part of the loss: all parts come to (loss, all rows)."""
        return loss, rows

    def shares(self, values, rows):
        """Each of `values` weighted by one's share of the rows: what is a mean over own rows becomes a part of it."""
        return values

    def all_rows(self, tensor):
        """The rows of the whole batch, of which one's own are in `tensor`, and a function that takes one's own out of as many."""
        return tensor, lambda rows: rows

    # ---- gradients ---------------------------------------------------------------------------

    def gathers(self, optimizer):
        """Whether everyone adds up gradients by himself until `optimizer` makes an update."""
        return False

    def gradients(self, optimizer, gradients, are_sums=False):
        """What `optimizer` takes: the sums over all, from one's own `gradients`; or from sums. Where everyone gathers, one's own part."""
        return gradients

    def gathered(self, optimizer, gradients):
        """The sums over all of what everyone has gathered for an update of `optimizer`."""
        return gradients

    def if_due(self, optimizer, is_due, update):
        """Call `update`, that of all gathered by `optimizer`, where the scalar `is_due` is true."""
        tf.cond(is_due, update, tf.no_op)

    # ---- what happens once -------------------------------------------------------------------

    def once(self, update):
        """Call `update`, which assigns to variables, while nobody else's update runs."""
        update()

    def beside(self, variable, function, *args):
        """Call `function(*args)`, which computes what is to be assigned to `variable`, where that one is."""
        function(*args)

    def agree(self, number):
        """The same number for all, from that of each."""
        return number

    def is_chief(self):
        """Whether this process is the one that writes files and shows progress."""
        return True

    # ---- who they are ------------------------------------------------------------------------

    def exists(self):
        """Whether somebody has to see variables made and updates run, be it for a group of one."""
        return False

    def size(self):
        """How many they are."""
        return 1

    def rank(self):
        """One's own number, from 0."""
        return 0

    def place(self):
        """The `Rows` of each where they are several; random numbers belong to them."""
        return None


group = Alone()
