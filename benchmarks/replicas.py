"""Devices and workers: throughput, bytes exchanged, efficiency: `python benchmarks/replicas.py`.

Each row is a process of its own (workers: one each) with one thread for each device, because the devices here are
shares of one CPU. The global batch is the same in all rows, so the numbers learned are too.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import engine  # noqa: E402
import layers  # noqa: E402
from engine.distribute import cluster, place, workers  # noqa: E402

ROWS, FEATURES = 16384, 784
RUNS = [("none", 1), ("mirrored", 1), ("mirrored", 2), ("mirrored", 4), ("multiworker", 1), ("multiworker", 2), ("multiworker", 3)]


def loopback_bytes():
    """All bytes received on 127.0.0.1 since the machine started."""
    with open("/proc/net/dev") as file:
        return next(int(line.split(":")[1].split()[0]) for line in file if line.strip().startswith("lo:"))


def measure(kind, count, units, batch, path):
    """Train under a strategy; the chief writes seconds per step and bytes per step to `path`."""
    threads = count if kind == "mirrored" else 1  # the devices of one process share its threads
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    strategy = cluster.make_strategy(kind, count if kind == "mirrored" else None)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(ROWS, FEATURES)).astype("float32"), random.integers(0, 10, ROWS)
    with place.scope(strategy):
        model = engine.Sequential([
            engine.Input((FEATURES,)), layers.Dense(units, activation="relu"), layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ])  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False, steps_per_execution=16)
        model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
        seconds, exchanged, steps = [], [], ROWS // batch
        for _ in range(5):
            before, started = loopback_bytes(), time.perf_counter()
            model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
            seconds.append((time.perf_counter() - started) / steps)
            exchanged.append((loopback_bytes() - before) / steps)
        if cluster.is_chief():
            with open(path, "w") as file:
                json.dump([sorted(seconds)[2], sorted(exchanged)[2], model.count_params() * 4], file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=512, help="of both hidden layers")
    parser.add_argument("--batch", type=int, default=512, help="rows of a batch, of all replicas together")
    parser.add_argument("--measure", nargs=3, metavar=("KIND", "N", "PATH"), help="one row, in this process")
    args = parser.parse_args()
    if args.measure:
        kind, count, path = args.measure
        return measure(kind, int(count), args.units, args.batch, path)
    print("| strategy | replicas | rows/s | ms a step | gradients, MB | MB between processes a step | efficiency |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    single = {}
    for kind, count in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "row.json")
            command = [sys.executable, __file__, "--units", str(args.units), "--batch", str(args.batch), "--measure", kind, str(count), path]
            if kind == "multiworker":
                with contextlib.redirect_stdout(io.StringIO()):
                    workers.launch(count, command, folder)
            else:
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            with open(path) as file:
                seconds, exchanged, size = json.load(file)
        rate = args.batch / seconds
        efficiency = rate / count / single.setdefault(kind, rate)
        between = exchanged / 1e6 if kind == "multiworker" and count > 1 else 0
        print(f"| {kind} | {count} | {rate:,.0f} | {seconds * 1e3:.1f} | {size / 1e6:.1f} | {between:.2f} | {efficiency:.0%} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
