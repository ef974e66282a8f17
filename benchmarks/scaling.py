"""How cost grows: with layers, parameters, steps and epochs: `python benchmarks/scaling.py`.

For each curve the slope in log-log coordinates is printed (1: linear) and drawn.
"""

import argparse
import gc
import os
import resource
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402

import engine  # noqa: E402
import layers  # noqa: E402


def deep(count, units=8):
    """A model of `count` Dense layers."""
    model = engine.Sequential([engine.Input((units,))] + [layers.Dense(units, activation="tanh") for _ in range(count)])
    model.compile("sgd", "mse", jit_compile=False)
    return model


def data(rows, features):
    random = np.random.default_rng(0)
    return random.normal(size=(rows, features)).astype("float32"), random.normal(size=(rows, features)).astype("float32")


def timed(function, repeats=1):
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[repeats // 2]


def tracing_by_layers(counts):
    """Seconds to trace the training step, and to read `weights`, by the number of layers."""
    tracing, reading = [], []
    for count in counts:
        model = deep(count)
        feed = engine.small_parts.feed.make_feed(model, *data(32, 8))
        tracing.append(timed(lambda: model.compiled_step("train", feed.spec)))  # noqa: B023
        reading.append(timed(lambda: model.weights, 5))  # noqa: B023
    return tracing, reading


def step_by_parameters(units):
    """Seconds per step by the number of parameters."""
    seconds, parameters = [], []
    for width in units:
        model = engine.Sequential([engine.Input((width,)), layers.Dense(width), layers.Dense(width)])
        model.compile("adam", "mse")
        x, y = data(64, width)
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        seconds.append(timed(lambda: model.fit(x, y, batch_size=64, epochs=50, verbose=0), 3) / 50)  # noqa: B023
        parameters.append(model.count_params())
    return parameters, seconds


def drift_over_steps(steps):
    """Seconds per step in each tenth of a long run."""
    model = engine.Sequential([engine.Input((8,)), layers.Dense(8), layers.Dense(8)])
    model.compile("adam", "mse")
    x, y = data(32 * 1000, 8)
    model.fit(x, y, epochs=2, verbose=0)
    epochs = steps // 10 // 1000
    return [timed(lambda: model.fit(x, y, epochs=epochs, verbose=0)) / (epochs * 1000) for _ in range(10)]


def memory_over_epochs(epochs):
    """Peak resident MiB after each tenth of the epochs."""
    model = deep(5)
    x, y = data(4000, 8)
    found = []
    for _ in range(10):
        model.fit(x, y, epochs=epochs // 10, verbose=0)
        gc.collect()
        found.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def slope(sizes, costs):
    """The slope of log(cost) against log(size), over the upper half of the sizes."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(costs[half:]), 1)[0])


def draw(path, curves):
    """The curves as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(4.2 * len(curves), 3.6))
    for axis, (title, sizes, costs, label) in zip(axes, curves):
        axis.plot(sizes, costs, marker="o", color="black")
        axis.set(title=title, xlabel=label[0], ylabel=label[1])
        if label[2]:
            axis.set(xscale="log", yscale="log")
        else:
            axis.set_ylim(0, max(costs) * 1.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"Written: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, nargs="*", default=[30, 60, 125, 250, 500, 1000])
    parser.add_argument("--units", type=int, nargs="*", default=[64, 128, 256, 512, 1024, 2048])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--json")
    parser.add_argument("--png")
    arguments = parser.parse_args()
    tracing, reading = tracing_by_layers(arguments.layers)
    parameters, seconds = step_by_parameters(arguments.units)
    drift, memory = drift_over_steps(arguments.steps), memory_over_epochs(arguments.epochs)
    rows = [
        ("tracing by layers", f"{tracing[0]:.3f} → {tracing[-1]:.3f} s", f"slope {slope(arguments.layers, tracing):.2f}"),
        ("weights by layers", f"{reading[0] * 1e3:.2f} → {reading[-1] * 1e3:.2f} ms",
         f"slope {slope(arguments.layers, reading):.2f}"),
        ("step by parameters", f"{seconds[0] * 1e3:.3f} → {seconds[-1] * 1e3:.3f} ms",
         f"slope {slope(parameters, seconds):.2f}"),
        (f"step over {arguments.steps:,} steps", f"{drift[0] * 1e6:.0f} → {drift[-1] * 1e6:.0f} µs",
         f"last over first {drift[-1] / drift[0]:.2f}"),
        (f"memory over {arguments.epochs} epochs", f"{memory[0]:.0f} → {memory[-1]:.0f} MiB",
         f"grown by {memory[-1] - memory[1]:.1f} MiB after the first fifth"),
    ]  # fmt: skip
    contest.table("how cost grows", rows, ("", "from → to", ""))
    tenths = [10 * i for i in range(1, 11)]
    if arguments.png:
        draw(arguments.png, [
            ("Tracing", arguments.layers, tracing, ("layers", "seconds", True)),
            ("Reading weights", arguments.layers, reading, ("layers", "seconds", True)),
            ("One step", parameters, seconds, ("parameters", "seconds", True)),
            ("Step time over a run", tenths, drift, ("% of the run", "seconds per step", False)),
            ("Memory over a run", tenths, memory, ("% of the run", "MiB", False)),
        ])  # fmt: skip
    if arguments.json:
        contest.write_json(arguments.json, {
            "layers": arguments.layers, "tracing": tracing, "reading": reading, "parameters": parameters,
            "step": seconds, "drift": drift, "memory": memory,
        })  # fmt: skip


if __name__ == "__main__":
    main()
