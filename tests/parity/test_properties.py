"""What every layer can do beside being right: any batch, any sizes, any float; compiled, with XLA; copied and saved.

The rows are those of the tables: the first of each layer, and its first in training where there is one.
"""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS

import layers
from engine import dtypes
from engine.saving.weights import load_weights, save_weights
from engine.state import state_of
from engine.study.parity import check_row
from losses.ground.masks import get_mask, set_mask

OTHER_SIZES_IMPOSSIBLE = {"Reshape": "the target shape has a fixed number of elements"}
SIZES_MUST_BE_KNOWN = {
    "ConvLSTM1D": "the first state is made for images of known size",
    "ConvLSTM2D": "the first state is made for images of known size",
    "ConvLSTM3D": "the first state is made for images of known size",
}
NOT_IN_XLA = {
    "RandomTranslation": "TensorFlow's ImageProjectiveTransformV3 cannot be compiled",
    "RandomZoom": "TensorFlow's ImageProjectiveTransformV3 cannot be compiled",
    "RandomShear": "TensorFlow's ImageProjectiveTransformV3 cannot be compiled",
}
IN_FLOAT32 = {"Resizing": "TensorFlow interpolates in float32, whatever the images are"}
# How far the outputs may be from those in float64, relative to the largest one: about ten units in the last place.
NARROW = {"float32": 1e-5, "float16": 0.01, "bfloat16": 0.08}
SAME = {"float64": 1e-9, "float32": 1e-5}  # two ways to compute one thing; some layers exist in float32 only


def first_of_each_layer(rows):
    return {getattr(layers, row.part.name): row for row in reversed(rows) if row.raises is None}


FIRST = first_of_each_layer(ROWS)
IN_TRAINING = first_of_each_layer([
    row for row in ROWS if (row.training or row.call.get("training")) and not row.part.arguments.get("stateful")
])  # fmt: skip
ONE_EACH, BOTH = list(FIRST.values()), list({id(row): row for row in [*FIRST.values(), *IN_TRAINING.values()]}.values())
MOST = list({**FIRST, **IN_TRAINING}.values())  # that in training, where there is one


def by_rows(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.id)


@pytest.fixture(autouse=True)
def default_dtype():
    yield
    dtypes.set_floatx("float32")


def one_sample(row):
    """The row with a batch of one, and where nothing else hangs on the sizes, with odd ones: 2, 3, 4 become 3, 5, 7."""
    fixed = row.masks is not None or row.part.name in {**OTHER_SIZES_IMPOSSIBLE, **SIZES_MUST_BE_KNOWN}

    def grown(shape):
        return (1, *(size if fixed else 2 * size - 1 for size in shape[1:-1]), *shape[1:][-1:])

    def change(spec, shape_of):
        if isinstance(spec, dict):
            return {key: change(item, shape_of) for key, item in spec.items()}
        if isinstance(spec, list):
            return [change(item, shape_of) for item in spec]
        return shape_of(spec) if isinstance(spec, tuple) else spec[:1] if isinstance(spec, np.ndarray) else spec

    x, call, masks = change(row.x, grown), change(row.call, lambda shape: (1, *shape[1:])), change(row.masks, None)
    return dataclasses.replace(row, x=x, call=call, masks=masks)


class Run:
    """A layer with random weights, as a function of tensors: those of x and of the call, then the masks of x."""

    def __init__(self, row, dtype="float64", weights=None):
        dtypes.set_floatx(dtype)
        self.row, self.layer, (self.x, self.call) = row, row.make(), row.inputs()
        self.layer(self.x, **self.call)
        self.layer.set_weights(weights or row.random_weights(self.layer))
        self.before = [(variable, tf.identity(variable)) for variable, _ in state_of(self.layer).values()]
        self.rtol = SAME.get(self.layer.compute_dtype)

    def tensors(self, row):
        """The tensors of the call that `row` describes."""
        x, call = row.inputs()
        tensors = [item for item in tf.nest.flatten((x, call)) if tf.is_tensor(item)]
        return tensors + [get_mask(item) for item in tf.nest.flatten(x) if get_mask(item) is not None]

    def compute(self, *tensors):
        """Outputs, gradients of inputs and weights for a fixed cotangent, and all variables afterwards."""
        rest = iter(tensors)
        x, call = tf.nest.map_structure(lambda item: next(rest) if tf.is_tensor(item) else item, (self.x, self.call))
        for before, item in zip(tf.nest.flatten(self.x), tf.nest.flatten(x)):
            if get_mask(before) is not None:
                set_mask(item, next(rest))
        sources = [item for item in tensors if item.dtype.is_floating] + self.layer.trainable_weights
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = tf.nest.flatten(self.layer(x, **call))
            terms = [tf.reduce_sum(output * cotangent(output)) for output in outputs if output.dtype.is_floating]
            target = tf.add_n([tf.zeros((), self.layer.compute_dtype), *terms, *self.layer.losses])
        gradients = tape.gradient(target, sources, unconnected_gradients="zero")
        return outputs, list(map(tf.convert_to_tensor, gradients)), list(map(tf.identity, self.layer.variables))

    def results(self, function, tensors):
        """What `function` gives, as arrays, from the same state each time."""
        for variable, value in self.before:
            variable.assign(value)
        return arrays(function(*tensors))

    @functools.cached_property
    def expected(self):
        """The results of the row itself, computed eagerly."""
        return self.results(self.compute, self.tensors(self.row))


