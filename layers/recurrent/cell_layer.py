"""RNN over one of our cells, with the cell's arguments as the layer's own: the base of SimpleRNN, GRU and LSTM."""

from engine.core.layer import Layer
from engine.small_parts.input_spec import InputSpec
from layers.recurrent.rnn import RNN
from losses.ground.configurable import constructor_arguments


class CellLayer(RNN):
    """`CellLayer(cell, ...)` is `RNN(cell, ...)` where `layer.units` reads `layer.cell.units`, also for the config."""

    def __init__(self, cell, use_cudnn="auto", **kwargs):
        super().__init__(cell, **kwargs)
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)

    def get_config(self):
        config = super().get_config()
        return {name: value for name, value in config.items() if name not in ("cell", "use_cudnn")}

    def __getattr__(self, name):
        cell = self.__dict__.get("cell")
        if cell is not None and name in constructor_arguments(type(cell), below=Layer):
            return getattr(cell, name)
        return super().__getattr__(name)
