"""`Input`: the symbol a model starts from."""

from engine import dtypes, spellings
from engine.core.layer import Layer
from engine.core.symbolic import Node, Symbol


class InputLayer(Layer):
    """The place where data enters a graph; it has no weights and changes nothing.

    Arguments: `shape` (without the batch axis), `batch_size`, `dtype` (a name), `batch_shape` (all axes), `name`.

    >>> from engine import InputLayer
    >>> InputLayer(shape=(8, 8)).output
    <Symbol shape=(None, 8, 8) dtype=float32 from 'input_layer'>
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, sparse=False, ragged=False, batch_shape=None,
                 optional=False, name=None, **kwargs):  # fmt: skip
        batch_shape = spellings.argument("batch_shape", batch_shape, kwargs)
        super().__init__(name=name, **kwargs)
        if (shape is None) == (batch_shape is None):
            raise ValueError("Input needs shape=(...) without the batch axis, or batch_shape=(...) with it, and not both.")
        if sparse or ragged or optional:
            raise ValueError("Input: sparse, ragged and optional inputs are not supported; give a dense tensor.")
        self.batch_shape = tuple(batch_shape) if batch_shape is not None else (batch_size, *spellings.as_shape(shape))
        self.input_dtype = dtype or dtypes.floatx()
        self.built = True
        symbol = Symbol(self.batch_shape, self.input_dtype, name=self.name)
        self._nodes.append(Node(self, (), {}, symbol))

    def call(self, inputs):
        return inputs

    def get_config(self):
        return {"batch_shape": self.batch_shape, "dtype": self._nodes[0].outputs.dtype.name, "sparse": False, "ragged": False,
                "optional": False, "name": self.name}  # fmt: skip


def Input(shape=None, batch_size=None, dtype=None, batch_shape=None, name=None):
    """A symbol to call layers on: the start of a functional model.

    Arguments: `shape` (without the batch axis; None where any size may come), `batch_size`, `dtype` (a name),
    `batch_shape` (all axes, in place of `shape`), `name` (by which dicts of inputs bind).

    >>> from engine import Input
    >>> Input((28, 28), name="image")
    <Symbol shape=(None, 28, 28) dtype=float32 from 'image'>
    """
    return InputLayer(shape, batch_size, dtype, batch_shape=batch_shape, name=name).output
