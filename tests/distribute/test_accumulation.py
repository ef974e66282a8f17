"""Gradients of micro-batches on several devices: the numbers of one, and one exchange for each update."""

import pytest
from printed import printed

CASES = ("accumulation", "accumulated", "accumulated_few", "accumulated_stream", "accumulated_twice", "accumulated_sums")
OTHERS = ("resumed_accumulation", "exchanges_of_updates")
# in a step with the update, in one without, around a chunk: of metrics, and of gradients that wait for their update
EXCHANGES = {"accumulation": [1, 0, 1, 1], "accumulated_stream": [1, 0, 1, 1], "accumulated_sums": [3, 2, 0, 1]}
EACH = ("accumulated_twice", "accumulated_on_nan")  # whose steps call the optimizer twice, or look at all gradients


def on_two(name):
    return printed("compare.py", "2", *CASES, *OTHERS)["2"][name]


@pytest.mark.parametrize("case", CASES)
def test_two_replicas(case):
    """Uneven batches, sample weights, rows of an embedding, own training steps; at the end of an epoch an update comes early."""
    difference, where = on_two(case)
    assert difference < 1e-10, where


def test_a_checkpoint_between_two_updates_goes_on_with_other_devices():
    difference, where = on_two("resumed_accumulation")
    assert difference < 1e-10, where


@pytest.mark.parametrize("case", EXCHANGES)
def test_gradients_are_exchanged_once_per_update(case):
    assert on_two("exchanges_of_updates")[case] == EXCHANGES[case]


@pytest.mark.parametrize("case", EACH)
def test_gradients_that_others_look_at_are_exchanged_in_each_step(case):
    assert on_two("exchanges_of_updates")[case] is None
