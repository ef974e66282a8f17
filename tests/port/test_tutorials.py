"""Programs as TensorFlow 2's tutorials have them, ported by the command and run; the three in examples/ also beside TensorFlow's own."""

import importlib.util
import json
import os
import pathlib
import runpy
import subprocess
import sys

import pytest

from engine.port.__main__ import main

ROOT = pathlib.Path(__file__).parents[2]
WALKS = sorted((ROOT / "examples" / "tutorials").glob("*.py"))
PROGRAMS = [*WALKS, *sorted(pathlib.Path(__file__).parent.glob("tutorials/*.py"))]

# Runs the original and prints what is the same in each run.
ORIGINAL = "import json, runpy, sys; facts = runpy.run_path(sys.argv[1])['facts']; print('\\n' + json.dumps(facts, sort_keys=True))"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_tutorial_runs(program, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["port", str(program)]) == 0, capsys.readouterr().out
    ported = tmp_path / "ported" / program.name
    text = ported.read_text(encoding="utf-8")
    assert "tf.keras" not in text and "tensorflow.keras" not in text and "from keras" not in text
    found = runpy.run_path(str(ported))
    assert bool(found["result"]) is True, {name: found.get(name) for name in ("facts", "history")}
    assert main(["port", "--check", str(ported)]) == 0


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("tf_keras") is None, reason="needs the package tf_keras, the Keras of TensorFlow 2")
@pytest.mark.parametrize("program", WALKS, ids=lambda path: path.stem)
def test_the_original_gives_the_same(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {**os.environ, "TF_USE_LEGACY_KERAS": "1"}
    run = subprocess.run([sys.executable, "-c", ORIGINAL, str(program)], capture_output=True, text=True, timeout=400, env=settings)
    assert run.returncode == 0, run.stderr[-3000:]
    main(["port", str(program)])
    ours = runpy.run_path(str(tmp_path / "ported" / program.name))["facts"]
    assert json.loads(run.stdout.splitlines()[-1]) == json.loads(json.dumps(ours))
