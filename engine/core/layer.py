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

import functools

import tensorflow as tf

from engine import constraints, dtypes, hints, initializers, regularizers, spellings
from engine.core import calling, context, symbolic, tracking
from engine.core.metric import Mean, Metric
from engine.random import SeedGenerator
from engine.small_parts import creation, naming
from engine.small_parts.arrays import as_inputs
from engine.small_parts.copying import Copied
from engine.small_parts.described import Described
from engine.small_parts.input_spec import check_inputs
from engine.small_parts.signature import add_note, arguments_of_shapes, build_shapes, shape_of
from engine.small_parts.sizes import first_value, static_shape
from losses.ground.autograph import traceable, value_of
from losses.ground.masks import attach_masks, masks_of


class Layer(Copied, tracking.Tracked, Described):
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

    def __init__(self, *, activity_regularizer: hints.Part = None, trainable: bool = True, dtype: hints.DType = None,
                 autocast: bool = True, name: str | None = None, **kwargs: hints.Values) -> None:  # fmt: skip
        self.name = naming.checked(type(self), name)
        self.dtype_policy = dtypes.policy(dtype)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = spellings.flag(trainable)
        self._batch_input_shape = spellings.first_layer_shape(self, kwargs)
        self._loss_functions, self._nodes = [], []  # _nodes: calls on symbols
        self._step_metrics = {}  # made by add_metric, by name
        self._loose_weights = []  # made by add_weight and not found on an attribute yet
        self._output_shapes = None  # of the first call

    def __init_subclass__(cls, **kwargs: hints.Values) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = creation.build_once(cls.build)

    @hints.overridable
    def build(self, input_shape: hints.Shape) -> None:
        """Make the weights for inputs of this shape (None where a size is unknown)."""

    @hints.overridable
    def call(self, inputs: hints.Nest) -> hints.Nest:
        """The computation."""
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define `def call(self, inputs): ...`.")

    def compute_mask(self, inputs: hints.Nest, previous_mask: hints.Nest = None) -> hints.Nest:
        """The mask of the outputs, from that of the inputs."""
        return previous_mask

    def compute_output_shape(self, *shapes: hints.Shape, **named_shapes: hints.Shape) -> hints.Shape:
        """The shape of the outputs for inputs of this shape, found by tracing `call`.

        Of several inputs their shapes in order, or as `query_shape=` and so on, after the arguments of `call`.
        """
        make = functools.partial(symbolic.Symbol, dtype=self.compute_dtype)
        args, kwargs = arguments_of_shapes(self, shapes, named_shapes, make)
        self._ensure_built(args, kwargs)
        return shape_of(symbolic.infer(self, args, kwargs))

    @tf.autograph.experimental.do_not_convert  # a user's tf.function has no need to translate all of the engine
    def __call__(self, *args: hints.Nest, **kwargs: hints.Nest) -> hints.Nest:
        """Run the layer: on symbols, record a node; on data, convert, build once, call, penalise, report."""
        if "_loss_functions" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}.__init__ did not call super().__init__(). Make it the first line of __init__.")
        if symbolic.contains_symbol(args, kwargs):
            return self._record(args, kwargs)
        args, kwargs = as_inputs(self, args, kwargs)
        self._ensure_built(args, kwargs)
        args, kwargs, training = calling.resolve_training(self, args, kwargs)
        kwargs = calling.pass_masks(self, args, kwargs)
        outer = context.state.call
        if outer is None:
            self._clear_losses()
        context.state.call = context.Call(self, training, outer)
        try:
            outputs = traceable(self.call, *args, **kwargs)
            self._finish_call(args, kwargs, outputs)
        except Exception as error:
            add_note(error, self, args, context.state.call.root.layer)
            raise
        finally:
            context.state.call = outer
        return outputs

    def _ensure_built(self, args, kwargs):
        if self.input_spec is not None and args:
            check_inputs(self, args[0])
        if not self.built:
            shapes, by_name = build_shapes(self, args, kwargs)
            self.build(**shapes) if by_name else self.build(shapes)
            self.built = True
            if self.input_spec is not None and args:
                check_inputs(self, args[0])

    def _finish_call(self, args, kwargs, outputs):
        """Checks and side products of a call: masks, the activity penalty, the observers."""
        if outputs is None:
            raise ValueError(f"{self._title}: call() returned None, expected a tensor or a nest of tensors. Add `return`.")
        if self._output_shapes is None:
            self._output_shapes = shape_of(outputs)
        inputs = args[0] if args else next(iter(kwargs.values()), None)
        mask = masks_of(inputs)
        if type(self).compute_mask is not Layer.compute_mask or self.supports_masking and mask is not None:
            attach_masks(outputs, self.compute_mask(inputs, mask))
        if self.activity_regularizer is not None:
            for output in tf.nest.flatten(outputs):
                penalty = value_of(self.activity_regularizer, output)
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

    @spellings.name_first
    def add_weight(self, shape: hints.Shape = None, initializer: hints.Part = None, dtype: hints.DType = None,
                   trainable: bool = True, regularizer: hints.Part = None, constraint: hints.Part = None,
                   name: str | None = None) -> tf.Variable:  # fmt: skip
        """A new variable of this layer.

        Arguments: `shape` (() for a scalar), `initializer` (glorot_uniform for floating, zeros for other
        dtypes), `dtype` (the layer's variable dtype), `trainable`, `regularizer` (a penalty added to the
        losses), `constraint` (applied after each update), `name`.
        """
        dtype = tf.as_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.is_floating else "zeros"
        initializer, shape = initializers.get(initializer), static_shape(self, name, shape)
        with creation.outside():
            variable = tf.Variable(
                lambda: first_value(self, name, initializer, shape, dtype), dtype=dtype, shape=shape,
                trainable=spellings.flag(trainable), constraint=constraints.get(constraint), name=name or "variable",
            )  # fmt: skip
        variable.regularizer = regularizers.get(regularizer)
        self._loose_weights.append((name or f"weight_{len(self._loose_weights)}", variable))
        return variable

    @property
    def weights(self) -> list[tf.Variable]:
        """All variables of this layer and its sublayers: own trainable ones, own others, then each sublayer's."""
        return [weight.variable for weight in self.named_weights()]

    @property
    def trainable_weights(self) -> list[tf.Variable]:
        """The weights that training changes: trainable themselves, and so every layer that holds them."""
        return [weight.variable for weight in self.named_weights() if weight.trainable]

    @property
    def non_trainable_weights(self) -> list[tf.Variable]:
        """The weights that training leaves alone: state such as moving averages, and whatever is frozen."""
        return [weight.variable for weight in self.named_weights() if not weight.trainable]

    @property
    def variables(self) -> list[tf.Variable]:
        """The weights, and the state beside them: counters of random numbers, and metrics'."""
        layers = [layer for _, layer in self.named_layers()]
        seeds = [seed.state for layer in layers for seed in tracking.direct(layer, SeedGenerator)]
        metrics = [variable for metric in self.metrics for variable in metric.variables]
        return tracking.unique([*self.weights, *seeds, *metrics])

    def named_weights(self) -> list[tracking.Weight]:
        """The weights as a list of (path, variable, trainable); the path is the way from here, `blocks.0.kernel`."""
        return tracking.weights(self, Layer)

    def named_layers(self) -> list[tuple[str, "Layer"]]:
        """This layer (path "") and all layers inside it, each once, as (path, layer)."""
        return list(tracking.descend(self, Layer))

    @property
    def trainable(self) -> bool:
        """Whether training may change this layer; setting it sets it for all layers inside, at once."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for _, layer in tracking.descend(self, Layer):
            layer._trainable = spellings.flag(value)

    def add_loss(self, loss: hints.Nest) -> None:
        """Add to what is minimised: a tensor (inside `call`), a list of them, or a function without arguments.

        A value belongs to one forward pass: the next one clears it. A function given outside of `call`
        is computed whenever `losses` is read.
        """
        for item in loss if isinstance(loss, (list, tuple)) else [loss]:
            if isinstance(item, symbolic.Symbol):
                raise TypeError(f"{self._title}.add_loss takes tensors. Only a functional Model takes symbols.")
            if callable(item) and not isinstance(item, tf.Variable) and context.state.call is None:
                self._loss_functions.append(item)
                continue
            context.state.losses.setdefault(self, []).append(tf.convert_to_tensor(value_of(item) if callable(item) else item))

    @property
    def losses(self) -> list[tf.Tensor]:
        """Scalars to add to the loss: of `add_loss`, then one per regularized trainable weight."""
        return [value for _, value in self.named_losses()]

    def named_losses(self) -> list[tuple[str, tf.Tensor]]:
        """`losses` as a list of (name, value); the name is the path of the layer or the weight."""
        terms = []
        for path, layer in tracking.descend(self, Layer):
            values = [*context.state.losses.get(layer, ()), *(value_of(function) for function in layer._loss_functions)]
            for index, value in enumerate(values):
                name = tracking.join(path, "add_loss" if len(values) == 1 else f"add_loss_{index}")
                terms.append((name, tf.reduce_sum(value)))
        for path, variable, trainable in self.named_weights():
            regularizer = getattr(variable, "regularizer", None)
            if trainable and regularizer is not None:
                terms.append((tracking.join(path, "regularizer"), value_of(regularizer, variable)))
        return terms

    def _clear_losses(self):
        if context.state.losses:
            for _, layer in tracking.descend(self, Layer):
                context.state.losses.pop(layer, None)

    def add_metric(self, value: hints.Values, name: str | None = None, aggregation: str | None = "mean") -> None:
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
            raise ValueError(f"{self._title}.add_metric() needs `name=` for a value that no Metric returned.")
        if name not in self._step_metrics:
            self._step_metrics[name] = Mean(name=name)
        self._step_metrics[name].update_state(value)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of this layer and of all layers inside it."""
        return tracking.unique(metric for _, layer in self.named_layers() for metric in tracking.direct(layer, Metric))
