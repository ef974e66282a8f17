"""Data that come while they are needed: the same training as on arrays, at constant memory, and who waits says so."""

import queue
import sys
import threading
import time

import forked
import numpy as np
import pytest
import tensorflow as tf

import train
from engine import Sequential, callbacks, set_seed
from engine.datasets import fits_in_memory, load, stream, streaming
from engine.small_parts.feed import make_feed
from layers import Dense, Flatten

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 5)).astype("float32"), RNG.normal(size=(64, 2)).astype("float32")
HOW = {"eager": dict(run_eagerly=True), "compiled": dict(jit_compile=False), "xla": dict(jit_compile=True)}


def model_of(size=2, **how):
    set_seed(0)
    model = Sequential([Flatten(), Dense(8, activation="relu"), Dense(size, activation=None if size == 2 else "softmax")])
    model.compile("adam", "mse" if size == 2 else "sparse_categorical_crossentropy", **how)
    return model


# ---------------------------------------------------------------- waiting


def slow(seconds):
    """A pipeline that takes so long for each batch."""

    def wait(*batch):
        time.sleep(seconds)
        return batch

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    specs = [tf.float32, tf.float32]

    def through_python(*batch):
        x, y = tf.py_function(wait, batch, specs)
        return tf.ensure_shape(x, [None, 5]), tf.ensure_shape(y, [None, 2])

    return data.map(through_python)


def slowly(seconds):
    """A generator that does."""
    for start in range(0, 64, 8):
        time.sleep(seconds)
        yield X[start : start + 8], Y[start : start + 8]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("source", [slow, slowly])
def test_waiting_for_data_is_measured_and_said(source, how, capsys):
    model = model_of(**HOW[how])
    model.fit(X, Y, batch_size=8, verbose=0)  # compiled by now
    assert model.history.waiting == [0.0]
    model.fit(source(0.0), verbose=0)
    history = model.fit(source(0.1), verbose=2)
    assert 0.5 < history.waiting[0] <= 1
    assert "% of the time waiting for data" in capsys.readouterr().out


class SlowLayer(Dense):
    """A step that takes its time."""

    def call(self, inputs):
        waited = tf.py_function(lambda: time.sleep(0.05), [], [])
        with tf.control_dependencies([waited] if waited is not None else []):
            return super().call(inputs)


@pytest.mark.parametrize("how", ["eager", "compiled"])
def test_a_slow_step_is_no_waiting(how, capsys):
    model = Sequential([SlowLayer(2)])
    model.compile("sgd", "mse", **HOW[how])
    history = model.fit(slow(0.0), epochs=2, verbose=2)
    assert history.waiting[1] < 0.2 and "waiting" not in capsys.readouterr().out.splitlines()[1]


# ---------------------------------------------------------------- streams of images


@pytest.fixture(scope="module", params=["bundled", "prepared"])
def digits(request, tmp_path_factory):
    """(name, directory) of the digits: from their file, and as tensorflow-datasets has them on disk."""
    return "digits", None if request.param == "bundled" else str(tmp_path_factory.mktemp("sets"))


def test_a_stream_has_what_load_has(digits):
    (x, y), (x_test, y_test), info = load(*digits)
    train_part, test_part, same = stream(*digits, batch_size=100)
    assert same == info and train_part.element_spec[0].dtype == tf.float32 and train_part.element_spec[1].dtype == tf.int64
    images, labels = (np.concatenate(parts) for parts in zip(*test_part.as_numpy_iterator()))
    np.testing.assert_array_equal(images, x_test)
    np.testing.assert_array_equal(labels, y_test)
    first, second = (np.concatenate([labels for _, labels in train_part.as_numpy_iterator()]) for _ in range(2))
    assert (first != second).mean() > 0.5 and sorted(first) == sorted(y)  # each pass in an order of its own
    again, _, _ = stream(*digits, batch_size=100)
    np.testing.assert_array_equal(first, np.concatenate([labels for _, labels in again.as_numpy_iterator()]))