RUNS = {}


def run_of(row):
    """The Run of a row, made once: `results` begins at the same variables, whatever other tests did with it."""
    if row.id not in RUNS:
        RUNS[row.id] = Run(row)
    return RUNS[row.id]


def cotangent(output):
    """Numbers that all differ, for sizes that need not be known. (XLA needs 3 ms to compile a cosine, and no time for a sine.)"""
    size = tf.cast(tf.size(output), output.dtype)
    return tf.reshape(tf.sin(tf.range(size) + 1), tf.shape(output))


def arrays(results):
    return [np.asarray(item) for item in tf.nest.flatten(results)]


def assert_close(results, expected, rtol, smallest=0.001):
    """Relative to the largest number of each array, or to `smallest`."""
    for one, other in zip(results, expected, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * np.abs(other).max(initial=smallest))


# ---------------------------------------------------------------- sizes


@by_rows(ONE_EACH)
def test_a_batch_of_one_of_odd_sizes(row):
    check_row(one_sample(row))


@by_rows(BOTH)
def test_compiled_for_unknown_sizes_equals_eager(row):
    """One trace serves all batches, times and places. What stays known: the features of inputs that have them."""
    run = run_of(row)
    known = row.part.name in SIZES_MUST_BE_KNOWN
    specs = []
    for tensor in run.tensors(row):
        ends = tensor.shape[2:] if known else tensor.shape[-1:] if tensor.dtype.is_floating else []
        unknown = max(tensor.shape.rank - len(ends), 1)
        specs.append(tf.TensorSpec([None] * unknown + tensor.shape[unknown:], tensor.dtype))
    compiled = tf.function(run.compute, autograph=False, input_signature=specs)
    assert_close(run.results(compiled, run.tensors(row)), run.expected, run.rtol)
    tensors = run.tensors(one_sample(row))
    assert_close(run.results(compiled, tensors), run.results(run.compute, tensors), run.rtol)
    assert compiled.experimental_get_tracing_count() == 1


# ---------------------------------------------------------------- XLA


def check_xla(row, training=True):
    run = run_of(row)
    tensors = run.tensors(row)
    compiled = tf.function(run.compute, autograph=False, jit_compile=True)
    if row.part.name in NOT_IN_XLA and training:
        with pytest.raises(tf.errors.InvalidArgumentError, match="(?s)unsupported operations.*ImageProjective"):
            compiled(*tensors)
    else:
        assert_close(run.results(compiled, tensors), run.expected, run.rtol)


@by_rows(MOST)
def test_xla_equals_eager(row):
    check_xla(row)


@pytest.mark.slow
@by_rows([row for row in BOTH if not any(row is other for other in MOST)])
def test_xla_equals_eager_in_inference(row):
    """Of layers that do something else in training."""
    check_xla(row, training=False)


@pytest.mark.slow
@by_rows([row for row in ROWS if row.raises is None])
def test_kernels_and_xla_agree(row):
    """`jit_compile="auto"` goes from the one to the other in the midst of a run."""
    run = Run(row)
    rtol = SAME["float32"] if row.part.name in IN_FLOAT32 else 1e-12 if run.rtol == SAME["float64"] else run.rtol
    tensors = run.tensors(row)
    kernels, through_xla = (tf.function(run.compute, autograph=False, jit_compile=jit) for jit in (False, True))
    expected = run.results(kernels, tensors)
    if row.part.name in NOT_IN_XLA and row.training:
        pytest.skip(NOT_IN_XLA[row.part.name])
    if row.part.arguments.get("interpolation") == "bicubic":
        pytest.skip("TensorFlow's ResizeBicubic cannot be compiled")
    # The gradient of a bias of keys is zero, and what stands there the rounding of terms that are not.
    assert_close(run.results(through_xla, tensors), expected, rtol, smallest=0.01)


# ---------------------------------------------------------------- dtypes


@by_rows(ONE_EACH)
def test_every_float_dtype(row):
    """Outputs in the layer's dtype, near those in float64; finite gradients."""
    arguments = {key: value for key, value in row.part.arguments.items() if key != "dtype"}
    row = dataclasses.replace(row, part=dataclasses.replace(row.part, arguments=arguments))
    exact = Run(row)
    expected, _, _ = exact.compute(*exact.tensors(row))
    for dtype, tolerance in NARROW.items():
        run = Run(row, dtype, exact.layer.get_weights())
        outputs, gradients, _ = run.compute(*run.tensors(row))
        for output, reference in zip(outputs, expected, strict=True):
            assert output.dtype == (dtype if reference.dtype.is_floating else reference.dtype)
        wide = [tf.cast(output, reference.dtype) for output, reference in zip(outputs, expected)]
        assert_close(arrays(wide), arrays(expected), tolerance)
        assert all(tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients)


# ---------------------------------------------------------------- copies


@by_rows(ONE_EACH)
def test_copies_from_config_and_from_a_file_give_the_same_outputs(row, tmp_path):
    run, file = Run(row), tmp_path / "layer.safetensors"
    expected = arrays(run.layer(run.x, **run.call))
    save_weights(run.layer, file)
    for restore in (lambda copy: copy.set_weights(run.layer.get_weights()), lambda copy: load_weights(copy, file)):
        copy = type(run.layer).from_config(run.layer.get_config())
        copy(run.x, **run.call)
        restore(copy)
        assert_close(arrays(copy(run.x, **run.call)), expected, rtol=0)
