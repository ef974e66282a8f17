"""Random numbers belong to rows, not to devices: layers that draw them train as on one device. So does every other layer."""

import pytest
from catalogue import BY_ID, DRAWING
from printed import printed

WITHOUT_ROWS = "DepthwiseConv1D-kernel_size=3-depth_multiplier=2"  # TensorFlow's gradient is not zero then, but any number
FAST = tuple({name.partition("-")[0]: name for name in reversed(DRAWING)}.values())  # a row of each that draws
FAST += (WITHOUT_ROWS,)
CASES = ("random", "dropout", "mixed", "mixed_few")
ALL, PROCESSES = tuple(BY_ID), 16  # none of which takes too long
PARTS = [ALL[number::PROCESSES] for number in range(PROCESSES)]


def compared(replicas):
    """What compare.py prints; one process for all."""
    return printed("compare.py", "2", *CASES, "mixed_in_half", "4", *CASES, "resumed_random")[str(replicas)]


def check(found, name):
    difference, where = found[name]
    assert difference < 1e-10, where


@pytest.mark.parametrize("name", FAST)
def test_what_draws_on_three_replicas(name):
    """Of the last two rows one replica has none."""
    check(printed("every_layer.py", "3", *FAST), name)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("replicas", (2, 4))
def test_models_that_draw(replicas, name):
    """Merged axes, a layer of a user's, class weights, and predictions that draw too."""
    check(compared(replicas), name)


@pytest.mark.parametrize("policy, most", (("mixed_float16", 1e-3), ("mixed_bfloat16", 5e-3)))
def test_rows_are_mixed_in_16_bits(policy, most):
    assert compared(2)["mixed_in_half"][policy] < most


def test_a_checkpoint_of_four_goes_on_with_one():
    check(compared(4), "resumed_random")


@pytest.mark.slow
@pytest.mark.parametrize("replicas, part, name", [
    (2 + number % 3, part, name) for number, part in enumerate(PARTS) for name in part
])  # fmt: skip
def test_every_layer(replicas, part, name):
    """Each row on two, three or four replicas: batches of seven, seven and two rows, which none of these divides evenly."""
    check(printed("every_layer.py", str(replicas), *part), name)
