"""Devices and workers: throughput, bytes exchanged, efficiency: `python benchmarks/replicas.py`.

Each row is a process of its own (workers: one each) with one thread for each device, because the devices here are
shares of one CPU: an operation of one device runs on one core, in the row of one device too. The global batch is the same
in all rows, so the numbers learned are too. Times are those of chunks of steps: the fastest, which is the one that nothing
else on the machine has disturbed, and the median. "Processor" is the time of all cores together, which does not depend on
who else uses them: what it exceeds that of one device by is the price of an exchange, and of updates made twice.

    efficiency = (time of one device) / (time of n) / n          of the fastest chunks
    bound      = (processor time of one device) / (that of n)    what efficiency can be where nobody waits
"""

import argparse
import contextlib
import glob
import io
import json
import os
import pathlib
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

CHUNK, CHUNKS, EPOCHS, FEATURES = 16, 4, 12, 784  # steps in a chunk, chunks in an epoch
RUNS = [("none", 1), ("mirrored", 1), ("mirrored", 2), ("mirrored", 4), ("multiworker", 1), ("multiworker", 2), ("multiworker", 3)]


class Clock(engine.callbacks.Callback):
    """Times of the chunks of steps: seconds, processor seconds of this process, bytes between processes; for each step."""

    def __init__(self):
        self.steps, self.before = [], None

    def on_train_chunk_end(self, step, logs=None):
        now = np.array([time.perf_counter(), time.process_time(), loopback_bytes()])
        if self.before is not None and step > CHUNK:  # between chunks of one epoch
            self.steps.append((now - self.before) / CHUNK)
        self.before = now


def loopback_bytes():
    """All bytes received on 127.0.0.1 since the machine started."""
    with open("/proc/net/dev") as file:
        return next(int(line.split(":")[1].split()[0]) for line in file if line.strip().startswith("lo:"))


def measure(kind, count, units, batch, path):
    """Train under a strategy; each process writes its times to `path` and its number."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(count if kind == "mirrored" else 1)
    strategy = cluster.make_strategy(kind, count if kind == "mirrored" else None)
    random, rows = np.random.default_rng(0), batch * CHUNK * CHUNKS
    x, y = random.normal(size=(rows, FEATURES)).astype("float32"), random.integers(0, 10, rows)
    with place.scope(strategy):
        model = engine.Sequential([
            engine.Input((FEATURES,)), layers.Dense(units, activation="relu"), layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ])  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False, steps_per_execution=CHUNK)
        model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
        clock = Clock()
        model.fit(x, y, batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=[clock])
    seconds, processor, exchanged = np.transpose(clock.steps)
    number = json.loads(os.environ["TF_CONFIG"])["task"]["index"] if "TF_CONFIG" in os.environ else 0
    found = [seconds.min(), np.median(seconds), np.median(processor), np.median(exchanged)]
    with open(f"{path}-{number}", "w") as file:
        json.dump(list(map(float, found)), file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=512, help="of both hidden layers")
    parser.add_argument("--batch", type=int, default=512, help="rows of a batch, of all replicas together")
    parser.add_argument("--only", nargs="*", metavar="KIND-N", help="some rows, as mirrored-2")
    parser.add_argument("--measure", nargs=3, metavar=("KIND", "N", "PATH"), help="one row, in this process")
    args = parser.parse_args()
    if args.measure:
        kind, count, path = args.measure
        return measure(kind, int(count), args.units, args.batch, path)
    print("| strategy | replicas | rows/s | ms a step | median | processor, ms | MB between processes | efficiency | bound |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    single = {}
    for kind, count in RUNS:
        if args.only and f"{kind}-{count}" not in args.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "row")
            command = [sys.executable, __file__, "--units", str(args.units), "--batch", str(args.batch), "--measure", kind, str(count), path]
            if kind == "multiworker":
                with contextlib.redirect_stdout(io.StringIO()):
                    workers.launch(count, command, folder)
            else:
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            found = np.array([json.loads(pathlib.Path(name).read_text()) for name in sorted(glob.glob(f"{path}-*"))])
        (fastest, median, _, exchanged), processor = found[0], found[:, 2].sum()
        rate, own = single.setdefault(kind, (args.batch / fastest, processor))
        efficiency, bound = args.batch / fastest / count / rate, own / processor
        between = exchanged / 1e6 if kind == "multiworker" and count > 1 else 0
        print(f"| {kind} | {count} | {args.batch / fastest:,.0f} | {fastest * 1e3:.1f} | {median * 1e3:.1f} | {processor * 1e3:.1f} | "
              f"{between:.2f} | {efficiency:.0%} | {bound:.0%} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
