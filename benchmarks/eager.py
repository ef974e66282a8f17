"""Ten Dense layers in plain Python: the forward call, and a GradientTape step: `python benchmarks/eager.py`.

Contenders: this project, Keras, and the bare operations with the update written out by hand for each variable.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

import engine  # noqa: E402
import layers  # noqa: E402

UNITS, LAYERS = 64, 10


def bare_model():
    """(forward, variables) of the same model as plain operations."""
    pairs = [(tf.Variable(tf.random.normal((UNITS, UNITS)) * 0.1), tf.Variable(tf.zeros(UNITS))) for _ in range(LAYERS)]

    def forward(x, training=False):
        for kernel, bias in pairs:
            x = tf.nn.relu(tf.matmul(x, kernel) + bias)
        return x

    return forward, [variable for pair in pairs for variable in pair]


def bare_adam(variables):
    """Adam as operations, variable by variable."""
    slots = [(tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables]
    step = tf.Variable(0.0)

    def apply(gradients):
        step.assign_add(1.0)
        rate = 0.001 * tf.sqrt(1 - tf.pow(0.999, step)) / (1 - tf.pow(0.9, step))
        for variable, gradient, (momentum, velocity) in zip(variables, gradients, slots):
            momentum.assign_add(0.1 * (gradient - momentum))
            velocity.assign_add(0.001 * (tf.square(gradient) - velocity))
            variable.assign_sub(rate * momentum / (tf.sqrt(velocity) + 1e-7))

    return apply


def stepper(forward, variables, apply, x, y):
    """A hand-written training step."""

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(forward(x, training=True) - y))
        apply(tape.gradient(loss, variables() if callable(variables) else variables))

    return step


def repeated(function, times):
    def run():
        for _ in range(times):
            function()

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--json")
    parser.add_argument("--png", help="draw the ratios there")
    arguments = parser.parse_args()
    x, y = tf.random.normal((32, UNITS)), tf.zeros((32, UNITS))
    ours = engine.Sequential([engine.Input((UNITS,))] + [layers.Dense(UNITS, activation="relu") for _ in range(LAYERS)])
    theirs = keras.Sequential(
        [keras.Input((UNITS,))] + [keras.layers.Dense(UNITS, activation="relu") for _ in range(LAYERS)]
    )
    forward, variables = bare_model()
    our_adam, their_adam, by_hand = engine.optimizers.Adam(), keras.optimizers.Adam(), bare_adam(variables)
    tests = {
        "forward": {"Glassbox": lambda: ours(x), "Keras": lambda: theirs(x), "bare operations": lambda: forward(x)},
        "training step": {
            "Glassbox": stepper(ours, lambda: ours.trainable_weights, lambda g: our_adam.apply_gradients(
                zip(g, ours.trainable_weights)), x, y),
            "Keras": stepper(theirs, lambda: theirs.trainable_weights, lambda g: their_adam.apply_gradients(
                zip(g, theirs.trainable_weights)), x, y),
            "bare operations": stepper(forward, variables, by_hand, x, y),
        },
    }  # fmt: skip
    results, rows = [], []
    for name, contenders in tests.items():
        timed = {key: repeated(run, arguments.repeats) for key, run in contenders.items()}
        seconds = contest.take_turns(timed, arguments.rounds)
        found, ratios = contest.medians(seconds, per=arguments.repeats), contest.over("Glassbox", seconds)
        results.append({"test": name, "microseconds": found, "over Glassbox": ratios})
        cells = map(contest.cell, found.values())
        rows.append((name, *cells, f"{ratios['Keras']:.1f}×", f"{1 / ratios['bare operations']:.2f}"))
    contest.table("eager, 10 × Dense(64), batch 32: microseconds, median of rounds (lowest–highest)", rows,
                  ("", "Glassbox", "Keras", "bare operations", "over Keras", "times bare"))  # fmt: skip
    contest.keep(arguments, results, "test", "eager: ten Dense layers")


if __name__ == "__main__":
    main()
