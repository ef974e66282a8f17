"""Programs in the styles of tutorials, ported and run, as scripts and as notebooks."""

import json

import pytest

pytest.importorskip("glassbox")

import older_programs as programs

from engine.port.__main__ import main


def run(text):
    namespace = {}
    exec(compile(text, "ported.py", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", programs.ALL)
def test_a_program_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(programs.ALL[name])
    assert main(["port", "program.py"]) == 0, capsys.readouterr().out
    text = (tmp_path / "ported/program.py").read_text()
    assert "tf.keras" not in text and "tensorflow.keras" not in text
    namespace = run(text)
    assert bool(namespace["result"]) is True
    model = namespace.get("model", namespace.get("m"))
    assert all(part.__module__.split(".")[0] not in ("keras", "tf_keras") for part in type(model).__mro__)
    assert (tmp_path / "program.py").read_text() == programs.ALL[name]
    assert main(["port", "--check", "ported/program.py"]) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_a_notebook_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = programs.INLINE.strip().split("\n\n")
    source = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": source}, indent=1))
    assert main(["port", "--in-place", "n.ipynb"]) == 0
    ported = json.loads((tmp_path / "n.ipynb").read_text())["cells"]
    assert run("\n\n".join("".join(cell["source"]) for cell in ported))["result"]
