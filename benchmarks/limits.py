"""How near `fit` is to what the processor can do: `python benchmarks/limits.py [workload ...]`.

The limit here is the time of the matrix products of one training step, each of them alone in an XLA program of its own, and
nothing else done at all: no activation, no loss, no update, no metric. Whatever compiles with XLA, Keras with `jit_compile`
too, runs these same products, so the limit also says which ratios are out of reach on a machine.
"""

import argparse
import collections
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import workloads  # noqa: E402
from fit import trainer  # noqa: E402

WITHOUT_LOOPS = ["mlp", "wide-mlp", "deep-mlp", "transformer"]


def products(workload):
    """{(shape, shape, transposed, transposed): how often} of the products in one training step."""
    model = workload.build(workloads.glassbox())
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = workload.data(workload.batch_size)
    batch = tf.constant(x), tf.constant(y)
    graph = tf.function(model.train_step, autograph=False).get_concrete_function(batch).graph
    names = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMulV2": ("adj_x", "adj_y")}
    return collections.Counter(
        (*(tuple(item.shape) for item in operation.inputs), *(operation.get_attr(name) for name in names[operation.type]))
        for operation in graph.get_operations() if operation.type in names
    )  # fmt: skip


def seconds_of(first, second, transposed, other_transposed, repeats=5):
    """The time of one product in an XLA program that makes many of them."""
    one, two = (tf.random.stateless_normal(shape, (0, 1)) for shape in (first, second))
    count, first_is_larger = 200, np.prod(first) >= np.prod(second)

    @tf.function(jit_compile=True, autograph=False)
    def run(one, two):
        def body(index, last):  # the smaller factor changes, or XLA would multiply once for all
            factors = (one, two + last) if first_is_larger else (one + last, two)
            return index + 1, 1e-30 * tf.matmul(*factors, transpose_a=transposed, transpose_b=other_transposed)[..., :1, :1]

        start = tf.zeros((*first[:-2], 1, 1))
        return tf.while_loop(lambda index, last: index < count, body, (0, start))[1]

    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run(one, two).numpy()
        times.append(time.perf_counter() - started)
    return min(times) / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", default=WITHOUT_LOOPS, help=f"of {WITHOUT_LOOPS}; all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    results, rows = [], []
    for workload in [w for w in workloads.WORKLOADS if w.name in arguments.workload]:
        found = products(workload)
        limit = 1e6 * sum(often * seconds_of(*kind) for kind, often in found.items())
        run = trainer(workloads.glassbox(), workload, *workload.data(workload.rows))
        steps = workload.rows / workload.batch_size
        middle, low, high = contest.medians(contest.take_turns({"fit": run}, arguments.rounds), per=steps)["fit"]
        results.append({"workload": workload.name, "products": sum(found.values()), "limit": limit, "fit": [middle, low, high]})
        rows.append((workload.name, str(sum(found.values())), f"{limit:,.0f}", f"{middle:,.0f} ({low:,.0f}–{high:,.0f})",
                     f"{middle / limit:.2f}"))  # fmt: skip
    contest.table("microseconds per step, median of rounds (lowest–highest), beside its products alone", rows,
                  ("workload", "products", "limit", "Glassbox", "times the limit"))  # fmt: skip
    if arguments.json:
        contest.write_json(arguments.json, results)


if __name__ == "__main__":
    main()
