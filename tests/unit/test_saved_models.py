"""SavedModels and TensorFlow Lite: what tf.saved_model.save and the converters make of our models, loaded without us."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential
from layers import LSTM, BatchNormalization, Concatenate, Dense, Dropout, Embedding, Flatten, StringLookup, TextVectorization

RNG = np.random.default_rng(0)
X, OTHER, SENTENCES = (RNG.normal(size=size).astype("float32") for size in ((4, 3), (4, 2), (2, 5, 3)))
WORDS = np.array([["a b"], ["b x"]])


class Sub(Model):
    """A model in a model, of a class of one's own."""

    def __init__(self):
        super().__init__()
        self.inner, self.drop, self.head = Sequential([Dense(4), BatchNormalization()]), Dropout(0.5), Dense(1)

    def call(self, inputs, training=False):
        return self.head(self.drop(self.inner(inputs), training=training))


def called(by_keyword=False):
    model = Sub()
    model(inputs=X) if by_keyword else model(X)
    return model


def two(outputs):
    left, right = Input((3,), name="left"), Input((2,), name="right")
    made = {"one": lambda: Concatenate()([Dense(2)(left), Dense(2)(right)]), "dict": lambda: {"sum": Dense(2)(left), "other": Dense(1)(right)},
            "list": lambda: [Dense(2)(left), Dense(1)(right)]}[outputs]()  # fmt: skip
    return Model([left, right], made)


MODELS = {  # a model, its inputs by their names in the signature
    "subclass": lambda: (called(), {"inputs": X}), "by keyword": lambda: (called(True), {"inputs": X}),
    "two inputs": lambda: (two("one"), {"left": X, "right": OTHER}), "dict of outputs": lambda: (two("dict"), {"left": X, "right": OTHER}),
    "list of outputs": lambda: (two("list"), {"left": X, "right": OTHER}),
    "recurrent": lambda: (Sequential([Input((5, 3), name="words"), LSTM(4), Dense(1)]), {"words": SENTENCES}),
    "stateful": lambda: (Sequential([Input(batch_shape=(2, 5, 3), name="words"), LSTM(4, stateful=True)]), {"words": SENTENCES}),
    "text": lambda: (Sequential([Input((1,), dtype="string", name="text"), TextVectorization(vocabulary=["a", "b"], output_sequence_length=3),
                                 Embedding(5, 2), Flatten()]), {"text": WORDS}),
    "lookup": lambda: (Sequential([Input((1,), dtype="string", name="text"), StringLookup(vocabulary=["a b"]), Embedding(3, 2)]), {"text": WORDS}),
}  # fmt: skip


def expected(model, inputs):
    reset = getattr(model, "reset_states", lambda: None)
    reset()
    outputs = model([inputs[name] for name in inputs] if len(inputs) > 1 else next(iter(inputs.values())), training=False)
    reset()
    if isinstance(outputs, dict):
        return {name: value.numpy() for name, value in outputs.items()}
    flat = tf.nest.flatten(outputs)
    return {"outputs": flat[0].numpy()} if len(flat) == 1 else {f"output_{index}": item.numpy() for index, item in enumerate(flat)}


def close(found, wanted):
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("write", [lambda model, path: tf.saved_model.save(model, path), lambda model, path: model.export(path)],
                         ids=["tf.saved_model.save", "export"])  # fmt: skip
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_computes_the_same(name, write, tmp_path):
    model, inputs = MODELS[name]()
    wanted = expected(model, inputs)
    write(model, str(tmp_path))
    served = tf.saved_model.load(str(tmp_path))
    close(served.signatures["serving_default"](**{key: tf.constant(value) for key, value in inputs.items()}), wanted)
    if name != "stateful":
        flat = tf.nest.flatten(served.serve(*map(tf.constant, inputs.values())))
        for found, value in zip(flat, [wanted[key] for key in sorted(wanted)], strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


def test_signatures_of_ones_own(tmp_path):
    model = called()

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="pixels")])
    def doubled(pixels):
        return {"twice": 2.0 * model(pixels, training=False)}

    tf.saved_model.save(model, str(tmp_path), signatures={"doubled": doubled})
    served = tf.saved_model.load(str(tmp_path))
    assert list(served.signatures) == ["doubled"]
    close(served.signatures["doubled"](pixels=tf.constant(X)), {"twice": 2.0 * model(X).numpy()})


def test_a_module_of_tensorflow_around_a_model(tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.model = called()

        @tf.function(input_signature=[tf.TensorSpec([None, 3])])
        def __call__(self, inputs):
            return self.model(inputs, training=False)

    module = Module()
    tf.saved_model.save(module, str(tmp_path))
    np.testing.assert_allclose(tf.saved_model.load(str(tmp_path))(X), module(X), rtol=1e-6)


def test_a_model_that_is_not_built(tmp_path):
    with pytest.raises(ValueError, match=r"is not built.*Call it on a batch once.* before tf.saved_model.save\(\)"):
        tf.saved_model.save(Sub(), str(tmp_path))


# ---- TensorFlow Lite ----------------------------------------------------------------------------


def run_lite(content, inputs):
    interpreter = tf.lite.Interpreter(model_content=content)
    runner = interpreter.get_signature_runner()
    rows = [runner(**{name: value[row : row + 1] for name, value in inputs.items()}) for row in range(len(next(iter(inputs.values()))))]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


WARNS = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")


@WARNS
@pytest.mark.parametrize("name", ["subclass", "two inputs", "dict of outputs", "list of outputs"])
def test_lite_from_a_saved_model(name, tmp_path):
    model, inputs = MODELS[name]()
    tf.saved_model.save(model, str(tmp_path))
    close(run_lite(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert(), inputs), expected(model, inputs))


@WARNS
def test_lite_from_the_model_itself():
    model, inputs = MODELS["subclass"]()
    close(run_lite(tf.lite.TFLiteConverter.from_keras_model(model).convert(), inputs), expected(model, inputs))


@WARNS
def test_lite_of_a_recurrent_layer_that_is_unrolled(tmp_path):
    model = Sequential([Input((5, 3), name="words"), LSTM(4, unroll=True), Dense(1)])
    tf.saved_model.save(model, str(tmp_path))
    inputs = {"words": SENTENCES}
    close(run_lite(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert(), inputs), expected(model, inputs))


def test_lite_of_a_model_that_is_not_built():
    with pytest.raises(ValueError, match="is not built"):
        tf.lite.TFLiteConverter.from_keras_model(Sub()).convert()
