"""`Input`: the symbol a model starts from."""

from engine import dtypes, spellings
from engine.core.layer import Layer
from engine.core.symbolic import Node, Symbol
from engine.small_parts.sizes import check_start


class InputLayer(Layer):
    """The place where data enters a graph; it has no weights and changes nothing.

    Arguments: `shape` (without the batch axis), `batch_size`, `dtype` (a name), `batch_shape` (all axes), `optional` (None may
    be given in the place of data, and is what layers then get), `input_tensor` (a symbol, at which a graph is to begin, in place
    of a shape), `name`.

    >>> from engine import InputLayer
    >>> InputLayer(shape=(8, 8)).output
    <Symbol shape=(None, 8, 8) dtype=float32 from 'input_layer'>
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, sparse=False, ragged=False, batch_shape=None,
                 optional=False, input_tensor=None, name=None, **kwargs):  # fmt: skip
        shape, batch_shape = (spellings.argument(*pair, kwargs) for pair in (("shape", shape), ("batch_shape", batch_shape)))
        super().__init__(name=name, **kwargs)
        check_start(shape, batch_shape, input_tensor, Symbol, dense=not (sparse or ragged))
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype.name
        self.batch_shape = tuple(batch_shape) if batch_shape is not None else (batch_size, *spellings.as_shape(shape))
        self.input_dtype, self.optional = dtype or dtypes.floatx(), optional
        self.built = True
        symbol = Symbol(self.batch_shape, self.input_dtype, name=self.name) if input_tensor is None else input_tensor
        self._nodes.append(Node(self, (), {}, symbol))

    def call(self, inputs):
        return inputs

    def get_config(self):
        return {"batch_shape": self.batch_shape, "dtype": self._nodes[0].outputs.dtype.name, "sparse": False, "ragged": False,
                "optional": self.optional, "name": self.name}  # fmt: skip


def Input(shape=None, batch_size=None, dtype=None, batch_shape=None, name=None, optional=False, tensor=None):
    """A symbol to call layers on: the start of a functional model.

    Arguments: `shape` (without the batch axis; None where any size may come), `batch_size`, `dtype` (a name),
    `batch_shape` (all axes, in place of `shape`), `name` (by which dicts of inputs bind), `optional` (None may come in the
    place of data), `tensor` (a symbol to begin at, in place of a shape).

    >>> from engine import Input
    >>> Input((28, 28), name="image")
    <Symbol shape=(None, 28, 28) dtype=float32 from 'image'>
    """
    return InputLayer(shape, batch_size, dtype, batch_shape=batch_shape, optional=optional, input_tensor=tensor, name=name).output
