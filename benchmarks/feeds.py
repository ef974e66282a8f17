"""What data come from, beside Keras: `python benchmarks/feeds.py [kind ...] [--workload mlp]`.

    tf.data     `fit` from a pipeline: from_tensor_slices, shuffle, batch, prefetch
    generator   `fit` from a Python generator of NumPy batches, without an end
    PyDataset   `fit` from batches by number, made ahead by two threads
    predict     `predict` of 100,000 rows in batches of 256
    evaluate    `evaluate` of arrays

One epoch per round; the contenders are those of fit.py, each in a process of its own: tf.data's `from_generator`, through which
Keras takes generators, changes how the whole process gets its memory.
"""

import argparse
import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import workloads  # noqa: E402
from fit import CONTENDERS, best_keras  # noqa: E402

import engine.data  # noqa: E402

PREDICTED = {"rows": 100_000, "batch_size": 256}


def pipeline(x, y, size, library):
    """({"x": data, ...} as `fit` takes them) of a tf.data pipeline."""
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=1).batch(size).prefetch(tf.data.AUTOTUNE)
    return {"x": data}


def generator(x, y, size, library):
    """The same of a generator, which draws rows as it goes."""
    random, steps = np.random.default_rng(0), len(x) // size

    def batches():
        while True:
            order = random.permutation(len(x))
            for rows in np.split(order[: steps * size], steps):
                yield x[rows], y[rows]

    return {"x": batches(), "steps_per_epoch": steps}


def dataset(x, y, size, library):
    """The same of a PyDataset of `library`."""

    class Batches(keras.utils.PyDataset if library.name == "Keras" else engine.data.PyDataset):
        def __len__(self):
            return len(x) // size

        def __getitem__(self, index):
            rows = slice(index * size, (index + 1) * size)
            return x[rows], y[rows]

    return {"x": Batches(workers=2)}


FITTED = {"tf.data": pipeline, "generator": generator, "PyDataset": dataset}
KINDS = [*FITTED, "predict", "evaluate"]


def trainer(library, workload, kind, x, y, **settings):
    """A function that runs one epoch of `kind`."""
    model = workload.build(library)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    if kind in FITTED:
        given = FITTED[kind](x, y, workload.batch_size, library)
        return lambda: model.fit(**given, verbose=0)
    if kind == "predict":
        return lambda: model.predict(x, batch_size=PREDICTED["batch_size"], verbose=0)
    return lambda: model.evaluate(x, y, batch_size=workload.batch_size, verbose=0)


def contender(name, workload, kind, rows):
    """The trainer of that name, for `contest.apart`."""
    (workload,) = (each for each in workloads.WORKLOADS if each.name == workload)
    x, y = workload.data(rows or (PREDICTED["rows"] if kind == "predict" else workload.rows))
    library = workloads.glassbox() if name == "Glassbox" else workloads.keras()
    make = functools.partial(trainer, library, workload, kind, x, y)
    return best_keras(make)[1] if name == "Keras at its best" else make()


def measure(workload, kind, rows, rounds):
    """One row of the table, as a dict of milliseconds per epoch."""
    makers = {name: functools.partial(contender, name, workload, kind, rows) for name in CONTENDERS}
    with contest.apart(makers) as contenders:
        for _ in range(2):
            contenders["Glassbox"]()  # XLA compiles after so many steps that nobody could know
        seconds = contest.take_turns(contenders, rounds)
    return {"workload": workload, "kind": kind, "milliseconds": contest.medians(seconds, unit=1e3),
            "over Glassbox": contest.over("Glassbox", seconds)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="*", choices=[*KINDS, []], help="all without any")
    parser.add_argument("--workload", nargs="+", default=["mlp", "wide-mlp", "lstm", "cnn"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="rows of an epoch, for a quick look")
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    chosen = [each.name for each in workloads.WORKLOADS if each.name in arguments.workload]
    results, rows = [], []
    for kind in arguments.kind or KINDS:
        for workload in chosen:
            results.append(measure(workload, kind, arguments.rows, arguments.rounds))
            times, ratios = results[-1]["milliseconds"], results[-1]["over Glassbox"]
            rows.append((kind, workload, *(contest.cell(found, ratios.get(name)) for name, found in times.items())))
            print(*rows[-1], flush=True)
    contest.table("milliseconds per epoch, median of rounds (lowest–highest), and times Glassbox's", rows,
                  ("data", "workload", *results[0]["milliseconds"]))  # fmt: skip
    if arguments.json:
        contest.write_json(arguments.json, results)


if __name__ == "__main__":
    main()
