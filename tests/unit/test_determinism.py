"""Training where TensorFlow is told to run deterministic operations only. In a process of its own: it cannot be unsaid."""

import forked
import pytest

PROGRAM = """
import numpy as np
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
from engine import Sequential, callbacks, optimizers, set_seed
from layers import GRU, BatchNormalization, Conv1D, Dense, Dropout, Embedding

rng = np.random.default_rng(0)
tokens, y = rng.integers(0, 20, (44, 6)), rng.integers(0, 3, 44)

class Sequence:
    def __len__(self):
        return 6
    def __getitem__(self, i):
        return tokens[8 * i : 8 * i + 8], y[8 * i : 8 * i + 8]

DATA = {
    "arrays": lambda: dict(x=tokens, y=y, batch_size=8),
    "dataset": lambda: dict(x=tf.data.Dataset.from_tensor_slices((tokens, y)).shuffle(44).batch(8)),
    "generator": lambda: dict(x=iter(Sequence()[i % 6] for i in range(12)), steps_per_epoch=6),
    "sequence": lambda: dict(x=Sequence()),
}

def trained(kind, **how):
    set_seed(1)
    model = Sequential([Embedding(20, 4), Conv1D(4, 3, activation="relu"), BatchNormalization(), GRU(2), Dropout(0.3), Dense(3)])
    from losses import SparseCategoricalCrossentropy
    model.compile(optimizers.Adam(0.01), SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], **how)
    history = model.fit(**DATA[kind](), epochs=2, validation_data=DATA["dataset"]()["x"], verbose=0)
    assert all(np.isfinite(history.waiting)), history.waiting
    return [*history.history["loss"], *history.history["val_loss"], model.predict(tokens).sum(), model.evaluate(tokens, y, verbose=0)[0]]

for how in HOWS:
    for kind in DATA:
        first, second = trained(kind, **how), trained(kind, **how)
        assert first == second, (kind, how, first, second)
        assert np.isfinite(first).all()
"""


@pytest.mark.parametrize("how", ["{}", "dict(run_eagerly=True)"])
def test_fit_runs_and_repeats(how):
    forked.output("-c", PROGRAM.replace("HOWS", f"[{how}]"))
