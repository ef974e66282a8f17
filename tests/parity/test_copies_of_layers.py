"""Every layer can be copied, by copy.deepcopy and by pickle: the copy computes the same, from variables of its own."""

import copy
import pickle

import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS

from engine.study import parity

FIRST = {row.part.name: row for row in reversed(ROWS) if row.raises is None}


@pytest.mark.parametrize("name", sorted(FIRST))
def test_copies_compute_the_same(name):
    with parity._float64():
        layer, (x, call) = parity._make(parity._Ours, FIRST[name]), FIRST[name].inputs()
        for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert not {id(variable) for variable in layer.variables} & {id(variable) for variable in other.variables}
            for mine, expected in zip(other.variables, copy.deepcopy(layer).variables, strict=True):
                np.testing.assert_array_equal(mine, expected)
            expected = copy.deepcopy(layer)(x, **call)  # each call draws the next random numbers
            for received, wanted in zip(tf.nest.flatten(other(x, **call)), tf.nest.flatten(expected), strict=True):
                np.testing.assert_array_equal(received, wanted)
