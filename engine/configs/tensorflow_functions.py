"""Functions of TensorFlow that a config may name, where Keras has no operation that says the same: `math.l2_normalize`.

    {"module": "tensorflow", "class_name": "TFOpLambda", "config": {"name": "l2_normalize", "function": "math.l2_normalize"}}

The name is TensorFlow's public one, the arguments are all in the node. A file may have been made by anybody, so here is the
one list of names: functions that compute tensors from tensors. None opens a file, runs Python or keeps anything.
"""

import functools
import inspect
import operator

import tensorflow as tf

from engine.functional import operators
from engine.small_parts.account import LAYER, spend

MODULE, CLASS_NAME = "tensorflow", "TFOpLambda"
_OLDER = "compat.v1."

_MODULES = ("bitwise", "image", "linalg", "math", "nn", "signal", "strings")
_OTHERS = frozenset(
    "argsort bitcast boolean_mask broadcast_to cast clip_by_norm clip_by_value complex concat debugging.check_numerics "
    "dynamic_partition dynamic_stitch ensure_shape expand_dims eye fill gather gather_nd identity linspace meshgrid norm one_hot "
    "ones ones_like pad random.categorical random.normal random.shuffle random.truncated_normal random.uniform range rank repeat "
    "reshape reverse reverse_sequence roll scatter_nd searchsorted sequence_mask shape size slice sort split squeeze stack "
    "stop_gradient strided_slice tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub "
    "tensor_scatter_nd_update tile transpose unstack where zeros zeros_like".split()
)


def _sections(value, num_or_size_splits, *_, **__):
    return num_or_size_splits if isinstance(num_or_size_splits, int) else 1  # a list is as long as the file that holds it


def _slices(value, num=None, axis=0, name=None):
    return value.shape[axis] or num or 1


_OUTPUTS = {"split": _sections, "unstack": _slices}  # of those that give many: how many


class TensorFlowFunction(operators.Function):
    """The operation of a node that was made by the function of this public name. ValueError where it may not be named."""

    def __init__(self, name):
        function = _functions().get(name) if isinstance(name, str) else None
        if function is None:
            raise ValueError(f"No function of TensorFlow that a config may name is called {name!r:.200}.")
        super().__init__(function, f"tf.{inspect.unwrap(function).__name__}")
        self.count = _OUTPUTS.get(name.removeprefix(_OLDER), lambda *args, **kwargs: 1)

    def __call__(self, *args, **kwargs):
        spend("a function of TensorFlow", memory=LAYER, steps=self.count(*args, **kwargs))
        return super().__call__(*args, **kwargs)


def public_name(function):
    """The name by which a config may call `function`, or None."""
    return next((name for name in _names(function) if name in _functions()), None)


@functools.cache
def _functions():
    """{name: function}; one that is in several modules has all its names."""
    table = {}
    for prefix, root in (("", tf), (_OLDER, tf.compat.v1)):
        held = [item for module in _MODULES if hasattr(root, module) for name, item in vars(getattr(root, module)).items() if name[0] != "_"]
        held += [operator.attrgetter(name)(root) for name in _OTHERS if hasattr(root, name.partition(".")[0])]
        for item in held:
            if inspect.isfunction(inspect.unwrap(item)):  # and no class
                table.update({name: item for name in _names(item) if name.startswith(_OLDER) == bool(prefix)})
    return table


def _names(function):
    """TensorFlow's public names of it. Some functions are recorded where they call that of TensorFlow 1."""
    plain = inspect.unwrap(function)
    return [*getattr(plain, "_tf_api_names", ()), *(_OLDER + name for name in getattr(plain, "_tf_api_names_v1", ()))]
