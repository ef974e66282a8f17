"""Layers without arithmetic of their own: pass on, apply a function, penalise."""

import inspect

from engine import activations, regularizers
from engine.core.layer import Layer


class Identity(Layer):
    """`outputs = inputs`, of any structure: a place to name, or to put nothing where a layer is expected.

    >>> from layers import Identity
    >>> Identity()([[1.0, 2.0]]).numpy().tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return inputs


class Lambda(Layer):
    """Any function of tensors as a layer: `outputs = function(inputs, **arguments)`.

    `mask` and `training` are passed on if the function takes them. A variable that the function uses is not a
    weight of this layer; write a Layer with a `call` for that.

    Arguments: `function`; `output_shape` (accepted and not needed: shapes are found by tracing); `mask` (the mask
    of the outputs, or a function of inputs and mask; None: none); `arguments` (a dict, further arguments).
    Its config holds the function's name: it is made again if that is an activation's, or with
    `custom_objects={name: function}`.

    >>> import tensorflow as tf
    >>> from layers import Lambda
    >>> Lambda(tf.pow, arguments={"y": 2.0})([[3.0]]).numpy().tolist()
    [[9.0]]
    """

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self._title} takes a function, received {function!r}.")
        self.function = function
        self.output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        self._passed_on = [name for name in ("mask", "training") if name in inspect.signature(function).parameters]

    def call(self, inputs, mask=None, training=None):
        context = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: context[name] for name in self._passed_on})

    def compute_mask(self, inputs, previous_mask=None):
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self):
        config = {name: value for name, value in super().get_config().items() if value is not None}
        name = config["function"]
        described = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
        return {**config, "function": described if isinstance(name, str) else name}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "function": activations.get(config["function"])})


class ActivityRegularization(Layer):
    """`outputs = inputs`, and a penalty on them: `loss = (l1 * Σ |inputs| + l2 * Σ inputs²) / batch`.

    Shapes: any, the same comes out. No weights. Arguments: `l1`, `l2` (0: none).

    >>> from layers import ActivityRegularization
    >>> layer = ActivityRegularization(l1=0.5)
    >>> outputs = layer([[1.0, -3.0]])
    >>> [float(loss) for loss in layer.losses]
    [2.0]
    """

    def __init__(self, l1=0.0, l2=0.0, **kwargs):
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs):
        return inputs

    def get_config(self):
        config = super().get_config()
        config.pop("activity_regularizer")  # made of l1 and l2
        return config
