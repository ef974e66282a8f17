"""What can be read off a layer once it has weights, a name and a dtype policy, and a layer as plain data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from engine import dtypes, hints, spellings
from engine.small_parts.given import as_arrays
from losses.ground.configurable import Configurable, constructor_arguments, describe, serialize
from losses.ground.numerics import cast, check_castable


class Described(Configurable):
    """The half of `Layer` that says what is there, and changes nothing but the values of weights."""

    def get_config(self) -> hints.Config:
        """The constructor's arguments as plain data. Arguments kept under their own names are found by themselves."""
        config = {"name": self.name, "trainable": self.trainable, "dtype": serialize(self.dtype_policy)}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = serialize(self.activity_regularizer)
        base = next(cls for cls in type(self).__mro__ if Described in cls.__bases__)  # of all layers: its arguments are above
        own = [name for name in constructor_arguments(type(self), below=base) if name not in config]
        if type(self).get_config is not Described.get_config:  # a subclass adds what is not found here
            own = [name for name in own if hasattr(self, name)]
        return {**config, **describe(self, own)}

    @classmethod
    def from_config(cls, config: hints.Config) -> Any:
        """The layer that `get_config` described; its constructor need not take `name`, `trainable` and `dtype`."""
        taken = constructor_arguments(cls)
        rest = {key: config[key] for key in ("name", "trainable", "dtype") if key in config and key not in taken}
        layer = cls(**{key: value for key, value in config.items() if key not in rest})
        layer.name = rest.get("name", layer.name)
        layer._trainable = rest.get("trainable", layer._trainable)
        layer.dtype_policy = dtypes.policy(rest.get("dtype", layer.dtype_policy))
        return layer

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[tf.Variable]:
        """`variables` that training does not change by gradients."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.variables if id(variable) not in trained]

    def get_weights(self) -> list[np.ndarray]:
        """The values of `weights`, as NumPy arrays."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[hints.Values]) -> None:
        """Assign `weights`, arrays as `get_weights` gives them. All are checked before any is assigned."""
        own, values = self.named_weights(), as_arrays(self, weights)
        if len(own) != len(values):
            hint = "" if self.built else " It is not built yet: call it on data once, or call build(shape)."
            raise ValueError(f"{self._title} has {len(own)} weights, received a list of {len(values)}.{hint}")
        for (path, variable, _), value in zip(own, values):
            if tuple(variable.shape) != value.shape:
                raise ValueError(
                    f"{self._title}: weight {path!r} has shape {tuple(variable.shape)}, received {value.shape}. "
                    "Nothing was assigned."
                )
            try:
                check_castable(value, variable.dtype)
            except ValueError as error:
                raise ValueError(f"{self._title}: weight {path!r}: {error} Nothing was assigned.") from None
        for (_, variable, _), value in zip(own, values):
            variable.assign(cast(value, variable.dtype))

    def count_params(self) -> int:
        """The number of scalars in `weights`."""
        if not self.built and not self.weights:
            raise ValueError(f"{self._title} is not built and has no weights to count. Call it on data once first.")
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    @property
    def dtype(self) -> str:
        """The dtype of the weights, as a name."""
        return self.dtype_policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation, as a name."""
        return self.dtype_policy.compute_dtype

    @property
    def input(self) -> hints.Nest:
        """The symbols this layer was first called on; of an `InputLayer` the one that it gives, where its data come from."""
        return self.get_input_at(0)

    @property
    def output(self) -> hints.Nest:
        """The symbols that came out when this layer was first called on symbols."""
        return self._first_node().outputs

    def get_input_at(self, node_index: int) -> hints.Nest:
        """The symbols of the call of that number: what `input` is of the first one."""
        symbols = self._node(node_index).inputs or [self._node(node_index).outputs]
        return symbols[0] if len(symbols) == 1 else symbols

    def get_output_at(self, node_index: int) -> hints.Nest:
        """What came out of the call on symbols of that number."""
        return self._node(node_index).outputs

    def add_variable(self, *args: hints.Values, **kwargs: hints.Values) -> tf.Variable:
        """The older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _node(self, index):
        if not self._nodes:
            raise ValueError(f"{self._title} was never called on symbols, so it has no input and output yet.")
        if not 0 <= index < len(self._nodes):
            raise ValueError(f"{self._title} was called on symbols {len(self._nodes)} times; there is no call {index}.")
        return self._nodes[index]

    def _first_node(self):
        return self._node(0)

    @property
    def _title(self):
        """Who this is, for messages: `Dense 'dense_1'`."""
        return f"{type(self).__name__} {self.__dict__.get('name')!r}"

    def __repr__(self):
        return f"<{self._title}{'' if self.built else ', not built'}>"

    def __setattr__(self, name, value):
        try:
            object.__setattr__(self, name, value)
        except AttributeError:
            raise AttributeError(
                f"{type(self).__name__}.{name} is computed by engine and cannot be set. "
                "Choose another name for your attribute."
            ) from None

    def __getattr__(self, name):
        if name in spellings.OF_A_LAYER:
            try:
                return spellings.OF_A_LAYER[name](self)
            except ValueError as error:  # there is no graph yet
                raise AttributeError(str(error)) from None
        hint = f" Write {spellings.GONE[name]}." if name in spellings.GONE else ""
        if not hint and not self.built and not name.startswith("_"):
            hint = " It is not built yet: its weights are made when it is first called, or by build(shape)."
        raise AttributeError(f"{self._title} has no attribute {name!r}.{hint}")

    def _check_aggregation(self, aggregation, plain):
        if aggregation != "mean" and (plain or aggregation is not None):
            raise ValueError(f'{self._title}.add_metric(): aggregation is "mean", or None for what a Metric returned; '
                             f"received {aggregation!r} for a {'plain value' if plain else 'metric'}.")  # fmt: skip
