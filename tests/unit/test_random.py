"""Random numbers of a batch that several share: each draws those of its rows, and together they are those of one alone."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from engine.random import SeedGenerator, normal, uniform
from losses.ground import whole
from losses.ground.whole import Alone, Rows

MODES = {
    "eager": lambda draw: draw(),
    "traced": lambda draw: tf.function(draw, autograph=False)(),
    "xla": lambda draw: tf.function(draw, autograph=False, jit_compile=True)(),
}
ROUNDING = {tf.float16: 4e-3, tf.bfloat16: 3e-2, tf.float32: 4e-6, tf.float64: 1e-14}


class Member(Alone):
    """One of three who share a batch."""

    def __init__(self, rank, place):
        self.number, self.rows_here = rank, place

    def size(self):
        return 3

    def rank(self):
        return self.number

    def place(self):
        return self.rows_here


@contextlib.contextmanager
def group(member):
    before, whole.group = whole.group, member
    try:
        yield
    finally:
        whole.group = before


def contiguous(rows):
    borders = [rows * rank // 3 for rank in range(4)]
    return [Rows(tf.constant(start), tf.constant(stop - start)) for start, stop in zip(borders, borders[1:])]


def in_turn(rows):
    return [Rows(tf.constant(rank), tf.constant(len(range(rank, rows, 3))), 3) for rank in range(3)]


def together(draw, places, factor, row, mode="eager", **options):
    """What three draw, put in the order of the whole batch."""
    found = np.full((sum(int(place.count) for place in places) * factor, *row), np.nan)
    for rank, place in enumerate(places):
        with group(Member(rank, place)):
            pair = SeedGenerator(5).next()
            own = MODES[mode](lambda: draw((int(place.count) * factor, *row), pair, **options))  # noqa: B023
        numbers = int(place.first) + place.step * np.arange(int(place.count))
        found[(numbers[:, None] * factor + np.arange(factor)).ravel()] = tf.cast(own, tf.float64)
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("draw", (uniform, normal))
def test_parts_are_the_whole(draw, dtype, mode):
    for rows, factor, row in ((7, 1, (3, 5)), (2, 1, (3,)), (8, 3, ()), (7, 2, (4,))):
        expected = tf.cast(draw((rows * factor, *row), SeedGenerator(5).next(), dtype=dtype), tf.float64)
        for places in (contiguous(rows), in_turn(rows)):
            found = together(draw, places, factor, row, mode, dtype=dtype)
            if draw is uniform:
                np.testing.assert_array_equal(found, expected)
            else:  # sines of XLA and of TensorFlow round otherwise
                np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING[dtype])


@pytest.mark.parametrize("draw", (uniform, normal))
def test_what_belongs_to_no_row_is_the_same_for_all(draw):
    expected = draw((3, 2), SeedGenerator(5).next(), tf.float32)
    for rank, place in enumerate(contiguous(7)):
        with group(Member(rank, place)):
            np.testing.assert_array_equal(draw((3, 2), SeedGenerator(5).next(), tf.float32, per_row=False), expected)
            assert float(draw((), SeedGenerator(5).next(), tf.float32)) == float(draw((), SeedGenerator(5).next(), tf.float32))


@pytest.mark.parametrize("make", (tuple, list, tf.constant, tf.TensorShape, lambda sizes: tf.constant(sizes, tf.int64),
                                  lambda sizes: [sizes[0], tf.constant(sizes[1])]))  # fmt: skip
@pytest.mark.parametrize("draw", (uniform, normal))
def test_a_shape_comes_as_it_likes(draw, make):
    shape = make((4, 3))
    expected = draw((4, 3), SeedGenerator(5).next(), tf.float32)
    np.testing.assert_array_equal(draw(shape, SeedGenerator(5).next(), tf.float32), expected)
    with group(Member(0, Rows(0, 4))):
        np.testing.assert_array_equal(draw(shape, SeedGenerator(5).next(), tf.float32), expected)


def test_of_three_who_do_not_know_their_rows_none_draws_what_another_draws():
    """They take it that all have as many; and TensorFlow's own functions get pairs that differ."""
    drawn, pairs = [], []
    for rank in range(3):
        with group(Member(rank, Rows(rank, 1))):
            pairs.append(SeedGenerator(5).next().numpy().tolist())
            drawn.append(uniform((2, 3), SeedGenerator(5).next(), tf.float64))
    np.testing.assert_array_equal(np.concatenate(drawn), uniform((6, 3), SeedGenerator(5).next(), tf.float64))
    assert pairs == [[5, 0], [5, 2**32], [5, 2**33]]


def test_rows_that_are_no_multiple_of_the_batch_differ_too():
    """As where a step makes a model see half of its rows."""
    drawn = []
    for rank in range(3):
        with group(Member(rank, Rows(4 * rank, 4))):
            drawn.append(uniform((2, 3), SeedGenerator(5).next(), tf.float64).numpy())
    assert len(np.unique(drawn)) == 18
