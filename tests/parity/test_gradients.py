"""The second witness: the gradients of every row against finite differences, without Keras.

Both sides of the parity tables get their gradients from TensorFlow's tape. Differences of outputs know nothing of it.
"""

import pytest
from rows import ROWS

from engine import dtypes
from engine.study.gradcheck import check_gradients

# Layers whose gradient is by design not that of their outputs.
BY_DESIGN = {
    "Masking": "steps equal to the mask value are dropped; that they could differ a little is not looked at",
    "CategoryEncoding": "floating class numbers are cut to integers",
    "SpectralNormalization": "in training the singular vectors are constants of the step",
    "RandomShear": "the gradient of TensorFlow's ImageProjectiveTransformV3 goes back through the inverse map",
    "BatchNormalization-renorm": "r and d are constants of the step",
}
GOOD = [row for row in ROWS if row.raises is None and not any(row.id.startswith(name) for name in BY_DESIGN)]


@pytest.fixture(autouse=True)
def in_float64():
    dtypes.set_floatx("float64")
    yield
    dtypes.set_floatx("float32")


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row.id)
def test_gradients(row):
    layer = row.make()
    x, call = row.inputs()
    layer(x, **call)
    layer.set_weights(row.random_weights(layer))
    second_order = row.smooth and layer.compute_dtype == "float64"
    report = check_gradients(layer, x, call=call, seed=row.seed, second_order=second_order)
    assert report.ok, str(report)
