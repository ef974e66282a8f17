"""`python -m engine.study parity` and what it says when something is missing; rows beside an older Keras."""

import keras
import pytest

from engine.study import older_keras, parity
from engine.study.__main__ import main

LAYER = """
import tensorflow as tf
from engine import Layer

class MyDense(Layer):
    def __init__(self, units, *, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units))
        self.bias = self.add_weight(shape=(self.units,))

    def call(self, inputs):
        return inputs @ self.kernel + self.bias
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """A function: the exit status and what is said of a command."""
    (tmp_path / "mylayer.py").write_text(LAYER)
    monkeypatch.chdir(tmp_path)

    def run(command):
        try:
            status = main(command.split())
        except SystemExit as end:
            status = end.code
        output = capsys.readouterr()
        return status, output.out + output.err

    return run


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("parity mylayer:MyDense --keras Dense", 2, "missing --shape 3,5 (of the input, the batch first) and --args units=VALUE"),
        ("parity mylayer:MyDense --keras Dense --shape 3,5", 2, "mylayer:MyDense: missing --args units=VALUE"),
        ("parity mylayer:MyDense --keras Dense --shape 3,5 --args units=4", 2, "Dense of Keras needs arguments: --keras Dense units=VALUE"),
        ("parity mylayer:MyDense --shape 3,5 --args units=4 --keras Dense units=4", 0, "gradient of kernel"),
        ("parity mylayer:MyDense --shape 3,5 --args units=4 --keras Dense units=4 activation=relu", 1, "DIFFERENT"),
        ("parity Dense --shape 3,5", 2, "Dense: missing --args units=VALUE"),
        ("parity Dense --args units=4", 2, "Dense: missing --shape"),
        ("parity Dense --shape 3,5 --args units=4", 0, "config"),
        ("parity Dense --shape 3x5 --args units=4", 2, "expected whole numbers with commas, the batch first, as in 3,5; received '3x5'"),
        ("gradcheck mylayer:MyDense", 2, "missing --shape 3,5 (of the input, the batch first) and --args units=VALUE"),
        ("gradcheck mylayer:MyDense --shape 3,5 --args units=2", 0, "ok"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_option(said, command, status, says):
    found, text = said(command)
    assert (found, says in text) == (status, True), text
    assert status != 2 or text.startswith("usage") or text.count("\n") == 1


class Older:
    """Keras as it was: without a layer, without an argument of another, and with a mistake that was mended since."""

    def __init__(self, library):
        self.library = library

    def __call__(self, module):
        library = self.library(module)
        if module != "layers":
            return library
        names = {name: getattr(library, name) for name in ("Dense", "Dropout", "ELU")}

        class Dense(names["Dense"]):
            def __init__(self, units, **kwargs):
                if kwargs.pop("use_bias", True) is not True:
                    raise ValueError("Unrecognized keyword arguments passed to Dense: use_bias")
                super().__init__(units, **kwargs)

            def get_config(self):
                return {key: value for key, value in super().get_config().items() if key != "use_bias"}

        class Dropout(names["Dropout"]):
            def call(self, *args, **kwargs):
                raise IndexError("a mistake")

        return type("Layers", (), {**names, "Dense": Dense, "Dropout": Dropout})


@pytest.fixture
def older(monkeypatch):
    monkeypatch.setattr(keras, "__version__", "3.10.0")
    monkeypatch.setattr(parity._Theirs, "library", staticmethod(Older(parity._Theirs.library)))


def test_beside_an_older_keras_what_it_has_is_compared(older):
    found = parity.check_row(parity.row("Dense", dict(units=3), x=(2, 5)))
    assert found.ok and any("gradient" in item.quantity for item in found.differences)
    assert not any("use_bias" in item.quantity for item in found.differences)
    assert any("config: number" in item.quantity for item in found.differences)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("Dense", dict(units=3, use_bias=False), "Keras 3.10.0 cannot do Dense.*use_bias"),
        ("Dropout", dict(rate=0.5), "Keras 3.10.0 cannot do Dropout.*a mistake"),
        ("Softmax", {}, "Keras 3.10.0 cannot do Softmax.*no attribute 'Softmax'"),
    ],
)
def test_what_an_older_keras_does_not_have_is_said(older, name, arguments, says):
    with pytest.raises(parity.NotInKeras, match=says):
        parity.check_row(parity.row(name, arguments, x=(2, 5)))


def test_beside_the_keras_of_the_tables_nothing_is_left_out(monkeypatch):
    monkeypatch.setattr(parity._Theirs, "library", staticmethod(Older(parity._Theirs.library)))
    monkeypatch.setattr(keras, "__version__", ".".join(map(str, older_keras.WRITTEN_FOR)) + ".0")
    with pytest.raises(ValueError, match="use_bias") as found:
        parity.check_row(parity.row("Dense", dict(units=3, use_bias=False), x=(2, 5)))
    assert not isinstance(found.value, parity.NotInKeras)
    with pytest.raises(parity.ParityError, match="config"):
        parity.check_row(parity.row("Dense", dict(units=3), x=(2, 5)))
