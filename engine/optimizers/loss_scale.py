"""Loss scaling: training in float16, whose smallest number is 6e-8 and whose largest is 65504.

Gradients are often smaller than the former. So a multiple of the loss is differentiated, and the gradients divided
again, in float32. Whether the multiple was too large is seen when a gradient is infinite: then the step is not made,
and the next one tries a smaller multiple (Micikevicius et al., "Mixed precision training", 2018).
"""

import tensorflow as tf

from engine.core import tracking
from engine.optimizers.lookup import TABLE
from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks, creation, naming
from engine.small_parts.conditional import run_if
from engine.small_parts.gradients import as_dense, without_missing
from engine.small_parts.trackable import Trackable
from losses.ground import whole
from losses.ground.configurable import Configurable
from losses.ground.lookup import resolve

_SETTINGS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "ema_overwrite_frequency")


class LossScaleOptimizer(tracking.Tracked, Configurable):
    """An optimizer around another one, which it lets do without those steps whose gradients are not finite.

        gradients = ∂(loss · scale) / ∂weights / scale
        all finite ─► the inner optimizer's update;  after `dynamic_growth_steps` of them in a row  scale ← 2 · scale
        otherwise  ─► no update                                                                    scale ← scale / 2

    `compile` puts it around the optimizer of a model whose policy is "mixed_float16". Clipping and all else happens in
    the inner optimizer, after the division. Whatever this object has not (`learning_rate`, `iterations`, `clipnorm` ...)
    is read from and set on the inner one; so are further arguments, `LossScaleOptimizer("adam", clipnorm=1.0)`.

    A loop as TensorFlow 2 has it scales with `get_scaled_loss` and divides with `get_unscaled_gradients`; what is applied
    after that is not divided again.

    Arguments: `inner_optimizer` (an object or a name); `initial_scale` (32768, near the largest float16: it falls
    within a few steps to what the model can bear); `dynamic_growth_steps` (2000).
    State: `dynamic_scale`; `step_counter`, good steps since the scale has changed; `skipped_steps` of all.

    >>> import tensorflow as tf
    >>> from engine.optimizers import SGD, LossScaleOptimizer
    >>> weight = tf.Variable(1.0)
    >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=8.0)
    >>> for factor in (2.0, float("inf")):
    ...     with tf.GradientTape() as tape:
    ...         scaled = optimizer.scale_loss(weight * factor)
    ...     optimizer.apply([tape.gradient(scaled, weight)], [weight])
    >>> float(weight), float(optimizer.dynamic_scale), int(optimizer.skipped_steps)
    (0.0, 4.0, 1)
    """

    keras_module = "keras.optimizers"
    skips_bad_steps = True
    _keeps = "slot"
    _OWN = ("name", "inner_optimizer", "initial_scale", "dynamic_growth_steps", "dynamic_scale", "step_counter", "skipped_steps",
            "_are_unscaled")  # fmt: skip

    def __init__(self, inner_optimizer, initial_scale=2.0**15, dynamic_growth_steps=2000, name=None, **settings):
        inner_optimizer = resolve("optimizer", inner_optimizer, TABLE)
        if isinstance(inner_optimizer, LossScaleOptimizer) or getattr(inner_optimizer, "loss_scale_factor", None):
            raise ValueError(f"LossScaleOptimizer: {inner_optimizer!r} scales the loss already. Wrap a plain optimizer.")
        checks.one_positive(self, initial_scale=initial_scale)
        checks.count(self, 1, dynamic_growth_steps=dynamic_growth_steps)
        _change(inner_optimizer, {name: value for name, value in settings.items() if value is not None})
        self.name, self.inner_optimizer = name or naming.unique_name(type(self)), inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = float(initial_scale), dynamic_growth_steps
        self.step_counter = creation.variable(lambda: 0, tf.int32, "step_counter")
        self.dynamic_scale = creation.variable(lambda: self.initial_scale, tf.float32, "dynamic_scale")
        self.skipped_steps = creation.variable(lambda: 0, tf.int64, "skipped_steps")
        self._are_unscaled = False  # whether the gradients of the last scaled loss have been divided already

    @property
    def _own_state(self):
        return {"step_counter": self.step_counter, "dynamic_scale": self.dynamic_scale, "skipped_steps": self.skipped_steps}

    @property
    def variables(self):
        """The state of both optimizers."""
        return [*self._own_state.values(), *self.inner_optimizer.variables]

    def named_variables(self, paths):
        """As `Optimizer.named_variables`."""
        return {**self._own_state, **self.inner_optimizer.named_variables(paths)}

    def logs(self):
        """The scale and the number of steps that were left out so far."""
        return {"loss_scale": float(self.dynamic_scale.numpy()), "skipped_steps": int(self.skipped_steps.numpy())}

    def scale_loss(self, loss):
        """`loss * scale`: differentiate this, and `apply` divides the gradients again."""
        self._are_unscaled = False
        return loss * tf.cast(self.dynamic_scale, loss.dtype)

    def output_gradients(self, loss):
        """What the derivative of `loss` is multiplied by: the scale."""
        return self.scale_loss(tf.ones_like(loss))

    def get_scaled_loss(self, loss):
        """`loss * scale`, of a tensor or of a function that returns one."""
        return (lambda: self.scale_loss(loss())) if callable(loss) else self.scale_loss(loss)

    def get_unscaled_gradients(self, gradients):
        """The gradients of the loss, from those of the scaled one (None stays None). `apply` then takes them as they are."""
        self._are_unscaled = True
        return [None if gradient is None else divided(gradient, self.dynamic_scale) for gradient in gradients]

    @property
    def loss_scale(self):
        """The scale as it is now."""
        return self.dynamic_scale.read_value()

    @property
    def loss_scale_factor(self):
        """The scale as it is now."""
        return self.dynamic_scale.read_value()

    gradients = Optimizer.gradients
    unscale = Optimizer.unscale
    apply_gradients = Optimizer.apply_gradients

    @tf.autograph.experimental.do_not_convert
    def apply(self, grads, trainable_variables=None, weight=None, skip_gradients_aggregation=False):
        """One call with the gradients of the scaled loss; see `Optimizer.apply`."""
        inner = self.inner_optimizer
        variables = inner._weights if trainable_variables is None else list(trainable_variables)
        gradients, variables = without_missing(inner, list(grads), variables)
        gradients = [as_dense(gradient, variable) for gradient, variable in zip(gradients, variables)]
        gradients = gradients if skip_gradients_aggregation else whole.group.total(gradients)
        gradients = gradients if self._are_unscaled else self.unscale(gradients)
        is_finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]))
        run_if(is_finite, lambda: inner.apply(gradients, variables, weight, skip_gradients_aggregation=True))
        self._adapt(is_finite)

    def _adapt(self, is_finite):
        """The scale of the next step, and the counts."""
        scale = self.dynamic_scale.read_value()
        good_steps = self.step_counter + 1
        grows = is_finite & (good_steps == self.dynamic_growth_steps)
        self.step_counter.assign(tf.where(is_finite & ~grows, good_steps, 0))
        self.dynamic_scale.assign(tf.where(is_finite, tf.where(grows, 2.0 * scale, scale), 0.5 * scale))
        self.skipped_steps.assign_add(tf.cast(~is_finite, tf.int64))

    def constants(self):
        """All that a trace of the update holds fixed."""
        return (*self.inner_optimizer.constants(), self.dynamic_growth_steps, id(self))

    def __getattr__(self, name):
        if name in self._OWN or name.startswith(("__", "_self_")):  # not there yet, as the object is being made or copied
            raise AttributeError(name)
        return getattr(self.inner_optimizer, name)

    def __setattr__(self, name, value):
        if name in self._OWN or name.startswith("_self_") or hasattr(Trackable, name):  # TensorFlow's notes about files are each one's own
            object.__setattr__(self, name, value)
        else:
            setattr(self.inner_optimizer, name, value)

    def __repr__(self):
        return f"<LossScaleOptimizer around {self.inner_optimizer!r}>"


def divided(gradient, scale):
    """A gradient, or the rows of one, divided by `scale`."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(divided(gradient.values, scale), gradient.indices, gradient.dense_shape)
    return gradient / tf.cast(scale, gradient.dtype)


def _change(optimizer, settings):
    """Let `optimizer`, which was not used yet, be as if it had been made with these arguments as well."""
    for name in settings:
        if name not in _SETTINGS or optimizer.built:
            why = f"{optimizer!r} has seen weights already" if name in _SETTINGS else "it takes no such argument"
            raise ValueError(f"LossScaleOptimizer({name}=...): {why}. Give it to the optimizer inside: SGD({name}=...).")
    for name, value in settings.items():
        setattr(optimizer, name, value)
    checks.shared_arguments(optimizer)
