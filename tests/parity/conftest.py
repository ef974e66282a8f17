"""What was otherwise in older versions of Keras: beside them the tests that compare it are left out, each with the reason."""

import re

import keras
import pytest

from engine.study.older_keras import is_older

# The first version that is as here; what the ids of the tests have in common; how it was before.
CHANGED = [
    ((3, 11), r"test_metrics.*curve=PRGAIN", "AUC has no such curve"),
    ((3, 12), r"test_metrics.*::test_state.*\[(?!Root).*x3-mask\d\]", "without weights the mask is left out"),
    ((3, 13), r"test_losses.*(mask\d+-|leaves_the_mean\[.*|with_a_pair\[)(mean|sum_over_batch_size)\]",
     "a mean divides by 1e-7 more than the number of values that count"),
    ((3, 13), r"test_optimizers.*::test_(weights|variables|arguments|config).*\[Muon", "Muon has other arguments and slots"),
    ((3, 14), r"test_optimizers.*::test_(weights|variables|arguments|config).*\[ScheduleFreeAdamW", "there is none"),
    ((3, 14), r"test_metrics.*(::test_con.*\[|\[(?=.*ignore_class))SparseCategoricalCrossentropy", "it has no ignore_class"),
    ((3, 15), r"test_metrics.*::test_state.*\[(Mean)?IoU.*-numbers-[\dx]+\]", "a negative class number is an error"),
    ((3, 15), r"test_layers.*(activity_regularizer|ActivityRegularization)", "a penalty of outputs is summed over the batch"),
    ((3, 15), r"test_layers.*LayerNormalization-axis=\(2,1\)", "gamma has its axes in the order in which they are given"),
]  # fmt: skip


def pytest_collection_modifyitems(items):
    for since, ids, before in CHANGED:
        if is_older(keras.__version__, than=since):
            for item in items:
                if re.search(ids, item.nodeid):
                    item.add_marker(pytest.mark.xfail(reason=f"Keras {keras.__version__}: {before}", strict=True))
