"""`backend`: TensorFlow under the names of older code, each one line, so that `K.mean(K.square(y - p))` runs.

Today: call `tf` itself; each docstring here says what to write. All work on tensors, and on symbols in a functional model.
What kept sessions, phases and graphs has no meaning here and is left out.

>>> from engine.utils import backend as K
>>> K.mean(K.square([[1.0, 3.0]]), axis=-1).numpy().tolist()
[5.0]
"""

import tensorflow as tf

from engine import activations
from engine.dtypes import floatx, set_floatx
from engine.small_parts.naming import clear_session
from engine.utils.backend.computing import (
    argmax, argmin, batch_dot, binary_crossentropy, categorical_crossentropy, clip, dot, dropout, gradients,
    hard_sigmoid, l2_normalize, mean, pow, sparse_categorical_crossentropy, sqrt, std, var,
)  # fmt: skip
from engine.utils.backend.older import (
    conv1d, conv2d, ctc_batch_cost, ctc_decode, function, in_test_phase, in_train_phase, learning_phase, pool2d, print_tensor,
    set_image_data_format, set_learning_phase,
)  # fmt: skip
from engine.utils.backend.shapes import (
    batch_flatten, bias_add, concatenate, expand_dims, flatten, gather, in_top_k, one_hot, permute_dimensions, repeat,
    repeat_elements, resize_images, reverse, spatial_2d_padding, squeeze, switch, temporal_padding, tile,
)  # fmt: skip
from engine.utils.backend.tensors import (
    arange, batch_get_value, batch_set_value, cast, cast_to_floatx, constant, count_params, dtype, epsilon, eval, eye,
    get_value, image_data_format, int_shape, is_keras_tensor, ndim, ones, ones_like, random_bernoulli, random_normal,
    random_uniform, set_value, truncated_normal, update, update_add, update_sub, variable, zeros, zeros_like,
)  # fmt: skip

abs, all, any, sum, prod, max, min = (
    tf.abs, tf.reduce_all, tf.reduce_any, tf.reduce_sum, tf.reduce_prod, tf.reduce_max, tf.reduce_min)  # fmt: skip
cos, exp, log, round, sign, sin, square = tf.cos, tf.exp, tf.math.log, tf.round, tf.sign, tf.sin, tf.square
equal, not_equal, greater, greater_equal, less, less_equal = (
    tf.equal, tf.not_equal, tf.greater, tf.greater_equal, tf.less, tf.less_equal)  # fmt: skip
maximum, minimum, cumprod, cumsum, logsumexp = tf.maximum, tf.minimum, tf.math.cumprod, tf.cumsum, tf.reduce_logsumexp
map_fn, foldl, foldr, stack, stop_gradient = tf.map_fn, tf.foldl, tf.foldr, tf.stack, tf.stop_gradient
random_binomial = random_bernoulli
name_scope, reshape, shape, transpose = tf.name_scope, tf.reshape, tf.shape, tf.transpose
elu, relu, sigmoid, softmax, softplus, softsign, tanh = (
    activations.elu, activations.relu, tf.sigmoid, activations.softmax, tf.math.softplus, tf.nn.softsign, tf.tanh)  # fmt: skip

__all__ = [
    "abs", "all", "any", "arange", "argmax", "argmin", "batch_dot", "batch_flatten", "batch_get_value",
    "batch_set_value", "bias_add", "binary_crossentropy", "cast", "cast_to_floatx", "categorical_crossentropy",
    "clear_session", "clip", "concatenate", "constant", "conv1d", "conv2d", "cos", "count_params", "ctc_batch_cost", "ctc_decode",
    "cumprod", "cumsum", "dot", "dropout",
    "dtype", "elu", "epsilon", "equal", "eval", "exp", "expand_dims", "eye", "flatten", "floatx", "foldl", "foldr",
    "function", "gather", "get_value", "gradients", "greater", "greater_equal", "hard_sigmoid", "image_data_format", "in_test_phase", "in_top_k",
    "in_train_phase",
    "int_shape", "is_keras_tensor", "l2_normalize", "learning_phase", "less", "less_equal", "log", "logsumexp", "map_fn", "max",
    "maximum", "mean", "min", "minimum", "name_scope", "ndim", "not_equal", "one_hot", "ones", "ones_like",
    "permute_dimensions", "pool2d", "pow", "print_tensor", "prod", "random_bernoulli", "random_binomial", "random_normal", "random_uniform", "relu", "repeat",
    "repeat_elements", "reshape", "resize_images", "reverse", "round", "set_floatx", "set_image_data_format", "set_learning_phase", "set_value", "shape", "sigmoid",
    "sign", "sin", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy", "spatial_2d_padding", "sqrt",
    "square", "squeeze", "stack", "std", "stop_gradient", "sum", "switch", "tanh", "temporal_padding", "tile",
    "transpose", "truncated_normal", "update", "update_add", "update_sub", "var", "variable", "zeros", "zeros_like",
]  # fmt: skip
