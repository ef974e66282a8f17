"""The variables that an optimizer keeps: a counter, a learning rate, and slots.

A *slot* belongs to a weight: its momentum, its average. A weight is known by its `id()`, because variables cannot
be hashed and `==` on them is elementwise; the optimizer keeps it alive, so no other object can get the same id.
Slots are made when a weight is first seen, also in the middle of training, so a new head of a model gets its own.
"""

import tensorflow as tf

from engine import dtypes, hints, initializers
from engine.small_parts import creation
from engine.small_parts.copying import by_new_ids
from engine.small_parts.trackable import Trackable


class Slots(Trackable):
    """Makes and keeps the state of an optimizer; one half of `UpdateRule`."""

    def __init__(self):
        self._weights, self._index = [], {}
        self._slots, self._state = {}, []

    @property
    def built(self) -> bool:
        """Whether it has seen variables."""
        return bool(self._weights)

    @property
    def variables(self) -> list[tf.Variable]:
        """All state: the counter, the learning rate if it is a variable, then the slots in the order of making."""
        return list(self._state)

    def slots_of(self, weight: tf.Variable) -> dict[str, tf.Variable]:
        """{name: variable} of all slots of a weight."""
        return dict(self._slots[id(weight)])

    def add_variable(self, shape: hints.Shape, initializer: hints.Part = "zeros", dtype: hints.DType = None,
                     name: str | None = None) -> tf.Variable:  # fmt: skip
        """A variable of the state, made outside of any traced function."""
        initializer, dtype = initializers.get(initializer), dtypes.dtype(dtype)
        name = f"{self.name}/{name or 'variable'}"
        variable = creation.variable(lambda: tf.cast(initializer(tuple(shape), dtype=dtype), dtype), dtype, name)
        self._state.append(variable)
        self._restore_waiting()
        return variable

    def add_variable_from_reference(self, reference_variable: tf.Variable, name: str | None = None,
                                    initializer: hints.Part = "zeros", shape: hints.Shape = None,
                                    dtype: hints.DType = None) -> tf.Variable:  # fmt: skip
        """The slot `name` of a weight, of the weight's shape and dtype unless given; made at the first call."""
        slots = self._slots[id(reference_variable)]
        if name not in slots:
            slots[name] = self._like(reference_variable, name, initializer, shape, dtype)
        return slots[name]

    def add_slots(self, variables: hints.Variables, *names: str, initializer: hints.Part = "zeros") -> None:
        """Slots `names` for each of `variables`: all of the first variable, then all of the second, ..."""
        for variable in variables:
            for name in names:
                self.add_variable_from_reference(variable, name, initializer)

    def _like(self, variable, name, initializer="zeros", shape=None, dtype=None):
        shape = variable.shape if shape is None else shape
        full_name = f"{path_of(variable).replace('/', '_')}_{name or 'slot'}"
        return self.add_variable(shape, initializer, dtype or variable.dtype, full_name)

    def _unknown(self, variables):
        return [variable for variable in variables if id(variable) not in self._index]

    def _register(self, variables):
        """Take note of the variables that are new."""
        for variable in self._unknown(variables):
            self._index[id(variable)] = len(self._weights)
            self._weights.append(variable)
            self._slots[id(variable)] = {}

    def _get_variable_index(self, variable):
        return self._index[id(variable)]

    def __setstate__(self, state):
        vars(self).update(state)
        by_new_ids([table for table in vars(self).values() if isinstance(table, dict)], list(self._index), self._weights)


def copy_of(variable):
    """An initializer that gives the value a variable has now."""
    return lambda shape, dtype: variable.read_value()


def path_of(variable):
    """The name by which patterns find a variable: its `path` where it has one, else its name."""
    return getattr(variable, "path", variable.name).split(":")[0]
