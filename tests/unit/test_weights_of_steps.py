"""Predictions `(N, T, 1)` with a weight for each of the steps, `(N, T)`, in all metrics that count."""

import keras
import numpy as np
import pytest

from engine import metrics

METRICS = [
    ("AUC", {}), ("Precision", {}), ("Recall", {"thresholds": [0.25, 0.75]}), ("TruePositives", {}),
    ("Precision", {"class_id": 0}), ("SensitivityAtSpecificity", {"specificity": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize("steps", [3, 4])  # 4: as many as rows, where a wrong broadcast would not be an error
@pytest.mark.parametrize("name, arguments", METRICS)
def test_metric(name, arguments, steps, in_float64):
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, (4, steps, 1)).astype(float), rng.uniform(size=(4, steps, 1))
    weights = rng.integers(1, 8, (4, steps)) / 4
    ours = getattr(metrics, name)(**arguments)
    theirs = getattr(keras.metrics, name)(**arguments)
    ours.update_state(y, p, sample_weight=weights)
    theirs.update_state(y, p, weights[..., None])
    np.testing.assert_allclose(np.asarray(ours.result()), np.asarray(theirs.result()), rtol=1e-6)
