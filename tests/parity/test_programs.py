"""Programs drawn from seeds give the same numbers in Keras and here: see programs/."""

import functools

import keras
import pytest
from programs import exceptions, shrinking
from programs.differing import Difference, difference
from programs.draw import draw, draw_any


@pytest.mark.parametrize("seed", range(40))
def test_program(seed):
    found = difference(draw(seed))
    assert found is None, f"{found.text}\nSmaller: python -m tests.parity.programs --seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 2000, 50))
def test_fifty_programs(first):
    found = {seed: difference(draw(seed)) for seed in range(first, first + 50)}
    assert {seed: each.text for seed, each in found.items() if each is not None} == {}


def test_a_program_shrinks_to_what_matters(monkeypatch):
    found = Difference(("numbers",), "")
    wrong = {"layers.Dense", "clipnorm"}
    monkeypatch.setattr(shrinking, "difference", lambda program: found if all(
        exceptions.has(program, word) for word in wrong) else None)  # fmt: skip
    program = next(program for program in map(draw, range(100)) if all(exceptions.has(program, word) for word in wrong))
    smallest, _ = shrinking.shrink(program, found)
    assert len(smallest["model"]["nodes"]) == 1 and smallest["deeds"] == []
    assert "clipnorm" in exceptions.optimizer(smallest)[1] and not exceptions.has(smallest, "metrics", "callbacks")


def test_draws_are_many_and_repeat():
    programs = [draw(seed) for seed in range(300)]
    assert programs == [draw(seed) for seed in range(300)]
    for style in ("list", "graph", "subclass"):
        assert 40 < sum(program["model"]["style"] == style for program in programs)
    layers = {name for name in dir(keras.layers) if exceptions.has(programs, f"layers.{name}")}
    assert len(layers) > 45, sorted(layers)


@functools.cache
def excepted():
    """Programs to which one exception applies, each with it."""
    drawn = [draw_any(seed, 0) for seed in range(5000)]
    # Drawn optimizers say all that Keras would round: some that do not.
    drawn += [{**program, "optimizer": {"optimizers.Ftrl": {"learning_rate": 0.125}}} for program in drawn[:20]]
    # Models of one layer are few, and those that freeze it fewer.
    drawn += [{**program, "deeds": [{"do": "freeze", "nodes": program["model"]["outputs"]}, {"do": "fit", "epochs": 1}]}
              for program in drawn[:2000] if len(program["model"]["nodes"]) == 1]  # fmt: skip
    applying = [[each for each in exceptions.EXCEPTIONS if each.applies(program)] for program in drawn]
    return [(found[0], program) for found, program in zip(applying, drawn) if len(found) == 1]


def concerned(exception, count):
    """The first programs to which this exception applies and no other one."""
    return [program for found, program in excepted() if found is exception][:count]


@pytest.mark.parametrize("exception", exceptions.EXCEPTIONS, ids=lambda exception: exception.reason)
def test_exception_is_met(exception):
    assert concerned(exception, 1)


@pytest.mark.slow
@pytest.mark.parametrize("exception", exceptions.KERAS_IS_WRONG + exceptions.DOCUMENTED, ids=lambda each: each.reason)
def test_exception_is_needed(exception):
    assert any(difference(program) for program in concerned(exception, 12))
