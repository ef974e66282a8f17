"""Time per step of `fit` and `evaluate` beside Keras: `python benchmarks/fit.py [workload ...]`.

Contenders: this project as it comes; Keras as it comes; Keras at its best setting (whatever of steps_per_execution
and jit_compile is fastest for the workload, found in one trial each); PyTorch and JAX with `--others`, where they are
installed. One epoch per round, metrics on, Adam. All have their data as tensors of their own before the clock starts.
"""

import argparse
import dataclasses
import functools
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import others  # noqa: E402
import tensorflow as tf  # noqa: E402
import workloads  # noqa: E402

CONTENDERS = ("Glassbox", "Keras", "Keras at its best")
KERAS_SETTINGS = [
    {"steps_per_execution": 32, "jit_compile": False},
    {"steps_per_execution": 32, "jit_compile": True},
    {"steps_per_execution": 1, "jit_compile": True},
]


def trainer(library, workload, x, y, verb="fit", **settings):
    """A function that trains, or evaluates, one epoch."""
    x, y = tf.constant(x), tf.constant(y)
    model = workload.build(library)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    return lambda: getattr(model, verb)(x, y, batch_size=workload.batch_size, verbose=0)


def best_keras(make):
    """(setting, what `make` gives for it) of the Keras setting that is fastest here: of second runs, as the first one compiles."""
    trials = []
    for setting in KERAS_SETTINGS:
        run = make(**setting)
        run()
        started = time.perf_counter()
        run()
        trials.append((time.perf_counter() - started, str(setting), setting, run))
    return min(trials, key=lambda trial: trial[0])[2:]


def measure(workload, rounds, verb, with_others):
    """One row of the table, as a dict."""
    x, y = workload.data(workload.rows)
    setting, best = best_keras(functools.partial(trainer, workloads.keras(), workload, x, y, verb))
    contenders = {
        "Glassbox": trainer(workloads.glassbox(), workload, x, y, verb),
        "Keras": trainer(workloads.keras(), workload, x, y, verb),
        "Keras at its best": best,
    }
    if with_others and verb == "fit":
        made = {name: make(workload, x, y) for name, make in others.available().items()}
        contenders.update({name: run for name, run in made.items() if run is not None})
    steps = workload.rows / workload.batch_size
    seconds = contest.take_turns(contenders, rounds)
    return {"workload": workload.name, "verb": verb, "setting": setting,
            "microseconds per step": contest.medians(seconds, per=steps), "over Glassbox": contest.over("Glassbox", seconds)}  # fmt: skip


def row(result):
    """A result as cells of the table."""
    times, ratios = result["microseconds per step"], result["over Glassbox"]
    names = (*CONTENDERS, *others.NAMES)
    return (result["workload"], *(contest.cell(times[name], ratios.get(name)) if name in times else "" for name in names))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", help=f"of {[w.name for w in workloads.WORKLOADS]}; all without any")
    parser.add_argument("--evaluate", action="store_true", help="time evaluate in place of fit")
    parser.add_argument("--others", action="store_true", help="also PyTorch and JAX, where they are installed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="rows of an epoch, for a quick look")
    parser.add_argument("--json", help="write the results there")
    parser.add_argument("--png", help="draw the ratios there")
    arguments = parser.parse_args()
    chosen = [w for w in workloads.WORKLOADS if not arguments.workload or w.name in arguments.workload]
    results = []
    for workload in chosen:
        if arguments.rows:
            workload = dataclasses.replace(workload, rows=arguments.rows)
        verb = "evaluate" if arguments.evaluate else "fit"
        results.append(measure(workload, arguments.rounds, verb, arguments.others))
        print(f"{workload.name} done", flush=True)
    contest.table(
        f"{results[0]['verb']}: microseconds per step, median of rounds (lowest–highest), and times Glassbox's",
        [row(result) for result in results],
        ("workload", "Glassbox", "over Keras", "over Keras at its best", *others.NAMES),
    )
    contest.keep(arguments, results, "workload", results[0]["verb"], "time per step")


if __name__ == "__main__":
    main()
