"""Training on several devices gives the numbers of one: losses, gradients, weights, metrics, state; in float64."""

import re

import cases
import pytest
from printed import printed

EXACT = [name for name in cases.CASES if name not in cases.DIFFERENT]
FAST = ("softmax", "regularizers", "add_loss", "sample_weights", "synchronized", "masked", "global_clipnorm", "accumulation",
        "two_outputs", "metrics", "one_row_left", "tutorial", "on_nan", "dataset", "own_loss", "own_rows", "penalised",
        "long_stream", "watching", "watching_few", "deciding", "centred", "centred_stream")  # fmt: skip
OTHERS = ("resumed", "exchanges", "read_in_condition", "masks_alike", "mixed_up", "not_finite", "calls_traced", "slower",
          "with_callbacks", "half_precision")
SOME = ("softmax", "add_loss", "one_row_left")  # on four replicas and on one, in the fast tests


def compared(replicas):
    """What compare.py prints; one process for all."""
    return printed("compare.py", "2", *FAST, *cases.DIFFERENT, *OTHERS, "1", *SOME, "4", *SOME)[str(replicas)]


def on_two(name):
    return compared(2)[name]


@pytest.mark.parametrize("case", FAST)
def test_two_replicas(case):
    difference, where = on_two(case)
    assert difference < 1e-10, where


@pytest.mark.parametrize("case", SOME)
@pytest.mark.parametrize("replicas", (1, 4))
def test_one_and_four_replicas(replicas, case):
    difference, where = compared(replicas)[case]
    assert difference < 1e-10, where


@pytest.mark.slow
@pytest.mark.parametrize("case", EXACT)
@pytest.mark.parametrize("replicas", (2, 4))
def test_all_cases(replicas, case):
    difference, where = printed("compare.py", "2", *EXACT, "4", *EXACT)[str(replicas)][case]
    assert difference < 1e-10, where


@pytest.mark.parametrize("case", cases.DIFFERENT)
def test_what_is_per_replica_differs(case):
    """Also the proof that the comparison sees differences."""
    assert 1e-4 < on_two(case)[0] < float("inf"), on_two(case)


def test_a_checkpoint_goes_on_with_other_devices():
    difference, where = on_two("resumed")
    assert difference < 1e-10, where


# in a training step, in a test step, around a chunk of steps
EXCHANGES = {
    "softmax": [1, 0, 1],
    "sample_weights": [1, 0, 1],
    "two_outputs": [1, 0, 1],
    "random": [1, 0, 1],
    "regularizers": [1, 0, 1],
    "mean_with_weight": [2, 0, 1],  # the sum of the weights; evaluated without any
    "own_loss": [2, 1, 1],  # how many values it has, nobody knows
    "per_replica": [2, 0, 1],  # the moving averages
    "tutorial": [1, 0, 1],  # it reports results under the metrics' own names
    "centred": [2, 1, 1],  # a metric that the layer uses: one of the two times that it asks
    "watching": [6, 0, 2],  # results under other names, and those that the step uses; one of two dtypes
}


@pytest.mark.parametrize("case", EXCHANGES)
def test_gradients_are_all_that_a_step_exchanges(case):
    assert on_two("exchanges")[case] == EXCHANGES[case]


def test_a_metric_read_in_a_condition_is_refused_by_name():
    message = on_two("read_in_condition")
    assert message.startswith("ValueError: Metric 'error' is read inside of a condition") and "on 2 replicas" in message


def test_the_first_step_is_traced_once():
    """Also where it makes the weights and the slots: each replica calls the model once."""
    on_replicas, alone = on_two("calls_traced")
    assert on_replicas == 2 * alone


def test_each_replica_draws_its_own_numbers():
    assert 0.4 < on_two("masks_alike") < 0.6


def test_parts_made_outside_of_the_scope_are_refused():
    says = (r"'optimizer/iteration' \(slot\) was made outside of the scope of its MirroredStrategy",
            r"made in the scope of MirroredStrategy and is compiled in that of no strategy", r"Tutorial .* is compiled",
            r"Sequential .* has a copy of its weights on each device",
            r"jit_compile=True is for steps on one device; those of this MirroredStrategy run on 2 devices")
    for pattern, message in zip(says, on_two("mixed_up"), strict=True):
        assert message.startswith("ValueError") and re.search(pattern, message), message


def test_nan_guard_finds_the_row_of_the_whole_batch():
    message = on_two("not_finite")
    assert message.startswith("NonFiniteError") and "in step 2 of epoch 1. `x` of the batch is not finite in its rows [4]" in message


def test_a_callback_sets_the_rate_of_all_replicas():
    assert on_two("slower") == pytest.approx(0.05)  # halved twice


def test_callbacks_see_and_do_the_same():
    difference, where = on_two("with_callbacks")
    assert difference < 1e-10, where


def test_steps_that_overflow_are_skipped_by_all_replicas():
    difference, skipped, expected = on_two("half_precision")
    assert skipped == expected > 0 and difference < 5e-3
