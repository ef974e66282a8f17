"""The benchmark scripts run and print what they promise; no time is asserted."""

import collections
import importlib
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


@pytest.mark.parametrize(
    "name, expected",
    [
        ("mlp", {"Product": 5}),  # two layers: three products each, but none for the gradient of what is given
        ("deep-mlp", {"Product": 182}),
        ("transformer", {"Product": 51}),
        ("lstm", {"Product": 80 + 80 + 3 + 3}),  # 80 steps there and back
        ("cnn", {"Product": 3, "Convolution": 5}),
        ("resnet", {"Product": 3, "Convolution": 29}),
    ],
)
def test_products_of_a_step_are_found_from_the_layers(name, expected, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    products, workloads = (importlib.import_module(module) for module in ("products", "workloads"))
    (workload,) = [each for each in workloads.WORKLOADS if each.name == name]
    counted = collections.Counter()
    for product, count in products.of_model(workload.build(workloads.glassbox()), workload.batch_size).items():
        counted[type(product).__name__] += count
    assert counted == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "script, arguments",
    [
        ("eager.py", ["--rounds", "1", "--repeats", "2"]),
        ("predict.py", ["mlp", "--rounds", "1", "--repeats", "2"]),
        ("start.py", ["mlp", "--rounds", "1"]),
        ("limits.py", ["mlp", "--rounds", "1"]),
        ("limits.py", ["cnn", "--rounds", "1", "--rows", "256"]),
        ("limits.py", ["lstm", "--rounds", "1", "--rows", "128"]),
        ("limits.py", ["--adam", "--millions", "0.1", "--rounds", "1"]),
        ("feeds.py", ["--workload", "mlp", "--rounds", "1", "--rows", "320"]),
        ("programs.py", ["--rounds", "1"]),
        ("memory.py", ["--rows", "2000", "--epochs", "1"]),
        ("scaling.py", ["--layers", "2", "4", "8", "--units", "8", "16", "32", "--steps", "10000", "--epochs", "10"]),
    ],
)
def test_other_scripts_run(script, arguments, tmp_path):
    """With matplotlib they draw, too."""
    png = tmp_path / "chart.png"
    if importlib.util.find_spec("matplotlib") and script not in ("limits.py", "feeds.py", "programs.py"):
        arguments = [*arguments, "--png", str(png)]
    assert "─" in run(script, *arguments)
    assert png.exists() == ("--png" in arguments)
