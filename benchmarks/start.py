"""Seconds from `compile` to the end of the first two batches: `python benchmarks/start.py [workload ...]`.

A new model each time, in a process that has trained before: tracing and compiling is what is measured, not imports.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import workloads  # noqa: E402


def starter(library, workload, x, y):
    """(make, start): a new model, and what is timed with it."""

    def start(model):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=workload.batch_size, verbose=0)

    return lambda: workload.build(library), start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", help=f"of {[w.name for w in workloads.WORKLOADS]}; all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the results there")
    parser.add_argument("--png", help="draw the ratios there")
    arguments = parser.parse_args()
    results, rows = [], []
    for workload in [w for w in workloads.WORKLOADS if not arguments.workload or w.name in arguments.workload]:
        x, y = workload.data(2 * workload.batch_size)
        contenders = {library.name: starter(library, workload, x, y) for library in (workloads.glassbox(), workloads.keras())}
        made = {name: make for name, (make, _) in contenders.items()}
        timed = {name: start for name, (_, start) in contenders.items()}
        found = contest.medians(contest.take_turns(timed, arguments.rounds, prepare=made), unit=1)
        results.append({"workload": workload.name, "seconds": found})
        cells = [f"{middle:.2f} ({low:.2f}–{high:.2f})" for middle, low, high in found.values()]
        rows.append((workload.name, *cells, f"{found['Keras'][0] / found['Glassbox'][0]:.1f}×"))
        print(f"{workload.name} done", flush=True)
    contest.table("from compile to the end of the first two batches: seconds, median of rounds (lowest–highest)", rows,
                  ("workload", "Glassbox", "Keras", "over Keras"))  # fmt: skip
    contest.keep(arguments, results, "workload", "seconds", "compile and two batches")


if __name__ == "__main__":
    main()
