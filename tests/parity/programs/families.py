"""The layers that programs are made of: for each rank of a shape (without the batch), functions
`(dice, shape) → (part, shape of the outputs)`, or None where the layer does not fit the shape.

Factors are powers of two: Keras rounds some of them to float32, and these lose nothing.
"""

import math

REGULARIZERS = [
    {"regularizers.L1": {"l1": 2.0**-5}}, {"regularizers.L2": {"l2": 2.0**-4}},
    {"regularizers.L1L2": {"l1": 2.0**-6, "l2": 2.0**-5}},
]  # fmt: skip
CONSTRAINTS = [
    {"constraints.MaxNorm": {"max_value": 0.75}}, {"constraints.UnitNorm": {}}, {"constraints.NonNeg": {}},
    {"constraints.MinMaxNorm": {"min_value": 0.25, "max_value": 1.0, "rate": 0.5}},
]  # fmt: skip
ACTIVATIONS = ["relu", "tanh", "sigmoid", "softplus", "elu", "silu", "softsign", "gelu", "softmax", "leaky_relu",
               "hard_sigmoid", "mish", "exponential", "relu6", "log_softmax"]  # fmt: skip
INITIALIZERS = ["he_normal", "ones", {"initializers.RandomUniform": {"seed": 3}}, {"initializers.Constant": {"value": 0.5}}]


def weighted(dice, *names, activation=True):
    """Arguments that layers with weights have in common; `names`: of the weights."""
    choices = {"activation": ACTIVATIONS} if activation else {}
    found = dice.options(0.4, **choices)
    for name in names:
        found |= dice.options(0.15, **{f"{name}_regularizer": REGULARIZERS, f"{name}_constraint": CONSTRAINTS,
                                       f"{name}_initializer": INITIALIZERS})  # fmt: skip
    return found | dice.options(0.12, activity_regularizer=REGULARIZERS)


def same(name, fixed=None, **choices):
    """A layer that keeps the shape; `fixed`: arguments that it always has; `choices`: options of others."""
    return lambda dice, shape: ({f"layers.{name}": {**(fixed or {}), **dice.options(0.4, **choices)}}, shape)


# ---- of any rank -------------------------------------------------------------------------------


def dense(dice, shape):
    units = dice.whole(1, 4)
    arguments = {"units": units, **weighted(dice, "kernel", "bias"), **dice.options(use_bias=[False])}
    return {"layers.Dense": arguments}, [*shape[:-1], units]


def activation(dice, shape):
    return {"layers.Activation": {"activation": dice.one_of(ACTIVATIONS)}}, shape


def prelu(dice, shape):
    arguments = {"alpha_initializer": {"initializers.Constant": {"value": 0.25}}}
    return {"layers.PReLU": arguments | dice.options(alpha_regularizer=REGULARIZERS)}, shape


def activity(dice, shape):
    return {"layers.ActivityRegularization": {"l1": 2.0**-6, **dice.options(l2=[2.0**-5])}}, shape


def own(dice, shape):
    return {"own.Scale": dice.options(0.5, penalty=[0.125])}, shape


def flatten(dice, shape):
    return {"layers.Flatten": {}}, [math.prod(shape)]


ANY = [
    dense, dense, dense, activation, prelu, activity, own, same("Identity"), same("Dropout", {"rate": 0.0}),
    same("BatchNormalization", momentum=[0.75], epsilon=[2.0**-8], center=[False], scale=[False],
         beta_regularizer=REGULARIZERS, gamma_constraint=CONSTRAINTS[:1]),
    same("LayerNormalization", epsilon=[2.0**-8], center=[False], scale=[False], gamma_regularizer=REGULARIZERS),
    same("ReLU", negative_slope=[0.25], max_value=[1.5], threshold=[0.25]), same("ELU"), same("LeakyReLU"),
    same("UnitNormalization"), same("Softmax"), same("Rescaling", {"scale": 0.5}, offset=[0.25]),
    same("GaussianNoise", {"stddev": 0.0}),
]  # fmt: skip


# ---- vectors -----------------------------------------------------------------------------------


