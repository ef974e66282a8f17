"""Peak resident memory of a 10-epoch fit of 60,000 × 784 float32: `python benchmarks/memory.py`.

Each contender runs in a process of its own; what it held before the data were made is taken off.
"""

import argparse
import json
import os
import resource
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(which, rows, epochs):
    """Train in this process; prints the two readings as JSON."""
    import workloads

    library = getattr(workloads, which)()
    workload = next(w for w in workloads.WORKLOADS if w.name == "wide-mlp")
    model = workload.build(library)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = workload.data(512)
    model.fit(x, y, batch_size=256, verbose=0)
    before = megabytes()
    x, y = workload.data(rows)
    data = x.nbytes / 2**20
    model.fit(x, y, batch_size=256, epochs=epochs, verbose=0)
    print(json.dumps({"before": before, "after": megabytes(), "data": data}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--child", choices=("glassbox", "keras"), help=argparse.SUPPRESS)
    parser.add_argument("--json", help="write the results there")
    parser.add_argument("--png", help="draw them there")
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.rows, arguments.epochs)
        return
    import contest

    results, rows = {}, []
    for which in ("glassbox", "keras"):
        command = [sys.executable, __file__, "--child", which, "--rows", str(arguments.rows), "--epochs",
                   str(arguments.epochs)]  # fmt: skip
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = results[which] = json.loads(output.splitlines()[-1])
        grown = found["after"] - found["before"]
        rows.append((which, f"{found['after']:,.0f}", f"{grown:,.0f}", f"{grown / found['data']:.2f}"))
    contest.table("memory of fit, MiB", rows, ("", "peak", "grown by", "times the data"))
    if arguments.json:
        contest.write_json(arguments.json, results)
    if arguments.png:
        groups = {"peak": "after", "before the data": "before"}
        heights = {group: {name: found[key] for name, found in results.items()} for group, key in groups.items()}
        contest.bars(arguments.png, "memory of fit", "MiB", heights)


if __name__ == "__main__":
    main()
