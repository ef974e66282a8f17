"""`UpdateRule`: what an optimizer is. From gradients to new weights by a formula, a learning rate and slots.

    apply ─► pair and check (gradients.py) ─► slots (slots.py) ─► one call ─► iterations + 1
                                                                     │
                 begin_step ─► per variable: formula ─► constraints ◄┘

A *slot* is a variable that belongs to a weight: its momentum, its average. A family of optimizers is a formula (see
gradient_descent.py). What is to happen around it overrides one of the methods at the end, each of which calls the next.
"""

import tensorflow as tf

from engine import hints, initializers, spellings
from engine.core import tracking
from engine.small_parts import checks, naming
from engine.small_parts.described_rule import DescribedRule
from engine.small_parts.gradients import as_dense, check_shapes, without_missing
from engine.small_parts.late_reads import reads_before_updates
from engine.small_parts.slots import Slots
from losses.ground import whole
from losses.ground.autograph import value_of


class UpdateRule(Slots, tracking.Tracked, DescribedRule):
    """A formula with a learning rate: a number, or a function of the number of updates so far.

    Override `build` to make slots and `new_values` to compute; or, to assign yourself, `update_step`.

    >>> import tensorflow as tf
    >>> class SignDescent(UpdateRule):
    ...     def new_values(self, variable, gradient, learning_rate):
    ...         return (variable - learning_rate * tf.sign(gradient),)
    >>> weight, rule = tf.Variable([1.0, 2.0]), SignDescent(learning_rate=0.5)
    >>> rule.apply_gradients([(tf.constant([3.0, -0.1]), weight)])
    >>> weight.numpy(), int(rule.iterations)
    (array([0.5, 2.5], dtype=float32), 1)
    """

    keras_module = "keras.optimizers"
    _keeps = "slot"

    def __init__(self, learning_rate=checks.LATER, name=None):
        super().__init__()
        self.name = name or naming.unique_name(type(self))
        self._calls = self.add_variable((), dtype="int64", name="iteration")
        self._rate, self._rate_changes = None, 0  # a changed number is in the variable; a changed function is counted
        if learning_rate is not checks.LATER:
            self.learning_rate = learning_rate

    def build(self, variables: list[tf.Variable]) -> None:
        """Make the slots of `variables`. Called with a longer list when new variables come; slots that exist stay."""
        self._register(variables)

    def begin_step(self) -> None:
        """Once per update, before all variables. For state that belongs to no single variable."""

    def prepare_step(self, learning_rate: tf.Tensor) -> hints.Nest:
        """What `new_values` gets as its learning rate: computed once per update and dtype, not once per variable."""
        return learning_rate

    def new_values(self, variable: tf.Tensor, gradient: tf.Tensor, learning_rate: hints.Nest, *args: hints.Nest,
                   **slots: hints.Nest) -> tuple:  # fmt: skip
        """The formula, free of side effects: tensors in; the new value of the weight and of each slot out.

        The variable comes first because it does so in the result: `(variable, *slots)`. Only in `update_step` and in the
        pairs of `apply_gradients`, which other code calls or overrides, the gradient comes first, as in Keras.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no formula. Define new_values(variable, gradient, learning_rate, **slots), "
            "which returns the new value and the new slots, or update_step(gradient, variable, learning_rate)."
        )

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: hints.Nest) -> None:
        """Update one variable and its slots; `learning_rate` is what `prepare_step` returned."""
        slots = self._slots[id(variable)]
        old = {name: slot.read_value() for name, slot in slots.items()}
        value, *state = self.new_values(variable.read_value(), gradient, learning_rate, **old)
        variable.assign(value, read_value=False)
        for name, new in zip(slots, state, strict=True):
            if new is not old[name]:
                slots[name].assign(new, read_value=False)

    @property
    def iterations(self) -> tf.Variable:
        """The number of updates so far (int64)."""
        return self._calls

    @property
    def learning_rate(self) -> hints.Values:
        """The rate now. Where it is a variable, setting it takes effect at once, also in compiled code."""
        return self.rate_at(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: hints.Values) -> None:
        if callable(value):
            self._rate, self._rate_changes = value, self._rate_changes + 1
            return
        value = checks.number(self, "learning_rate", value)
        if isinstance(self._rate, tf.Variable):
            self._rate.assign(value)
        elif self._rate is None:
            self._rate = self.add_variable((), initializers.Constant(value), name="learning_rate")
        else:
            raise TypeError(
                f"The learning rate of {type(self).__name__} {self.name!r} is the function or schedule {self._rate!r}, "
                f"received the number {value}. Make the optimizer with a number if the rate is to be set later."
            )

    def rate_at(self, step: hints.Values) -> tf.Tensor:
        """The learning rate of the update number `step`, counted from 0."""
        return value_of(self._rate, step) if callable(self._rate) else self._rate

    @tf.autograph.experimental.do_not_convert
    def apply_gradients(self, grads_and_vars: hints.Pairs, weight: hints.Values = None,
                        skip_gradients_aggregation: bool = False) -> None:  # fmt: skip
        """One call with pairs `zip(gradients, variables)`; the other arguments as in `apply`."""
        pairs = list(grads_and_vars)
        gradients, variables = [gradient for gradient, _ in pairs], [variable for _, variable in pairs]
        self.apply(gradients, variables, weight, skip_gradients_aggregation)

    @tf.autograph.experimental.do_not_convert
    def apply(self, grads: hints.Tensors, trainable_variables: hints.Variables | None = None,
              weight: hints.Values = None, skip_gradients_aggregation: bool = False) -> None:  # fmt: skip
        """One call: `trainable_variables` (None: those it was built for) move against `grads`, of the same shapes.

        A gradient of None leaves its variable as it is, with a warning. `weight`: how much this batch counts, usually
        its number of rows, where one update is made from several (`gradient_accumulation_steps`). Where others share
        the batch, gradients are first summed over all of them, unless `skip_gradients_aggregation` says they have been.
        """
        variables = self._weights if trainable_variables is None else list(trainable_variables)
        gradients, variables = without_missing(self, list(grads), variables)
        if new := self._unknown(variables):
            self.build(self._weights + new)
        gradients = whole.group.gradients(self, gradients, are_sums=skip_gradients_aggregation)
        gradients = [as_dense(gradient, variable) for gradient, variable in zip(gradients, variables)]
        check_shapes(self, gradients, variables)
        whole.group.once(lambda: self._run(gradients, variables, 1.0 if weight is None else weight))

    def flush(self, variables: hints.Variables | None = None) -> None:
        """Make the update that was held back, if any: for the end of an epoch."""

    def finalize_variable_values(self, var_list: hints.Variables) -> None:
        """When training ends, `fit` calls this with the weights it has trained: for what they are to become then."""

    def gradients(self, tape: tf.GradientTape, loss: tf.Tensor, variables: hints.Variables) -> hints.Tensors:
        """The gradients of `loss`, which `tape` recorded, as `apply` takes them."""
        with reads_before_updates(variables):
            return tape.gradient(loss, variables, output_gradients=self.output_gradients(loss))

    def output_gradients(self, loss: tf.Tensor) -> tf.Tensor | None:
        """What the derivative of `loss` is multiplied by, as in `tf.GradientTape.gradient`; None: by 1."""
        return None

    def logs(self) -> hints.Logs:
        """What `fit` reports of the optimizer beside the metrics: {name: number}."""
        return {}

    def _run(self, gradients, variables, weight):
        """Where one call runs: here, operation by operation."""
        self._call(gradients, variables, self.learning_rate, weight)

    def _call(self, gradients, variables, learning_rate, weight):
        """One call: one update."""
        self._update(gradients, variables, learning_rate)
        self._calls.assign_add(1)

    def _update(self, gradients, variables, learning_rate):
        """One update: the weights move, and go back to where their constraints allow them to be."""
        self._move(gradients, variables, learning_rate)
        for variable in variables:
            if getattr(variable, "constraint", None) is not None:
                variable.assign(value_of(variable.constraint, variable))

    def _move(self, gradients, variables, learning_rate):
        """The formula for each variable."""
        self.begin_step()
        prepared = {variable.dtype: None for variable in variables if learning_rate is None}
        rated = spellings.takes_rate(self.update_step)
        for gradient, variable in zip(gradients, variables):
            if variable.dtype not in prepared:
                prepared[variable.dtype] = self.prepare_step(tf.cast(learning_rate, variable.dtype))
            whole.group.beside(variable, self.update_step, gradient, variable, *[prepared[variable.dtype]][:rated])