def einsum(dice, shape):
    units = dice.whole(2, 3)
    arguments = {"equation": "ab,bc->ac", "output_shape": units, "bias_axes": "c"}
    return {"layers.EinsumDense": arguments | weighted(dice, "kernel", "bias")}, [units]


def repeat(dice, shape):
    return {"layers.RepeatVector": {"n": 3}}, [3, *shape]


def into_steps(dice, shape):
    if shape[0] % 2 or shape[0] < 4:
        return None
    return {"layers.Reshape": {"target_shape": [shape[0] // 2, 2]}}, [shape[0] // 2, 2]


VECTORS = [einsum, repeat, into_steps]


# ---- sequences ---------------------------------------------------------------------------------


def recurrent(name, **choices):
    def draw(dice, shape):
        units = dice.whole(1, 3)
        arguments = {"units": units, **weighted(dice, "kernel", "recurrent", "bias", activation=False)}
        arguments |= dice.options(return_sequences=[True], go_backwards=[True], use_bias=[False], activation=["softsign"],
                                  zero_output_for_mask=[True], **choices)  # fmt: skip
        return {f"layers.{name}": arguments}, [shape[0], units] if "return_sequences" in arguments else [units]

    return draw


gru = recurrent("GRU", reset_after=[False], recurrent_activation=["tanh"])
lstm = recurrent("LSTM", unit_forget_bias=[False])
simple = recurrent("SimpleRNN")


def bidirectional(dice, shape):
    inner, outputs = dice.one_of([lstm, gru])(dice, shape)
    arguments = next(iter(inner.values()))
    arguments.pop("go_backwards", None)
    arguments.pop("zero_output_for_mask", None)
    arguments.pop("activity_regularizer", None)
    mode = dice.one_of(["concat", "sum", "ave", "mul"])
    outputs = [*outputs[:-1], outputs[-1] * (2 if mode == "concat" else 1)]
    return {"layers.Bidirectional": {"layer": inner, "merge_mode": mode}}, outputs


def stacked(dice, shape):
    cells = [dice.one_of(["GRUCell", "LSTMCell", "SimpleRNNCell"]) for _ in range(dice.whole(1, 2))]
    arguments = {"cell": [{f"layers.{name}": {"units": 2, **dice.options(use_bias=[False])}} for name in cells]}
    arguments |= dice.options(0.4, return_sequences=[True], go_backwards=[True])
    return {"layers.RNN": arguments}, [shape[0], 2] if "return_sequences" in arguments else [2]


def each_step(dice, shape):
    inner, outputs = dense(dice, shape[1:])
    return {"layers.TimeDistributed": {"layer": inner}}, [shape[0], *outputs]


def conv1d(dice, shape):
    filters, padding = dice.whole(1, 3), dice.one_of(["same", "causal", "valid"])
    if padding == "valid" and shape[0] < 3:
        return None
    arguments = {"filters": filters, "kernel_size": 2, "padding": padding, **weighted(dice, "kernel", "bias")}
    return {"layers.Conv1D": arguments}, [shape[0] - (padding == "valid"), filters]


def separable1d(dice, shape):
    arguments = {"filters": 2, "kernel_size": 2, "padding": "same", **weighted(dice, "depthwise", "pointwise", "bias")}
    return {"layers.SeparableConv1D": arguments}, [shape[0], 2]


def transposed1d(dice, shape):
    arguments = {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same", **weighted(dice, "kernel", "bias")}
    return {"layers.Conv1DTranspose": arguments}, [2 * shape[0], 2]


def pool1d(dice, shape):
    if shape[0] < 2:
        return None
    return {f"layers.{dice.one_of(['Max', 'Average'])}Pooling1D": {"pool_size": 2}}, [shape[0] // 2, shape[1]]


def global_pool1d(dice, shape):
    return {f"layers.Global{dice.one_of(['Max', 'Average', 'Average'])}Pooling1D": {}}, [shape[1]]


def length(name, change, **arguments):
    """A layer that changes the number of steps."""
    return lambda dice, shape: ({f"layers.{name}": arguments}, [change(shape[0]), shape[1]])


def permute(dice, shape):
    return {"layers.Permute": {"dims": [2, 1]}}, shape[::-1]


def group_norm(dice, shape):
    return {"layers.GroupNormalization": {"groups": -1, **dice.options(epsilon=[2.0**-8])}}, shape


SEQUENCES = [
    gru, lstm, simple, stacked, bidirectional, each_step, conv1d, separable1d, transposed1d, pool1d, global_pool1d, global_pool1d,
    flatten, permute, group_norm, same("Masking"), same("Masking"), same("SpatialDropout1D", {"rate": 0.0}),
    length("UpSampling1D", lambda steps: 2 * steps, size=2),
    length("ZeroPadding1D", lambda steps: steps + 1, padding=[1, 0]),
    length("Cropping1D", lambda steps: steps - 1, cropping=[0, 1]),
]  # fmt: skip


# ---- images ------------------------------------------------------------------------------------


def conv2d(dice, shape):
    filters = dice.whole(1, 3)
    arguments = {"filters": filters, "kernel_size": [2, 3], "padding": "same", **weighted(dice, "kernel", "bias"),
                 **dice.options(use_bias=[False], dilation_rate=[2])}  # fmt: skip
    return {"layers.Conv2D": arguments}, [*shape[:2], filters]


def depthwise(dice, shape):
    arguments = {"kernel_size": 2, "padding": "same", "depth_multiplier": 2, **weighted(dice, "depthwise", "bias")}
    return ({"layers.DepthwiseConv2D": arguments}, [*shape[:2], 2 * shape[2]]) if shape[2] < 4 else None


def separable2d(dice, shape):
    arguments = {"filters": 2, "kernel_size": 2, "padding": "same", **weighted(dice, "depthwise", "pointwise", "bias")}
    return {"layers.SeparableConv2D": arguments}, [*shape[:2], 2]


def transposed2d(dice, shape):
    arguments = {"filters": 2, "kernel_size": 3, "padding": "same", **weighted(dice, "kernel", "bias")}
    return {"layers.Conv2DTranspose": arguments}, [*shape[:2], 2]


def pool2d(dice, shape):
    if min(shape[:2]) < 2:
        return None
    return {f"layers.{dice.one_of(['Max', 'Average'])}Pooling2D": {"pool_size": 2}}, [shape[0] // 2, shape[1] // 2, shape[2]]


def global_pool2d(dice, shape):
    return {f"layers.Global{dice.one_of(['Max', 'Average'])}Pooling2D": {}}, [shape[2]]


def rows_as_steps(dice, shape):
    return {"layers.Reshape": {"target_shape": [shape[0], shape[1] * shape[2]]}}, [shape[0], shape[1] * shape[2]]


def area(name, change, **arguments):
    """A layer that changes height and width."""

    def draw(dice, shape):
        return {f"layers.{name}": arguments}, [change(shape[0]), change(shape[1]), shape[2]]

    return draw


IMAGES = [conv2d, conv2d, depthwise, separable2d, transposed2d, pool2d, pool2d, global_pool2d, flatten, flatten,
          rows_as_steps, group_norm, same("SpatialDropout2D", {"rate": 0.0}),
          area("ZeroPadding2D", lambda size: size + 1, padding=[[1, 0], [0, 1]]),
          area("Cropping2D", lambda size: size - 1, cropping=[[1, 0], [0, 1]]),
          area("UpSampling2D", lambda size: 2 * size, size=2)]  # fmt: skip

BY_RANK = {1: ANY + VECTORS, 2: ANY + SEQUENCES, 3: ANY + IMAGES}
MERGING = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]


def merge(dice, one, other):
    """A layer over two shapes: (part, shape), or None where they do not fit."""
    if one[:-1] != other[:-1]:
        return None
    if len(one) == 2 and dice.chance(0.2):
        arguments = {"num_heads": 2, "key_dim": 1, **dice.options(use_bias=[False], value_dim=[2], kernel_regularizer=REGULARIZERS)}
        return {"layers.MultiHeadAttention": arguments}, one
    if len(one) == 2 and one[-1] == other[-1] and dice.chance(0.3):
        return {f"layers.{dice.one_of(['Attention', 'AdditiveAttention'])}": {}}, one
    name = dice.one_of(MERGING) if one[-1] == other[-1] else "Concatenate"
    return {f"layers.{name}": {}}, [*one[:-1], one[-1] + other[-1]] if name == "Concatenate" else one
