"""A process that trains on data of which it reads its share: `python shards.py DIR HOW EPOCHS STEPS CASE ...`.

HOW: "alone"; "workers", of which this is one, with TF_CONFIG; "mirrored", on two devices. STEPS: without checkpoints
("none"), with them (0), cut off after so many. For each case the chief writes DIR/CASE-HOW.npz, all numbers of the run,
and each process DIR/CASE-HOW-WORKER.npy, the rows that it has read.
"""

import os
import sys

import cases
import numpy as np
import tensorflow as tf
from cases import refusal

from engine import Sequential, callbacks, set_floatx, set_seed
from engine.datasets import loading, stream
from engine.distribute import cluster, patience
from engine.distribute.cluster import is_chief
from layers import BatchNormalization, Dense, Dropout, Flatten, MixUp

FILES = ((0, 9), (9, 16), (16, 24), (24, 29))  # rows of cases.X in each file
BATCH = {"digits": 118, "thirds": 120, "mnist": 600}  # the last batch of some part leaves a worker without rows
CLASS_WEIGHT = {0: 2.0, 2: 0.3}


class Stop(callbacks.Callback):
    """Cuts a run off, as Ctrl-C does."""

    def __init__(self, steps):
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def in_turn(*parts):
    """The common batches of workers that have these rows of cases.X each, four at a time."""
    steps = range(0, max(map(len, parts)), 4)
    rows = [np.concatenate([part[start : start + 4] for part in parts]).astype(int) for start in steps]
    return cases.Batches(*[(cases.X[some], cases.CLASSES[some]) for some in rows])


def files(strategy, directory):
    """TensorFlow deals out files; by hand: every second one."""
    paths = [os.path.join(directory, f"{start}.tfrecord") for start, _ in FILES]
    if strategy is None:
        return in_turn(*(np.concatenate([np.arange(*rows) for rows in FILES[worker::2]]) for worker in range(2)))
    if is_chief(strategy) and strategy.num_replicas_in_sync > 1:
        for path, (start, stop) in zip(paths, FILES):
            with tf.io.TFRecordWriter(path + ".new") as writer:
                for x, label in zip(cases.X[start:stop], cases.CLASSES[start:stop]):
                    writer.write(tf.io.serialize_tensor(np.append(x, label)).numpy())
            os.rename(path + ".new", path)
    strategy.reduce("SUM", strategy.run(lambda: tf.ones([])), axis=None)  # wait for the chief

    def parsed(record):
        row = tf.ensure_shape(tf.io.parse_tensor(record, tf.float64), [7])
        return row[:6], tf.cast(row[6], tf.int64)

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.FILE
    return strategy.experimental_distribute_dataset(tf.data.TFRecordDataset(paths).map(parsed).batch(8).with_options(options))


def function(strategy, directory):
    """A function deals out rows."""
    if strategy is None:
        return in_turn(np.arange(0, 29, 2), np.arange(1, 29, 2))

    def share(context):
        rows = tf.data.Dataset.from_tensor_slices((cases.X, cases.CLASSES))
        return rows.shard(context.num_input_pipelines, context.input_pipeline_id).batch(context.get_per_replica_batch_size(8))

    return strategy.distribute_datasets_from_function(share)


def watch(seen):
    """From now on the rows that streams read of the files are noted in `seen`."""

    def noted(image, label):
        seen.append(np.append(image.numpy().ravel(), label.numpy()))

    def also_noted(image, label):
        with tf.control_dependencies([tf.py_function(noted, [image, label], [])]):
            return tf.identity(image), label

    for source in (loading.Bundled, loading.Prepared):
        source.datasets = lambda *what, read=source.datasets: [part.map(also_noted) for part in read(*what)]


def images(strategy, case):
    """(model, arguments of fit) for a stream of images."""
    set_floatx("float64")
    set_seed(5)
    name = "mnist" if case == "mnist" else "digits"
    with cases.scope(strategy):
        train, test, _ = stream(name, os.environ.get("TFDS") if case == "mnist" else None, BATCH[case], seed=3)
        model = Sequential([
            MixUp(), Flatten(), Dense(16, activation="tanh"), BatchNormalization(synchronized=True), Dropout(0.3), Dense(10, "softmax"),
        ])  # fmt: skip
        model.compile(cases.Descent(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, dict(x=train, validation_data=test)


def rows(strategy, case, directory):
    """(model, arguments of fit) for a DistributedDataset."""
    model = cases.make("dropout", strategy)
    data = (files if case == "files" else function)(strategy, directory)
    return model, dict(x=data, class_weight=CLASS_WEIGHT, validation_data=data)


def strategy_of(how):
    patience.SECONDS = 60
    return cluster.make_strategy({"workers": "multiworker", "alone": "none"}.get(how, how), 2)


def refusals(strategy, directory):
    """What is said of data that cannot be trained on, of rows that cannot be predicted in order, and of a bad row."""
    model, arguments = rows(strategy, "function", directory)
    data = arguments["x"]
    bad = cases.X.copy()
    bad[12, 3] = np.nan
    bad = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensor_slices((bad, cases.CLASSES)).batch(4)
    )
    saved = callbacks.Checkpoint(os.path.join(directory, "checkpoints"))
    return [
        refusal(lambda: model.predict(data)), refusal(lambda: model.fit(iter(data), verbose=0)),
        refusal(lambda: cases.make("class_weight", None).fit(data, verbose=0)),
        refusal(lambda: model.fit(bad, on_nan="raise", callbacks=[saved], verbose=0)),
    ]  # fmt: skip


def train(strategy, how, directory, case, epochs, steps):
    seen = []
    watch(seen)
    model, arguments = images(strategy, case) if case in BATCH else rows(strategy, case, directory)
    if steps != "none":
        arguments["callbacks"] = [callbacks.Checkpoint(os.path.join(directory, "checkpoints"), every_steps=1), Stop(int(steps))]
    history = model.fit(**arguments, epochs=int(epochs), verbose=0)
    found = cases.numbers(model, history)
    found["evaluate"] = np.array(model.evaluate(arguments["validation_data"], verbose=0))
    place = os.path.join(directory, f"{case}-{how}")
    np.save(f"{place}-{strategy.cluster_resolver.task_id if how == 'workers' else 0}.npy", np.array(seen))
    if strategy is None or is_chief(strategy):
        np.savez(f"{place}.npz", **found)


def main(directory, how, epochs, steps, *names):
    strategy = strategy_of(how)
    for case in names:
        if case == "refusals":
            print("\n".join(refusals(strategy, directory)))
            continue
        try:
            train(strategy, how, directory, case, epochs, steps)
        except KeyboardInterrupt:
            print("cut off", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
