"""What can be read off an optimizer: its state by name, what a trace of it holds fixed, and the optimizer as plain data."""

import numbers

import tensorflow as tf

from engine import hints
from losses.ground.configurable import Configurable, constructor_arguments, describe, serialize


class DescribedRule(Configurable):
    """The half of `UpdateRule` that says what is there, and changes nothing."""

    def named_variables(self, paths: dict[int, str]) -> dict[str, tf.Variable]:
        """{name: variable} of all state: slots as `path/slot`, where `paths` maps the id of a weight to its path."""
        named = {}
        for index, weight in enumerate(self._weights):
            path = paths.get(id(weight), f"weight_{index}")
            named.update({f"{path}/{name}": slot for name, slot in self.slots_of(weight).items()})
        slots = {id(slot) for slot in named.values()}
        for variable in self.variables:
            if id(variable) not in slots:
                name = variable.name.split(":")[0].removeprefix(f"{self.name}/")
                named[f"{name}_{len(named)}" if name in named else name] = variable
        return named

    def constants(self) -> tuple:
        """All that a trace of the update holds fixed: where this has changed, the update is traced anew."""
        fixed = (numbers.Number, str, type(None))
        return (id(self), *((name, value) for name, value in vars(self).items() if isinstance(value, fixed)))

    def get_config(self) -> hints.Config:
        """The constructor's arguments as plain data."""
        names = constructor_arguments(type(self))
        config = describe(self, [name for name in names if name != "learning_rate"])
        return {**config, "learning_rate": serialize(self._rate)} if "learning_rate" in names else config

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"
