"""A whole program as its user waits for it: `python benchmarks/programs.py [--data-dir FOLDER]`.

From the shell prompt to the printed accuracy: the interpreter starts, imports, reads MNIST, trains five epochs and tests. The
two programs are the same but for one line, the import; each runs in a process of its own, and they take turns. FOLDER is that
of tensorflow-datasets with a prepared `mnist`, read once and handed to both as one npz file; without it the bundled digits
stand in, which are fewer and smaller.
"""

import argparse
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import contest  # noqa: E402
import numpy as np  # noqa: E402

from engine.datasets import DatasetError, load  # noqa: E402

PROGRAM = """
import sys
import numpy as np
{imported}
from {library} import layers

data = np.load(sys.argv[1])
model = keras.Sequential([
    layers.Input(data["x_train"].shape[1:]), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(data["x_train"], data["y_train"], epochs=5, verbose=2)
loss, accuracy = model.evaluate(data["x_test"], data["y_test"], verbose=0)
print(accuracy)
"""
IMPORTS = {"Glassbox": ("import glassbox as keras", "glassbox"), "Keras": ("import keras", "keras")}


def prepared(folder, path):
    """Write the images to the npz file `path`; returns the name of the set."""
    name = "mnist" if folder and os.path.isdir(os.path.join(folder, "mnist")) else "digits"
    try:
        (x_train, y_train), (x_test, y_test), _ = load(name, folder if name == "mnist" else None)
    except DatasetError as error:
        raise SystemExit(f"programs.py: {error}") from None
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return name


def runner(library, data, folder, accuracies):
    """A function that runs the program with `library` in a new process, and adds its accuracy to `accuracies`."""
    imported, module = IMPORTS[library]
    program = os.path.join(folder, f"{library}.py")
    with open(program, "w") as file:
        file.write(PROGRAM.format(imported=imported, library=module))
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = {**os.environ, "PYTHONPATH": root, "KERAS_BACKEND": "tensorflow"}

    def run():
        told = subprocess.run([sys.executable, program, data], env=environment, check=True, capture_output=True, text=True)
        accuracies.setdefault(library, []).append(float(told.stdout.split()[-1]))

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="of tensorflow-datasets, with mnist")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    accuracies = {}
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.npz")
        name = prepared(arguments.data_dir, data)
        if name == "digits":
            print("No mnist there: these are the bundled digits, 1,442 images of 8 × 8. Name its folder with --data-dir.")
        runs = {library: runner(library, data, folder, accuracies) for library in IMPORTS}
        seconds = contest.take_turns(runs, arguments.rounds)
    found, ratios = contest.medians(seconds, unit=1), {"Keras": 1, **contest.over("Keras", seconds)}
    rows = [(library, contest.cell(times, digits=2), f"{ratios[library]:.2f}",
             f"{sum(accuracies[library]) / len(accuracies[library]):.4f}") for library, times in found.items()]  # fmt: skip
    contest.table(f"{name}, five epochs: seconds from the prompt to the accuracy, median of rounds (lowest–highest)", rows,
                  ("", "seconds", "over Keras's", "accuracy"))  # fmt: skip
    if arguments.json:
        contest.write_json(arguments.json, [{"data": name, "seconds": found, "accuracy": accuracies}])


if __name__ == "__main__":
    main()
