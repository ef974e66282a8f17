"""The benchmark scripts run and print what they promise; no time is asserted."""

import importlib.util
import json
from pathlib import Path

import forked
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


def run(script, *arguments):
    return forked.output(FOLDER / script, *arguments, cwd=FOLDER, timeout=300)


def test_fit_prints_a_row_per_workload_and_writes_json(tmp_path):
    path = tmp_path / "fit.json"
    output = run("fit.py", "mlp", "--rounds", "1", "--rows", "256", "--json", str(path))
    assert "over Keras" in output and output.count("mlp") >= 1
    (result,) = json.loads(path.read_text())["results"]
    assert result["workload"] == "mlp"
    for name in ("Glassbox", "Keras", "Keras at its best"):
        middle, low, high = result["microseconds per step"][name]
        assert 0 < low <= middle <= high


@pytest.mark.slow
@pytest.mark.parametrize(
    "script, arguments",
    [
        ("eager.py", ["--rounds", "1", "--repeats", "2"]),
        ("predict.py", ["mlp", "--rounds", "1", "--repeats", "2"]),
        ("start.py", ["mlp", "--rounds", "1"]),
        ("limits.py", ["mlp", "--rounds", "1"]),
        ("memory.py", ["--rows", "2000", "--epochs", "1"]),
        ("scaling.py", ["--layers", "2", "4", "8", "--units", "8", "16", "32", "--steps", "10000", "--epochs", "10"]),
    ],
)
def test_other_scripts_run(script, arguments, tmp_path):
    """With matplotlib they draw, too."""
    png = tmp_path / "chart.png"
    if importlib.util.find_spec("matplotlib") and script != "limits.py":
        arguments = [*arguments, "--png", str(png)]
    assert "─" in run(script, *arguments)
    assert png.exists() == ("--png" in arguments)
