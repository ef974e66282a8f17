"""Seconds of what everybody does first: `python benchmarks/start.py [workload ...]`.

From `compile` to the end of the first two batches of each workload; the whole of `fit(np.random.random((2, 3)), ...)`; and
500 epochs of one small batch, the line y = 2x - 1. A new model each time, in a process that has trained before: tracing and
compiling is what is measured, not imports.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402
import workloads  # noqa: E402


def first_batches(workload):
    """{library: (make, start)}: how to make a new model, and what is timed with it."""
    x, y = workload.data(2 * workload.batch_size)

    def start(model):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=workload.batch_size, verbose=0)

    return {library.name: (lambda library=library: workload.build(library), start) for library in LIBRARIES}


def small_fit(x, y, units, epochs):
    """As first_batches: `fit` of a small Sequential on a few rows."""

    def make(library):
        model = library.Sequential([library.Input(x.shape[1:]), *map(library.layers.Dense, units)])
        model.compile("sgd", "mse")
        return model

    def start(model):
        model.fit(x, y, epochs=epochs, verbose=0)

    return {library.name: (lambda library=library: make(library), start) for library in LIBRARIES}


LIBRARIES = (workloads.glassbox(), workloads.keras())
LINE = np.array([[-1.0], [0.0], [1.0], [2.0], [3.0], [4.0]])
STARTS = {
    **{workload.name: lambda workload=workload: first_batches(workload) for workload in workloads.WORKLOADS},
    "two-rows": lambda: small_fit(np.random.random((2, 3)), np.random.random((2, 1)), (4, 1), 1),
    "line": lambda: small_fit(LINE, 2 * LINE - 1, (1,), 500),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", choices=[*STARTS, []], help="all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the results there")
    parser.add_argument("--png", help="draw the ratios there")
    arguments = parser.parse_args()
    results, rows = [], []
    for name in arguments.workload or STARTS:
        contenders = STARTS[name]()
        made = {library: make for library, (make, _) in contenders.items()}
        timed = {library: start for library, (_, start) in contenders.items()}
        seconds = contest.take_turns(timed, arguments.rounds, prepare=made)
        found, ratios = contest.medians(seconds, unit=1), contest.over("Glassbox", seconds)
        results.append({"workload": name, "seconds": found, "over Glassbox": ratios})
        cells = [contest.cell(times, digits=2) for times in found.values()]
        rows.append((name, *cells, f"{ratios['Keras']:.1f}×"))
        print(f"{name} done", flush=True)
    contest.table("seconds, median of rounds (lowest–highest): from compile to the end of the first two batches; of fit", rows,
                  ("workload", "Glassbox", "Keras", "over Keras"))  # fmt: skip
    contest.keep(arguments, results, "workload", "compile and two batches")


if __name__ == "__main__":
    main()
