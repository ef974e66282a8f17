"""`predict` of one row, after so many calls that XLA has compiled it: `python benchmarks/predict.py`.

Contenders: this project, Keras, and a traced function's own call with the copy to NumPy.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import workloads  # noqa: E402

from engine.compilation.xla import FEW  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", default=["mlp", "deep-mlp", "cnn"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--json")
    parser.add_argument("--png", help="draw the ratios there")
    arguments = parser.parse_args()
    results, rows = [], []
    for workload in [w for w in workloads.WORKLOADS if w.name in arguments.workload]:
        x = workload.data(1)[0]
        ours, theirs = workload.build(workloads.glassbox()), workload.build(workloads.keras())
        traced = tf.function(lambda batch, model=ours: model(batch, training=False), autograph=False)
        contenders = {
            "Glassbox": lambda: ours.predict(x),  # noqa: B023 (run in this turn of the loop)
            "Keras": lambda: theirs.predict(x, verbose=0),  # noqa: B023
            "traced call": lambda: np.asarray(traced(tf.constant(x))),  # noqa: B023
        }
        for _ in range(FEW):
            ours.predict(x)
        timed = {name: lambda run=run: [run() for _ in range(arguments.repeats)] for name, run in contenders.items()}
        seconds = contest.take_turns(timed, arguments.rounds)
        found, ratios = contest.medians(seconds, per=arguments.repeats), contest.over("Glassbox", seconds)
        results.append({"workload": workload.name, "microseconds": found, "over Glassbox": ratios})
        cells = map(contest.cell, found.values())
        rows.append((workload.name, *cells, f"{ratios['Keras']:.0f}×", f"{1 / ratios['traced call']:.2f}"))
    contest.table("predict of one row: microseconds, median of rounds (lowest–highest)", rows,
                  ("workload", "Glassbox", "Keras", "traced call", "over Keras", "times traced"))  # fmt: skip
    contest.keep(arguments, results, "workload", "predict of one row")


if __name__ == "__main__":
    main()
