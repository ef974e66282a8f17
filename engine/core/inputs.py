"""`Input`: the symbol a model starts from."""

from engine import dtypes, spellings
from engine.core.layer import Layer
from engine.core.symbolic import Node, Symbol
from engine.small_parts.kinds import kind_named
from engine.small_parts.sizes import check_start


class InputLayer(Layer):
    """The place where data enters a graph; it has no weights and changes nothing.

    Arguments: `shape` (without the batch axis), `batch_size`, `dtype` (a name), `sparse` or `ragged` (what kind of
    tensor comes), `batch_shape` (all axes), `optional` (None may be given in the place of data, and is what layers then get),
    `input_tensor` (a symbol, at which a graph is to begin, in place of a shape), `name`.

    >>> from engine import InputLayer
    >>> InputLayer(shape=(8, 8)).output
    <Symbol shape=(None, 8, 8) dtype=float32 from 'input_layer'>
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, sparse=False, ragged=False, batch_shape=None,
                 optional=False, input_tensor=None, name=None, **kwargs):  # fmt: skip
        shape, batch_shape = (spellings.argument(*pair, kwargs) for pair in (("shape", shape), ("batch_shape", batch_shape)))
        super().__init__(name=name, **kwargs)
        check_start(shape, batch_shape, input_tensor, Symbol)
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype.name
        self.batch_shape = tuple(batch_shape) if batch_shape is not None else (batch_size, *spellings.as_shape(shape))
        self.input_dtype, self.optional = dtype or dtypes.floatx(), optional
        self.built = True
        made = Symbol(self.batch_shape, self.input_dtype, self.name, None, kind_named(sparse, ragged))
        self._nodes.append(Node(self, (), {}, made if input_tensor is None else input_tensor))

    def call(self, inputs):
        return inputs

    def get_config(self):
        symbol = self._nodes[0].outputs
        return {"batch_shape": self.batch_shape, "dtype": symbol.dtype.name, "sparse": symbol.kind == "sparse",
                "ragged": symbol.kind == "ragged", "optional": self.optional, "name": self.name}  # fmt: skip


def Input(shape=None, batch_size=None, dtype=None, sparse=False, ragged=False, batch_shape=None, name=None, tensor=None,
          optional=False):  # fmt: skip
    """A symbol to call layers on: the start of a functional model.

    Arguments: `shape` (without the batch axis; None where any size may come), `batch_size`, `dtype` (a name),
    `sparse` or `ragged` (what kind of tensor comes), `batch_shape` (all axes, in place of `shape`), `name` (by which dicts of
    inputs bind), `tensor` (a symbol to begin at, in place of a shape), `optional` (None may come in the place of data).

    >>> from engine import Input
    >>> Input((28, 28), name="image")
    <Symbol shape=(None, 28, 28) dtype=float32 from 'image'>
    """
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, optional, tensor, name).output
