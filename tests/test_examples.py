"""The programs of examples/ run, and come to what they promise."""

import pathlib
import runpy

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "examples"


def terms_add_up(history):
    terms = np.sum([values for name, values in history.items() if name.endswith("add_loss")], axis=0)
    return history["accuracy"][-1] > 0.9 and np.allclose(terms, history["loss"], rtol=1e-5)


# program: whether what its main() returns is what it promises
PROMISES = {
    "digits": lambda accuracy: accuracy > 0.95,
    "endpoint": terms_add_up,
    "line": lambda at_ten: abs(at_ten - 19) < 0.1,
    "linear_block": lambda counts: counts == (6, 4),
    "own_layers": lambda difference: difference == 0,
    "quadratic": lambda accuracy: accuracy > 0.95,
    "resnet": lambda accuracy: accuracy > 0.85,
    "running_sum": lambda sums: np.array_equal(sums, [[2, 2], [4, 4]]),
    "train_per_step": lambda accuracy: accuracy > 0.9,
}


@pytest.mark.parametrize("program", PROMISES)
def test_example(program, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runpy.run_path(str(FOLDER / f"{program}.py"))["main"]()
    assert PROMISES[program](result), result
    assert capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []  # files were put elsewhere, and away


def test_every_program_is_here():
    assert sorted(PROMISES) == sorted(path.stem for path in FOLDER.glob("*.py"))
