"""`Optimizer`: an update rule with what all optimizers offer beside their formula, each piece in a file of its own.

    many eager calls are compiled (eager_call.py)
      └ accumulation.py: one update from several calls
          └ clipping.py ─► decay.py ─► the formula ─► averaging.py ─► constraints

The formula and the way to it are in engine/core/update_rule.py; `_run`, `_call` and `_move` below put the pieces around those there.
"""

import functools
from typing import Any

import tensorflow as tf

from engine import hints, spellings
from engine.core.update_rule import UpdateRule
from engine.optimizers import schedules
from engine.optimizers.accumulation import Accumulators
from engine.optimizers.averaging import Averages
from engine.optimizers.clipping import clip
from engine.optimizers.decay import Undecayed, decay
from engine.optimizers.eager_call import EagerCalls
from engine.small_parts import checks
from losses.ground import whole
from losses.ground.autograph import value_of
from losses.ground.numerics import cast


class Optimizer(UpdateRule, spellings.OlderRate):
    """Base of all optimizers, with the arguments that each of them takes beside its own.

    Arguments: `learning_rate` (a number, a `LearningRateSchedule` of the number of updates, or a function without
    arguments) · `weight_decay` (each weight shrinks by `learning_rate * weight_decay` of itself
    before the update) · at most one of `clipnorm` (largest norm of each gradient), `clipvalue` (of each element),
    `global_clipnorm` (of all gradients as one vector) · `use_ema`, `ema_momentum` (0.99), `ema_overwrite_frequency`
    (keep a moving average of the weights; copy it into the weights every so many updates, and in any case when
    training ends) · `loss_scale_factor` (the loss was multiplied by it, see `scale_loss`) ·
    `gradient_accumulation_steps` (update, clip, decay and average once per so many calls, with their mean gradient) ·
    `name`.

    Your own: override `build` to make slots and `new_values` to compute. Code that assigns for itself overrides
    `update_step(gradient, variable, learning_rate)` instead. Hyperparameters may be changed at any time between
    eager calls; inside your own tf.function only `learning_rate` may, all others are constants there.

    >>> import tensorflow as tf
    >>> class SignDescent(Optimizer):
    ...     def new_values(self, variable, gradient, learning_rate):
    ...         return (variable - learning_rate * tf.sign(gradient),)
    >>> weight = tf.Variable([1.0, 2.0])
    >>> optimizer = SignDescent(learning_rate=0.5, weight_decay=0.5)
    >>> optimizer.apply_gradients([(tf.constant([3.0, -0.1]), weight)])
    >>> weight.numpy()  # 0.75 - 0.5, 1.5 + 0.5
    array([0.25, 2.  ], dtype=float32)
    """

    def __init__(
        self, learning_rate: hints.Values = checks.LATER, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        learning_rate = spellings.argument("learning_rate", learning_rate, kwargs)
        checks.no_unknown_arguments(type(self), kwargs)
        if isinstance(learning_rate, dict):
            learning_rate = schedules.deserialize(learning_rate)
        super().__init__(learning_rate, name)
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        checks.shared_arguments(self)

        self._eager_calls = EagerCalls()
        self._undecayed = Undecayed()
        self._averages = Averages()
        self.accumulators = Accumulators(self.name) if gradient_accumulation_steps else None

    skips_bad_steps = False  # whether `apply` leaves out a step whose gradients are not finite

    def __getstate__(self):
        return {**super().__getstate__(), "_eager_calls": EagerCalls()}

    # ---- state ---------------------------------------------------------------------------------

    def build(self, variables: list[tf.Variable]) -> None:
        """Make the slots of `variables`: here those of the pieces, in a family of optimizers then its own."""
        new = self._unknown(variables)
        super().build(variables)
        if self.use_ema:
            self._averages.build(new, self._like)
        if self.gradient_accumulation_steps:
            self.accumulators.build(new, self._like)

    @property
    def variables(self) -> list[tf.Variable]:
        """All state: the counter, the learning rate if it is a variable, the slots; last the weight of what is gathered."""
        return super().variables + ([self.accumulators.gathered] if self.gradient_accumulation_steps else [])

    def slots_of(self, weight: tf.Variable) -> dict[str, tf.Variable]:
        """{name: variable} of all slots of a weight, those of the formula first."""
        slots = super().slots_of(weight)
        for name, kept in (("average", self._averages), ("gradient_accumulator", self.accumulators)):
            if kept and id(weight) in kept:
                slots[name] = kept[id(weight)]
        return slots

    # ---- counter and rate ------------------------------------------------------------------------

    @property
    def iterations(self) -> tf.Tensor:
        """The number of updates so far (int64)."""
        if self.gradient_accumulation_steps:
            return self._calls // self.gradient_accumulation_steps
        return self._calls

    @property
    def calls(self) -> tf.Tensor:
        """The number of calls so far (int64): as many as updates, or `gradient_accumulation_steps` for each."""
        return self._calls.read_value()

    @property
    def asks_for_rate(self) -> bool:
        """Whether the rate is a plain function, to be asked at every call, and not a schedule of the step."""
        return callable(self._rate) and not isinstance(self._rate, schedules.LearningRateSchedule)

    def rate_at(self, step: hints.Values) -> tf.Tensor:
        """The learning rate of the update number `step`, counted from 0; a function without arguments gives it now."""
        return value_of(self._rate) if self.asks_for_rate else super().rate_at(step)

    # ---- using it --------------------------------------------------------------------------------

    def minimize(self, loss: hints.Values, var_list: list[tf.Variable], tape: tf.GradientTape | None = None) -> None:
        """Differentiate `loss`, a function without arguments or a tensor that `tape` recorded, and apply."""
        if tape is None and not callable(loss):
            raise ValueError("minimize() of a tensor needs the `tape=` that recorded it; or pass a function.")
        with tape or tf.GradientTape() as recorder:
            value = value_of(loss) if callable(loss) else loss
        self.apply(recorder.gradient(value, var_list), var_list)

    def scale_loss(self, loss: tf.Tensor) -> tf.Tensor:
        """`loss * loss_scale_factor`: differentiate this, and `apply` divides the gradients again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def output_gradients(self, loss: tf.Tensor) -> tf.Tensor | None:
        """What the derivative of `loss` is multiplied by: `loss_scale_factor`; None: by 1."""
        return None if self.loss_scale_factor is None else self.scale_loss(tf.ones_like(loss))

    def unscale(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients of the loss, from those of `scale_loss(loss)`."""
        if self.loss_scale_factor is None:
            return gradients
        return [gradient / cast(self.loss_scale_factor, gradient.dtype) for gradient in gradients]

    def clip(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients as the formula gets them."""
        return clip(gradients, self.clipnorm, self.clipvalue, self.global_clipnorm)

    def weight_decay_of(self, variable: tf.Variable) -> float | None:
        """The decay of one variable, before exclusions."""
        return self.weight_decay

    def exclude_from_weight_decay(self, var_list: hints.Variables | None = None,
                                  var_names: str | list[str] | None = None) -> None:  # fmt: skip
        """No weight decay for these variables, and for those whose name contains one of the patterns `var_names`."""
        self._undecayed.add(var_list or [], [var_names] if isinstance(var_names, str) else var_names or [])

    def moving_average(self, variable: tf.Variable) -> tf.Variable:
        """With `use_ema`: the variable that holds the moving average of `variable`."""
        return self._averages[id(variable)]

    def finalize_variable_values(self, var_list: hints.Variables) -> None:
        """With `use_ema`: the variables become their moving averages. `fit` calls this when training ends."""
        if self.use_ema:
            self._averages.overwrite(var_list)

    def flush(self, variables: hints.Variables | None = None) -> None:
        """Update with the micro-batches gathered since the last update, if any: for the end of an epoch."""
        if self.gradient_accumulation_steps and self._weights:
            variables = self._weights if variables is None else list(variables)
            tf.cond(self.accumulators.gathered > 0, lambda: self._update_early(variables), tf.no_op)

    def let_go(self) -> None:
        """Forget the micro-batches gathered since the last update, if any: for an epoch that does not come to its end."""
        if self.gradient_accumulation_steps:
            self.accumulators.let_go()
            self._calls.assign(self.iterations * self.gradient_accumulation_steps)

    def constants(self) -> tuple:
        """All that a trace of the update holds fixed: where this has changed, the update is traced anew."""
        return (*super().constants(), len(self._undecayed))

    def get_config(self) -> hints.Config:
        """The constructor's arguments as plain data."""
        config = super().get_config()
        return {**config, "learning_rate": schedules.serialize(self._rate)} if "learning_rate" in config else config

    # ---- one call: the pieces around the formula -----------------------------------------------

    def _run(self, gradients, variables, weight):
        self._eager_calls.run(self, gradients, variables, weight)

    def _call(self, gradients, variables, learning_rate, weight):
        gradients = self.unscale(gradients)
        if not self.gradient_accumulation_steps:
            super()._call(gradients, variables, learning_rate, weight)
            return
        self.accumulators.gather(gradients, variables, weight)
        is_due = (self.calls + 1) % self.gradient_accumulation_steps == 0
        whole.group.if_due(self, is_due, lambda: self._update_from_gathered(variables, learning_rate))
        self._calls.assign_add(1)

    def _update_from_gathered(self, variables, learning_rate):
        gradients = self.accumulators.take(variables, functools.partial(whole.group.gathered, self))
        self._update(gradients, variables, learning_rate)
        return tf.no_op()

    def _update_early(self, variables):
        """An update before all its micro-batches have come; the count of calls goes on as if they had."""
        self._update_from_gathered(variables, self.learning_rate)
        return tf.group(self._calls.assign((self.iterations + 1) * self.gradient_accumulation_steps))

    def _move(self, gradients, variables, learning_rate):
        gradients = self.clip(gradients)
        decay([variable for variable in variables if variable not in self._undecayed], learning_rate, self.weight_decay_of)
        super()._move(gradients, variables, learning_rate)
        if self.use_ema:
            self._averages.follow(variables, self.iterations, self.ema_momentum, self.ema_overwrite_frequency)