@pytest.mark.parametrize("workers", (2, 8))
def test_workers_share_the_batches_of_a_stream(digits, workers):
    """Worker w has the rows w, w + workers, w + 2 workers ... of each batch; of the last one, with two rows, maybe none."""
    (whole, _, _), (other, test_part, _) = (stream(*digits, batch_size=240, seed=3) for _ in range(2))
    shares = [other.share(worker, workers) for worker in range(workers)]
    for part in (whole, other):
        next(iter(part))  # a pass of the stream is one of its shares too
    for _ in range(2):
        batches = list(whole.as_numpy_iterator())
        for worker, share in enumerate(shares):
            parts = list(share.as_numpy_iterator())
            assert len(parts) == len(batches) == int(share.cardinality()) == 7
            for (images, labels), (own_images, own_labels) in zip(batches, parts):
                np.testing.assert_array_equal(own_images, images[worker::workers])
                np.testing.assert_array_equal(own_labels, labels[worker::workers])
    found = [image for worker in range(workers) for images, _ in test_part.share(worker, workers) for image in images.numpy()]
    assert sorted(map(bytes, found)) == sorted(bytes(image) for images, _ in test_part for image in images.numpy())


def test_a_large_set_streams_by_itself(digits, monkeypatch):
    assert fits_in_memory(*digits)
    monkeypatch.setattr(streaming, "free_memory", lambda: 1797 * 64 * 5 * 2)
    assert not fits_in_memory(*digits)


def test_an_interrupted_run_on_a_stream_goes_on_exactly(digits, tmp_path):
    def run(steps_of_first, folder):
        model = model_of(10, jit_compile=False)
        train_part, _, _ = stream(*digits, batch_size=100, seed=3)

        class Stop(callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if batch + 1 == steps_of_first:
                    raise KeyboardInterrupt

        saving = callbacks.Checkpoint(tmp_path / folder, every_steps=1)
        try:
            model.fit(train_part, epochs=2, verbose=0, callbacks=[saving, Stop()])
        except KeyboardInterrupt:
            return None
        return model.get_weights()

    whole = run(0, "whole")
    assert run(7, "parts") is None
    for one, other in zip(whole, run(0, "parts"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_train_py_streams(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = "--model mlp --epochs 3 --batch-size 100 --stream --report --trace --check-gradients --out run"
    words = words.split() + (["--data-dir", digits[1]] if digits[1] else [])
    assert train.main(words) == 0
    printed = capsys.readouterr().out
    assert "1442 images to train on, 355 for the test, 10 classes, streamed from disk" in printed
    assert (tmp_path / "run/step.html").exists() and "confusion" in (tmp_path / "run/run.json").read_text()
    monkeypatch.setattr(streaming, "free_memory", lambda: 1000)
    assert train.main("--model mlp --epochs 1 --out other".split()) == 0
    assert "streamed from disk" in capsys.readouterr().out


# ---------------------------------------------------------------- memory

MEMORY = """
import os, resource, sys
import tensorflow as tf
from engine import Sequential, callbacks
from layers import Dense

batches, rows, features = int(sys.argv[1]), 256, 4096  # 4 MB a batch

def batch(number):
    x = tf.random.stateless_uniform([rows, features], tf.stack([number, 0]))
    return x, x[:, :1]

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

class Watch(callbacks.Callback):
    seen = []
    def on_train_chunk_end(self, step, logs=None):
        self.seen.append((step, resident()))
        if step < batches / 4:  # from then on no more memory than there is, and a little
            size = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.setrlimit(resource.RLIMIT_AS, (size + 2**29, resource.RLIM_INFINITY))

model = Sequential([Dense(1)])
model.compile("sgd", "mse")
model.fit(tf.data.Dataset.range(batches).map(batch).prefetch(2), callbacks=[Watch()], verbose=0)
early = max(size for step, size in Watch.seen if step < batches / 2)
print(max(size for step, size in Watch.seen) - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
def test_memory_stays_flat_on_a_stream_larger_than_it_may_take():
    printed = forked.output("-c", MEMORY, 500, timeout=250)  # 2 GB, with 0.5 GB to spare
    assert float(printed) < 40  # MB


def test_a_pass_that_is_not_at_its_end_is_let_go_in_a_thread():
    """To drop its iterator may take a minute, as TensorFlow's tuner sleeps: nobody waits for that at the end of `fit`."""
    let_go = queue.Queue()

    class Iterator:
        """Tells who has dropped it."""

        def __del__(self):
            let_go.put(threading.current_thread())

    feed = make_feed(model_of(), tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat(), steps=3)
    feed.start(0)
    assert feed.next()[0].shape == (8, 5)
    feed.iterator = Iterator()
    del feed
    assert let_go.get(timeout=60) is not threading.main_thread()
