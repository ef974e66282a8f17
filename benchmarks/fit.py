"""Steps per second of `fit` beside Keras: `python benchmarks/fit.py [workload ...]`.

Contenders: this project as it comes; Keras as it comes; Keras at its best setting (whatever of steps_per_execution
and jit_compile is fastest for the workload, found in one trial each). One epoch per round, metrics on, Adam.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import workloads  # noqa: E402

KERAS_SETTINGS = [
    {"steps_per_execution": 32, "jit_compile": False},
    {"steps_per_execution": 32, "jit_compile": True},
    {"steps_per_execution": 1, "jit_compile": True},
]


def trainer(library, workload, x, y, **settings):
    """A function that trains one epoch."""
    model = workload.build(library)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    return lambda: model.fit(x, y, batch_size=workload.batch_size, verbose=0)


def best_keras(workload, x, y):
    """(setting, trainer) of the Keras setting that is fastest here."""
    trials = []
    for setting in KERAS_SETTINGS:
        run = trainer(workloads.keras(), workload, x, y, **setting)
        run()
        started = time.perf_counter()
        run()
        trials.append((time.perf_counter() - started, str(setting), setting, run))
    return min(trials, key=lambda trial: trial[0])[2:]


def measure(workload, rounds):
    """One row of the table, as a dict."""
    x, y = workload.data(workload.rows)
    setting, best = best_keras(workload, x, y)
    contenders = {
        "Glassbox": trainer(workloads.glassbox(), workload, x, y),
        "Keras": trainer(workloads.keras(), workload, x, y),
        "Keras at its best": best,
    }
    steps = workload.rows / workload.batch_size
    found = contest.medians(contest.take_turns(contenders, rounds), per=steps)
    return {"workload": workload.name, "setting": setting, "microseconds per step": found}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", help=f"of {[w.name for w in workloads.WORKLOADS]}; all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="rows of an epoch, for a quick look")
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    chosen = [w for w in workloads.WORKLOADS if not arguments.workload or w.name in arguments.workload]
    results, rows = [], []
    for workload in chosen:
        if arguments.rows:
            workload = workloads.dataclasses.replace(workload, rows=arguments.rows)
        result = measure(workload, arguments.rounds)
        results.append(result)
        times = result["microseconds per step"]
        ours = times["Glassbox"][0]
        cells = [f"{middle:,.0f} ({low:,.0f}–{high:,.0f})" for middle, low, high in times.values()]
        rows.append((workload.name, *cells, f"{times['Keras'][0] / ours:.2f}×",
                     f"{times['Keras at its best'][0] / ours:.2f}×"))  # fmt: skip
        print(f"{rows[-1]}", flush=True)
    header = ("workload", "Glassbox µs/step", "Keras", "Keras at its best", "over Keras", "over its best")
    contest.table("fit: median of rounds (lowest–highest)", rows, header)
    if arguments.json:
        contest.write_json(arguments.json, results)


if __name__ == "__main__":
    main()
