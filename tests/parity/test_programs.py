"""Programs drawn from seeds give the same numbers in Keras and here: see programs/."""

import pytest
from programs.differing import difference
from programs.draw import draw


@pytest.mark.parametrize("seed", range(40))
def test_program(seed):
    found = difference(draw(seed))
    assert found is None, f"{found.text}\nSmaller: python -m tests.parity.programs --seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 2000, 50))
def test_fifty_programs(first):
    found = {seed: difference(draw(seed)) for seed in range(first, first + 50)}
    assert {seed: each.text for seed, each in found.items() if each is not None} == {}
