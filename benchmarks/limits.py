"""How near `fit` is to what the processor can do: `python benchmarks/limits.py [workload ...] [--adam]`.

The limit is the time of the matrix products and convolutions of one training step (products.py), each by the library
that makes it fastest here, and nothing else done at all. The rest is measured by leaving parts out: `fit` with a training step
that does less, in the same loop, on the same way (XLA or TensorFlow's kernels).

    loop         a step that does nothing
    gather       a step that reads its batch, without the loop
    random       a step that draws the masks, without the loop
    elementwise  forward, loss and backward, without all these and the limit
    update       the whole step without metrics, without all these
    metrics      the whole step, without all these

`--adam`: the update of one variable of 1, 10 and 100 million parameters, in passes: times in which a plain copy, which
reads one array and writes one, moves one. Adam reads four and writes three.
"""

import argparse
import collections
import dataclasses
import os
import threading
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402
import products  # noqa: E402
import tensorflow as tf  # noqa: E402
import workloads  # noqa: E402

NAMES = [workload.name for workload in workloads.WORKLOADS]
PASSES = 7  # of Adam over memory, at least: see above


def _nothing(model):
    return lambda data: {"loss": tf.zeros([])}


def _gather(model):
    return lambda data: {"loss": sum(tf.reduce_sum(tf.cast(item, tf.float32)) for item in tf.nest.flatten(data))}


def _random(model):
    masked = [(layer, layer.output.shape[1:]) for layer in model.layers if type(layer).__name__ == "Dropout"]

    def step(data):
        rows = tf.shape(data[0])[0]
        drawn = [layer(tf.ones([rows, *shape]), training=True) for layer, shape in masked]
        return {"loss": sum((tf.reduce_sum(item) for item in drawn), tf.zeros([]))}

    return step


def _gradients(model):
    kept = [tf.Variable(tf.zeros_like(variable)) for variable in model.trainable_variables]

    def step(data):
        _, loss, gradients = model.step_gradients(*data)
        for variable, (gradient, _) in zip(kept, gradients):
            variable.assign(gradient)  # or nobody would ask for it
        return {"loss": loss}

    return step


PARTS = {"loop": _nothing, "gather": _gather, "random": _random, "gradients": _gradients, "without metrics": None, "fit": None}


def trainers(workload):
    """{name of each part: function that trains one epoch}."""
    x, y = workload.data(workload.rows)
    found, jit = {}, "auto"
    for name, part in reversed(PARTS.items()):
        model = workload.build(workloads.glassbox())
        metrics = ["accuracy"] if name == "fit" else None
        model.compile("adam", "sparse_categorical_crossentropy", metrics=metrics, jit_compile=jit)
        if part is not None:
            model.train_step = part(model)
        found[name] = lambda model=model: model.fit(x, y, batch_size=workload.batch_size, verbose=0)
        if name == "fit":
            found[name]()  # the way of the whole step is that of its parts
            jit = all(step.obstacle is None for step in model._traces.kept.values())
    return found


def measure(workload, rounds):
    """One row of the table, as a dict of microseconds per step."""
    found = products.of_model(workload.build(workloads.glassbox()), workload.batch_size)
    limit, libraries = 0.0, collections.Counter()
    for product, count in found.items():
        seconds, library = products.fastest(product)
        limit += 1e6 * count * seconds
        libraries[library] += 1e6 * count * seconds
    steps = workload.rows / workload.batch_size
    times = contest.medians(contest.take_turns(trainers(workload), rounds), per=steps)
    loop, gathered, drawn, gradients, without, fit = (times[name][0] for name in PARTS)
    parts = {"loop": loop, "gather": gathered - loop, "random": drawn - loop}
    parts |= {"elementwise": gradients - limit - sum(parts.values()), "update": without - gradients, "metrics": fit - without}
    return {"workload": workload.name, "products": sum(found.values()), "limit": limit, "by": dict(libraries), "fit": times["fit"],
            "parts": parts}  # fmt: skip


def copy_seconds(size=100_000_000):
    """The time of a copy of so many numbers by all cores, the best of some."""
    pairs = list(zip(*(np.array_split(array, os.cpu_count()) for array in np.ones((2, size), "float32"))))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        parts = [threading.Thread(target=np.copyto, args=pair) for pair in pairs]
        for part in parts:
            part.start()
        for part in parts:
            part.join()
        times.append(time.perf_counter() - began)
    return min(times)


def adam(millions, rounds):
    """Microseconds of the update of so many parameters, as a dict."""
    size, steps = int(millions * 1e6), max(4, int(400 / millions))
    library = workloads.glassbox()
    model = library.Sequential([library.Input((1000,)), library.layers.Dense(size // 1000, use_bias=False)])
    model.compile("adam", "mse", jit_compile=True)
    gradient = tf.Variable(tf.fill([1000, size // 1000], 1e-3))

    def step(data):
        model.apply_step([(tf.identity(gradient), model.trainable_variables[0])], 1)
        return {"loss": tf.zeros([])}

    model.train_step = step
    x = np.zeros((steps, 1000), "float32")
    times = contest.take_turns({"update": lambda: model.fit(x, batch_size=1, verbose=0)}, rounds)
    return {"parameters": size, **contest.medians(times, per=steps)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", choices=[*NAMES, []], help="all without any")
    parser.add_argument("--adam", action="store_true", help="the update beside a copy, in place of workloads")
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10, 100], help="of parameters, for --adam")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="rows of an epoch, for a quick look")
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    if arguments.adam:
        one = 1e6 * copy_seconds() / 1e8 / 2  # microseconds in which one number is read or written
        results = [adam(millions, arguments.rounds) for millions in arguments.millions]
        passes = [each["update"][0] / each["parameters"] / one for each in results]
        rows = [(f"{each['parameters']:,}", contest.cell(each["update"]), f"{count:.1f}", f"{count / PASSES:.2f}")
                for each, count in zip(results, passes)]  # fmt: skip
        contest.table(f"Adam's update, microseconds, median of rounds (lowest–highest); a copy moves {4e-3 / one:.1f} GB/s", rows,
                      ("parameters", "update", "passes", "times the limit"))  # fmt: skip
    else:
        chosen = [each for each in workloads.WORKLOADS if not arguments.workload or each.name in arguments.workload]
        chosen = [dataclasses.replace(each, rows=arguments.rows or each.rows) for each in chosen]
        results = [measure(each, arguments.rounds) for each in chosen]
        rows = [(each["workload"], str(each["products"]), f"{each['limit']:,.0f}", contest.cell(each["fit"]),
                 f"{each['fit'][0] / each['limit']:.2f}", *(f"{value:,.0f}" for value in each["parts"].values()),
                 ", ".join(f"{name} {time / each['limit']:.0%}" for name, time in each["by"].items())) for each in results]  # fmt: skip
        contest.table("microseconds per step, median of rounds (lowest–highest), beside its products alone, and the rest by parts",
                      rows, ("workload", "products", "limit", "Glassbox", "times", *results[0]["parts"], "limit by"))  # fmt: skip
    if arguments.json:
        contest.write_json(arguments.json, results)


if __name__ == "__main__":
    main()
