"""`Optimizer`: from gradients to new weights.

A family of optimizers is a formula (see sgd.py, adam.py). Everything that all of them share is here, once:

    apply ─► pair and check ─► slots (state.py) ─► one call, compiled when called eagerly (compiled.py)
                                                              │
        accumulate micro-batches, if asked  ◄─────────────────┘
        clip ─► per variable: decay ─► formula ─► moving average ─► constraint ─► iterations + 1

A *slot* is a variable that belongs to a weight: its momentum, its average. Slots are made when a weight is
first seen, also in the middle of training, so a new head of a model simply gets its own.
"""

import re

import tensorflow as tf

from engine import initializers, spellings
from engine.core import naming, tracking
from engine.optimizers import checks, compiled, schedules
from engine.optimizers.state import State, copy_of, path_of
from losses import whole
from losses.configurable import Configurable, constructor_arguments, describe


class Optimizer(State, spellings.OlderRate, tracking.Tracked, Configurable):
    """Base of all optimizers, with the arguments that each of them takes beside its own.

    Arguments: `learning_rate` (a number, a `LearningRateSchedule` of the number of calls, or a function without
    arguments) · `weight_decay` (each weight shrinks by `learning_rate * weight_decay` of itself
    before the update) · at most one of `clipnorm` (largest norm of each gradient), `clipvalue` (of each element),
    `global_clipnorm` (of all gradients as one vector) · `use_ema`, `ema_momentum` (0.99), `ema_overwrite_frequency`
    (keep a moving average of the weights; copy it into the weights every so many updates, or None: when
    `finalize_variable_values` is called) · `loss_scale_factor` (the loss was multiplied by it, see `scale_loss`) ·
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
    >>> optimizer = SignDescent(learning_rate=0.5)
    >>> optimizer.apply_gradients([(tf.constant([3.0, -0.1]), weight)])
    >>> weight.numpy(), int(optimizer.iterations)
    (array([0.5, 2.5], dtype=float32), 1)
    """

    keras_module = "keras.optimizers"

    def __init__(
        self, learning_rate, weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False,
        ema_momentum=0.99, ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None,
        name=None, **kwargs,
    ):  # fmt: skip
        learning_rate = spellings.argument("learning_rate", learning_rate, kwargs)
        checks.no_unknown_arguments(type(self), kwargs)
        checks.one_positive(self, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm)
        checks.between(self, 0, 1, ema_momentum=ema_momentum)
        checks.count(self, 1, ema_overwrite_frequency=ema_overwrite_frequency)
        checks.count(self, 2, gradient_accumulation_steps=gradient_accumulation_steps)
        self.name = name or naming.unique_name(type(self))
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps

        State.__init__(self)
        self._undecayed, self._undecayed_names = [], []
        self._cache = compiled.Cache()
        self._calls = self.add_variable((), dtype="int64", name="iteration")
        self._rate = None
        self.learning_rate = learning_rate
        if gradient_accumulation_steps:
            self._gathered = self.add_variable((), name="gathered", last=True)

    _keeps = "slot"
    skips_bad_steps = False  # whether `apply` leaves out a step whose gradients are not finite

    # ---- the formula: what a family of optimizers overrides -----------------------------------

    def build(self, variables):
        """Make the slots of `variables`. Called with a longer list when new variables come; slots that exist stay."""
        new = self._register(variables)
        if self.use_ema:
            for variable in new:
                self._averages[id(variable)] = self._like(variable, "average", copy_of(variable))
        if self.gradient_accumulation_steps:
            for variable in new:
                self._accumulators[id(variable)] = self._like(variable, "gradient_accumulator")

    def begin_step(self):
        """Once per update, before all variables. For state that belongs to no single variable."""

    def prepare_step(self, learning_rate):
        """What `new_values` gets as its learning rate: computed once per update and dtype, not once per variable."""
        return learning_rate

    def weight_decay_of(self, variable):
        """The decay of one variable, before exclusions."""
        return self.weight_decay

    def new_values(self, variable, gradient, learning_rate, **slots):
        """The formula, free of side effects: tensors in; the new value of the weight and of each slot out."""
        raise NotImplementedError(
            f"{type(self).__name__} has no formula. Define new_values(variable, gradient, learning_rate, **slots), "
            "which returns the new value and the new slots, or update_step(gradient, variable, learning_rate)."
        )

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable and its slots; `learning_rate` is what `prepare_step` returned."""
        slots = self._slots[id(variable)]
        old = {name: slot.read_value() for name, slot in slots.items()}
        value, *state = self.new_values(variable.read_value(), gradient, learning_rate, **old)
        variable.assign(value, read_value=False)
        for name, new in zip(slots, state, strict=True):
            if new is not old[name]:
                slots[name].assign(new, read_value=False)

    # ---- counter and rate ----------------------------------------------------------------------

    @property
    def iterations(self):
        """The number of updates so far (int64)."""
        if self.gradient_accumulation_steps:
            return self._calls // self.gradient_accumulation_steps
        return self._calls

    @property
    def learning_rate(self):
        """The rate now. Where it is a variable, setting it takes effect at once, also in compiled code."""
        if isinstance(self._rate, schedules.LearningRateSchedule):
            return self._rate(self._calls)
        return self._rate() if callable(self._rate) else self._rate

    @learning_rate.setter
    def learning_rate(self, value):
        value = checks.learning_rate(self, value)
        if callable(value):
            self._rate, self._cache = value, compiled.Cache()
        elif isinstance(self._rate, tf.Variable):
            self._rate.assign(value)
        elif self._rate is None:
            self._rate = self.add_variable((), initializers.Constant(value), name="learning_rate")
        else:
            raise TypeError(
                f"The learning rate of {type(self).__name__} {self.name!r} is the function or schedule {self._rate!r}, "
                f"received the number {value}. Make the optimizer with a number if the rate is to be set later."
            )

    # ---- using it ----------------------------------------------------------------------------

    @tf.autograph.experimental.do_not_convert
    def apply_gradients(self, grads_and_vars, weight=None, skip_gradients_aggregation=False):
        """One call with pairs `zip(gradients, variables)`; the other arguments as in `apply`."""
        pairs = list(grads_and_vars)
        gradients, variables = [gradient for gradient, _ in pairs], [variable for _, variable in pairs]
        self.apply(gradients, variables, weight, skip_gradients_aggregation)

    @tf.autograph.experimental.do_not_convert
    def apply(self, grads, trainable_variables=None, weight=None, skip_gradients_aggregation=False):
        """One call: `trainable_variables` (None: those it was built for) move against `grads`, of the same shapes.

        A gradient of None leaves its variable as it is, with a warning. `weight`: with
        `gradient_accumulation_steps`, how much this micro-batch counts, usually its number of rows.
        Where others share the batch, the gradients are first summed over all of them, unless
        `skip_gradients_aggregation` says that they have been.
        """
        variables = self._weights if trainable_variables is None else list(trainable_variables)
        gradients, variables = checks.pairs(self, list(grads), variables)
        new = self._unknown(variables)
        if new:
            self.build(self._weights + new)
        gradients = gradients if skip_gradients_aggregation else whole.group.total(gradients)
        whole.group.once(lambda: compiled.run(self, self._cache, gradients, variables, 1.0 if weight is None else weight))

    def constants(self):
        """All that a trace of the update holds fixed: where this has changed, the update is traced anew."""
        return (*compiled.constants(self), id(self._cache))

    def minimize(self, loss, var_list, tape=None):
        """Differentiate `loss`, a function without arguments or a tensor that `tape` recorded, and apply."""
        if tape is None and not callable(loss):
            raise ValueError("minimize() of a tensor needs the `tape=` that recorded it; or pass a function.")
        with tape or tf.GradientTape() as recorder:
            value = loss() if callable(loss) else loss
        self.apply(recorder.gradient(value, var_list), var_list)

    def gradients(self, tape, loss, variables):
        """The gradients of `loss`, which `tape` recorded, as `apply` takes them: where the loss is scaled, of the scaled one."""
        scale = None if self.loss_scale_factor is None else self.scale_loss(tf.ones_like(loss))
        return tape.gradient(loss, variables, output_gradients=scale)

    def scale_loss(self, loss):
        """`loss * loss_scale_factor`: differentiate this, and `apply` divides the gradients again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def unscale(self, gradients):
        """The gradients of the loss, from those of `scale_loss(loss)`."""
        if self.loss_scale_factor is None:
            return gradients
        return [gradient / tf.cast(self.loss_scale_factor, gradient.dtype) for gradient in gradients]

    def logs(self):
        """What `fit` reports of the optimizer beside the metrics: {name: number}."""
        return {}

    def flush(self, variables=None):
        """Update with the micro-batches gathered since the last update, if any: for the end of an epoch."""
        if self.gradient_accumulation_steps and self._weights:
            variables = self._weights if variables is None else list(variables)
            tf.cond(self._gathered > 0, lambda: self._update_from_gathered(variables, self.learning_rate), tf.no_op)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """No weight decay for these variables, and for those whose name contains one of the patterns `var_names`."""
        self._undecayed.extend(var_list or [])
        self._undecayed_names.extend([var_names] if isinstance(var_names, str) else var_names or [])
        self._cache = compiled.Cache()

    def moving_average(self, variable):
        """With `use_ema`: the variable that holds the moving average of `variable`."""
        return self._averages[id(variable)]

    def finalize_variable_values(self, var_list):
        """With `use_ema`: the variables become their moving averages. At the end of training."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(self._averages[id(variable)])

    def get_config(self):
        """The constructor's arguments as plain data."""
        names = constructor_arguments(type(self))
        config = describe(self, [name for name in names if name != "learning_rate"])
        return {**config, "learning_rate": schedules.serialize(self._rate)} if "learning_rate" in names else config

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"

    # ---- one call, as plain operations ----------------------------------------------------------

    def _call(self, gradients, variables, learning_rate, weight):
        gradients = self.unscale(gradients)
        if not self.gradient_accumulation_steps:
            self._update(gradients, variables, learning_rate)
            self._calls.assign_add(1)
            return
        for gradient, variable in zip(gradients, variables):
            self._accumulators[id(variable)].assign_add(gradient * tf.cast(weight, variable.dtype))
        self._gathered.assign_add(tf.cast(weight, self._gathered.dtype))
        tf.cond(
            (self._calls + 1) % self.gradient_accumulation_steps == 0,
            lambda: self._update_from_gathered(variables, learning_rate),
            lambda: tf.group(self._calls.assign_add(1)),
        )

    def _update_from_gathered(self, variables, learning_rate):
        """Update with the weighted mean of the micro-batches, and start gathering anew."""
        gradients = []
        for variable in variables:
            gathered = self._accumulators[id(variable)]
            gradients.append(tf.math.divide_no_nan(gathered, tf.cast(self._gathered, variable.dtype)))
        self._update(gradients, variables, learning_rate)
        for gathered in [self._gathered, *(self._accumulators[id(variable)] for variable in variables)]:
            gathered.assign(tf.zeros_like(gathered))
        # The next multiple: also right after a flush, which comes before all the calls of an update were made.
        return tf.group(self._calls.assign((self.iterations + 1) * self.gradient_accumulation_steps))

    def _update(self, gradients, variables, learning_rate):
        gradients = self._clip(gradients)
        self.begin_step()
        rates, prepared = {}, {}
        for gradient, variable in zip(gradients, variables):
            dtype = variable.dtype
            if dtype not in rates:
                rates[dtype] = tf.cast(learning_rate, dtype)
                prepared[dtype] = self.prepare_step(rates[dtype])
            decay = self.weight_decay_of(variable)
            if decay and self._is_decayed(variable):
                variable.assign_sub(variable * (rates[dtype] * decay), read_value=False)
            self.update_step(gradient, variable, prepared[dtype])
        if self.use_ema:
            self._average(variables)
        for variable in variables:
            if getattr(variable, "constraint", None) is not None:
                variable.assign(variable.constraint(variable))

    def _clip(self, gradients):
        if self.clipnorm is not None:
            return [tf.clip_by_norm(gradient, self.clipnorm) for gradient in gradients]
        if self.clipvalue is not None:
            return [tf.clip_by_value(gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        if self.global_clipnorm is not None:
            return tf.clip_by_global_norm(gradients, self.global_clipnorm)[0]
        return gradients

    def _is_decayed(self, variable):
        named = any(re.search(pattern, path_of(variable)) for pattern in self._undecayed_names)
        return not named and not any(variable is other for other in self._undecayed)

    def _average(self, variables):
        is_first = self.iterations == 0
        for variable in variables:
            average, value = self._averages[id(variable)], variable.read_value()
            mean = self.ema_momentum * average + (1 - self.ema_momentum) * value
            average.assign(tf.where(is_first, value, mean))
        if self.ema_overwrite_frequency:
            tf.cond(
                (self.iterations + 1) % self.ema_overwrite_frequency == 0,
                lambda: tf.group([variable.assign(self._averages[id(variable)]) for variable in variables]),
                tf.no_op,
            )
