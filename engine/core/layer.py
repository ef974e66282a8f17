"""`Layer`: a computation with the variables it needs. Everything that computes is one.

    class Linear(Layer):
        def __init__(self, units):               # 1. keep the arguments
            super().__init__()
            self.units = units

        def build(self, input_shape):            # 2. make the weights, once, when the input's shape is known
            self.kernel = tf.Variable(tf.random.normal((input_shape[-1], self.units)))

        def call(self, inputs):                  # 3. compute
            return inputs @ self.kernel

What belongs to a layer is read off its attributes (see tracking.py); what happens around
`call` is the five steps of `__call__`.
"""

import numpy as np
import tensorflow as tf

from engine import constraints, dtypes, initializers, regularizers, spellings
from engine.core import building, calling, context, creation, given, naming, symbolic, tracking
from engine.core.input_spec import check_inputs
from engine.core.metric import Mean, Metric
from engine.random import SeedGenerator
from losses.ground import numerics
from losses.ground.configurable import Configurable, constructor_arguments, describe, serialize


class Layer(tracking.Tracked, Configurable):
    """The base of all layers and models.

    Arguments: `activity_regularizer` (a penalty on the outputs, divided by the batch size),
    `trainable`, `dtype` (a name or a policy such as "mixed_bfloat16"), `autocast` (cast floating inputs
    to that dtype), `name`; and for the first layer of a Sequential `input_shape` (without the
    batch axis) and `batch_size`, or `batch_shape` (all axes).

    Subclasses override `call`, and `build` if they have weights that depend on the input's shape.

    >>> import tensorflow as tf
    >>> from engine import Layer
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = tf.Variable(tf.fill([input_shape[-1]], 2.0))
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> scale = Scale()
    >>> scale(tf.ones((1, 3))).numpy()
    array([[2., 2., 2.]], dtype=float32)
    >>> [tuple(weight.shape) for weight in scale.trainable_weights]
    [(3,)]
    """

    keras_module = "keras.layers"
    built = False
    supports_masking = False
    input_spec = None
    autocast = True
    checks_values = False  # whether a call raises a ValueError for some values when it runs eagerly
    _trainable = True
    _untracked = frozenset({"_nodes", "_loss_functions", "_output_shapes"})

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        self.name = naming.checked(type(self), name)
        self.dtype_policy = dtypes.policy(dtype)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = spellings.flag(trainable)
        self._batch_input_shape = building.first_layer_shape(self, kwargs)
        self._loss_functions = []
        self._step_metrics = {}  # made by add_metric, by name
        self._loose_weights = []  # made by add_weight and not found on an attribute yet
        self._nodes = []  # calls on symbols
        self._output_shapes = None  # of the first call

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = building.build_once(cls.build)

    # ---- what subclasses override -----------------------------------------------------------

    def build(self, input_shape):
        """Make the weights for inputs of this shape (None where a size is unknown)."""

    def call(self, inputs):
        """The computation."""
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define `def call(self, inputs): ...`.")

    def compute_mask(self, inputs, previous_mask):
        """The mask of the outputs, from that of the inputs."""
        return previous_mask

    def compute_output_shape(self, input_shape):
        """The shape of the outputs for inputs of this shape, found by tracing `call`."""
        symbols = symbolic.from_shapes(input_shape, self.compute_dtype)
        self._ensure_built((symbols,), {})
        return calling.shape_of(symbolic.infer(self, (symbols,), {}))

    # ---- the call ---------------------------------------------------------------------------

    @tf.autograph.experimental.do_not_convert  # a user's tf.function has no need to translate all of the engine
    def __call__(self, *args, **kwargs):
        """Run the layer: on symbols, record a node; on data, convert, build once, call, penalise, report."""
        if "_loss_functions" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ did not call super().__init__(). Make it the first line of __init__."
            )
        if symbolic.contains_symbol(args, kwargs):
            return self._record(args, kwargs)
        args, kwargs = calling.convert(self, args, kwargs)
        self._ensure_built(args, kwargs)
        args, kwargs, training = calling.resolve_training(self, args, kwargs)
        kwargs = calling.pass_masks(self, args, kwargs)
        outer = context.state.call
        if outer is None:
            self._clear_losses()
        context.state.call = context.Call(self, training, outer)
        try:
            outputs = self.call(*args, **kwargs)
            self._finish_call(args, kwargs, outputs)
        except Exception as error:
            calling.add_note(error, self, args)
            raise
        finally:
            context.state.call = outer
        return outputs

    def _ensure_built(self, args, kwargs):
        if self.input_spec is not None and args:
            check_inputs(self, args[0])
        if not self.built:
            shapes, by_name = calling.build_shapes(self, args, kwargs)
            self.build(**shapes) if by_name else self.build(shapes)
            self.built = True
            if self.input_spec is not None and args:
                check_inputs(self, args[0])

    def _finish_call(self, args, kwargs, outputs):
        """Checks and side products of a call: masks, the activity penalty, the observers."""
        if outputs is None:
            raise ValueError(f"{self.title}: call() returned None, expected a tensor or a nest of tensors. Add `return`.")
        if self._output_shapes is None:
            self._output_shapes = calling.shape_of(outputs)
        inputs = args[0] if args else next(iter(kwargs.values()), None)
        mask = calling.masks_of(inputs)
        if self.supports_masking and (mask is not None or type(self).compute_mask is not Layer.compute_mask):
            calling.attach_masks(outputs, self.compute_mask(inputs, mask))
        if self.activity_regularizer is not None:
            for output in tf.nest.flatten(outputs):
                penalty = self.activity_regularizer(output)
                self.add_loss(penalty / tf.cast(tf.shape(output)[0], penalty.dtype))
        for observer in context.state.observers:
            observer(self, args, kwargs, outputs)

    def _record(self, args, kwargs):
        """Call on symbols: build if needed, find the shapes that come out, remember the node."""
        self._ensure_built(args, kwargs)
        node = symbolic.record(self, args, kwargs)
        self._clear_losses()  # those of the shape inference belong to a graph that is gone
        self._nodes.append(node)
        return node.outputs

    # ---- weights ----------------------------------------------------------------------------

    @spellings.name_first
    def add_weight(self, shape=None, initializer=None, dtype=None, trainable=True, regularizer=None, constraint=None,
                   name=None):  # fmt: skip
        """A new variable of this layer.

        Arguments: `shape` (() for a scalar), `initializer` (glorot_uniform for floating, zeros for other
        dtypes), `dtype` (the layer's variable dtype), `trainable`, `regularizer` (a penalty added to the
        losses), `constraint` (applied after each update), `name`.
        """
        dtype = tf.as_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.is_floating else "zeros"
        initializer, shape = initializers.get(initializer), building.static_shape(self, name, shape)
        with creation.outside():
            variable = tf.Variable(
                lambda: building.first_value(self, name, initializer, shape, dtype),
                dtype=dtype, shape=shape, trainable=spellings.flag(trainable), constraint=constraints.get(constraint),
                name=name or "variable",
            )  # fmt: skip
        variable.regularizer = regularizers.get(regularizer)
        self._loose_weights.append((name or f"weight_{len(self._loose_weights)}", variable))
        return variable

    @property
    def weights(self):
        """All variables of this layer and its sublayers: own trainable ones, own others, then each sublayer's."""
        return [weight.variable for weight in self.named_weights()]

    @property
    def trainable_weights(self):
        """The weights that training changes: trainable themselves, and so every layer that holds them."""
        return [weight.variable for weight in self.named_weights() if weight.trainable]

    @property
    def non_trainable_weights(self):
        """The weights that training leaves alone: state such as moving averages, and whatever is frozen."""
        return [weight.variable for weight in self.named_weights() if not weight.trainable]

    @property
    def variables(self):
        """The weights, and the state beside them: counters of random numbers, and metrics'."""
        layers = [layer for _, layer in self.named_layers()]
        seeds = [seed.state for layer in layers for seed in tracking.direct(layer, SeedGenerator)]
        metrics = [variable for metric in self.metrics for variable in metric.variables]
        return tracking.unique([*self.weights, *seeds, *metrics])

    @property
    def trainable_variables(self):
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self):
        """`variables` that training does not change by gradients."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.variables if id(variable) not in trained]

    def named_weights(self):
        """The weights as a list of (path, variable, trainable); the path is the way from here, `blocks.0.kernel`."""
        return tracking.weights(self, Layer)

    def named_layers(self):
        """This layer (path "") and all layers inside it, each once, as (path, layer)."""
        return list(tracking.descend(self, Layer))

    def get_weights(self):
        """The values of `weights`, as NumPy arrays."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights):
        """Assign `weights`, arrays as `get_weights` gives them. All are checked before any is assigned."""
        own, values = self.named_weights(), given.as_arrays(self, weights)
        if len(own) != len(values):
            hint = "" if self.built else " It is not built yet: call it on data once, or call build(shape)."
            raise ValueError(f"{self.title} has {len(own)} weights, received a list of {len(values)}.{hint}")
        for (path, variable, _), value in zip(own, values):
            if tuple(variable.shape) != value.shape:
                raise ValueError(
                    f"{self.title}: weight {path!r} has shape {tuple(variable.shape)}, received {value.shape}. "
                    "Nothing was assigned."
                )
        for (_, variable, _), value in zip(own, values):
            variable.assign(numerics.cast(value, variable.dtype))

    def count_params(self):
        """The number of scalars in `weights`."""
        if not self.built:
            raise ValueError(f"{self.title} is not built and has no weights to count. Call it on data once first.")
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    @property
    def trainable(self):
        """Whether training may change this layer; setting it sets it for all layers inside, at once."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        for _, layer in tracking.descend(self, Layer):
            layer._trainable = spellings.flag(value)

    # ---- losses and metrics from inside -----------------------------------------------------

    def add_loss(self, loss):
        """Add to what is minimised: a tensor (inside `call`), a list of them, or a function without arguments.

        A value belongs to one forward pass: the next one clears it. A function given outside of `call`
        is computed whenever `losses` is read.
        """
        for item in loss if isinstance(loss, (list, tuple)) else [loss]:
            if isinstance(item, symbolic.Symbol):
                raise TypeError(f"{self.title}.add_loss takes tensors. Only a functional Model takes symbols.")
            if callable(item) and not isinstance(item, tf.Variable) and context.state.call is None:
                self._loss_functions.append(item)
                continue
            context.state.losses.setdefault(self, []).append(tf.convert_to_tensor(item() if callable(item) else item))

    @property
    def losses(self):
        """Scalars to add to the loss: of `add_loss`, then one per regularized trainable weight."""
        return [value for _, value in self.named_losses()]

    def named_losses(self):
        """`losses` as a list of (name, value); the name is the path of the layer or the weight."""
        terms = []
        for path, layer in tracking.descend(self, Layer):
            values = [*context.state.losses.get(layer, ()), *(function() for function in layer._loss_functions)]
            for index, value in enumerate(values):
                name = tracking.join(path, "add_loss" if len(values) == 1 else f"add_loss_{index}")
                terms.append((name, tf.reduce_sum(value)))
        for path, variable, trainable in self.named_weights():
            regularizer = getattr(variable, "regularizer", None)
            if trainable and regularizer is not None:
                terms.append((tracking.join(path, "regularizer"), regularizer(variable)))
        return terms

    def _clear_losses(self):
        if context.state.losses:
            for _, layer in tracking.descend(self, Layer):
                context.state.losses.pop(layer, None)

    def add_metric(self, value, name=None, aggregation="mean"):
        """Report `value` beside the compiled metrics, under `name`, as its mean over the epoch (`aggregation="mean"`).

        A value that a Metric returned is reported by that metric and under its name, as in TensorFlow 2, whatever `name`
        says: `add_metric(self.accuracy(y, p), name="acc")` is "binary_accuracy" in the logs. A Metric itself is taken
        as it is. For these two `aggregation` may also be None.
        """
        source = getattr(value, "_metric", None)
        self._check_aggregation(aggregation, plain=source is None and not isinstance(value, Metric))
        if isinstance(value, Metric):
            self._step_metrics.setdefault(name or value.name, value)
            return
        if source is not None:
            if not any(source is metric for metric in self.metrics):
                self._step_metrics[name or source.name] = source
            return
        if name is None:
            raise ValueError(f"{self.title}.add_metric() needs `name=` for a value that no Metric returned.")
        if name not in self._step_metrics:
            self._step_metrics[name] = Mean(name=name)
        self._step_metrics[name].update_state(value)

    def _check_aggregation(self, aggregation, plain):
        if aggregation != "mean" and (plain or aggregation is not None):
            raise ValueError(f'{self.title}.add_metric(): aggregation is "mean", or None for what a Metric returned; '
                             f"received {aggregation!r} for a {'plain value' if plain else 'metric'}.")  # fmt: skip

    @property
    def metrics(self):
        """The metrics of this layer and of all layers inside it."""
        layers = [layer for _, layer in self.named_layers()]
        return tracking.unique(metric for layer in layers for metric in tracking.direct(layer, Metric))

    # ---- description ------------------------------------------------------------------------

    @property
    def dtype(self):
        """The dtype of the weights, as a name."""
        return self.dtype_policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self):
        """The dtype of the computation, as a name."""
        return self.dtype_policy.compute_dtype

    @property
    def input(self):
        """The symbols this layer was first called on."""
        return self._first_node().inputs[0] if len(self._first_node().inputs) == 1 else self._first_node().inputs

    @property
    def output(self):
        """The symbols that came out when this layer was first called on symbols."""
        return self._first_node().outputs

    def _first_node(self):
        if not self._nodes:
            raise ValueError(f"{self.title} was never called on symbols, so it has no input and output yet.")
        return self._nodes[0]

    @property
    def title(self):
        """Who this is, for messages: `Dense 'dense_1'`."""
        return f"{type(self).__name__} {self.__dict__.get('name')!r}"

    def __repr__(self):
        return f"<{self.title}{'' if self.built else ', not built'}>"

    def get_config(self):
        """The constructor's arguments as plain data. Arguments kept under their own names are found by themselves."""
        config = {"name": self.name, "trainable": self.trainable, "dtype": serialize(self.dtype_policy)}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = serialize(self.activity_regularizer)
        own = [name for name in constructor_arguments(type(self), below=Layer) if name not in config]
        if type(self).get_config is not Layer.get_config:  # a subclass adds what is not found here
            own = [name for name in own if hasattr(self, name)]
        return {**config, **describe(self, own)}

    @classmethod
    def from_config(cls, config):
        """The layer that `get_config` described; its constructor need not take `name`, `trainable` and `dtype`."""
        taken = constructor_arguments(cls)
        rest = {key: config[key] for key in ("name", "trainable", "dtype") if key in config and key not in taken}
        layer = cls(**{key: value for key, value in config.items() if key not in rest})
        layer.name = rest.get("name", layer.name)
        layer._trainable = rest.get("trainable", layer._trainable)
        layer.dtype_policy = dtypes.policy(rest.get("dtype", layer.dtype_policy))
        return layer

    def __setattr__(self, name, value):
        try:
            object.__setattr__(self, name, value)
        except AttributeError:
            raise AttributeError(
                f"{type(self).__name__}.{name} is computed by {Layer.__module__.split('.')[0]} and cannot be set. "
                "Choose another name for your attribute."
            ) from None

    def __getattr__(self, name):
        hint = ""
        if not self.built and not name.startswith("_"):
            hint = " It is not built yet: its weights are made when it is first called, or by build(shape)."
        raise AttributeError(f"{self.title} has no attribute {name!r}.{hint}")
