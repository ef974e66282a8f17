"""The command: scripts and notebooks on the disk. Nothing is lost, and nothing is overwritten."""

import json
import os

import pytest

pytest.importorskip("glassbox")

from engine.port.__main__ import main

OLD, NEW = "from keras.layers import Dense\n", "from glassbox.layers import Dense\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(OLD)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}


def test_it_writes_into_another_folder(folder, capsys):
    (folder / "b").mkdir()
    (folder / "b/a.py").write_text("x = 1")
    assert main(["port", "a.py", "./b/a.py"]) == 0
    assert contents(folder) == {"a.py": OLD, "b/a.py": "x = 1", "ported/a.py": NEW, "ported/b/a.py": "x = 1"}
    assert capsys.readouterr().out.splitlines() == [
        "a.py:1: keras.layers → glassbox.layers",
        "a.py: 1 change, 0 left to do by hand; written to ported/a.py",
        "b/a.py: nothing to change, 0 left to do by hand; written to ported/b/a.py",
    ]
    assert main(["port", "a.py"]) == 0  # the same again
    assert main(["port", "a.py", "--out", "c/d"]) == 0
    assert contents(folder)["c/d/a.py"] == NEW


def test_check_writes_nothing(folder, capsys):
    assert main(["port", "--check", "a.py"]) == 0
    assert contents(folder) == {"a.py": OLD}
    assert "a.py:1: keras.layers → glassbox.layers" in capsys.readouterr().out


def test_in_place_keeps_the_original(folder):
    os.chmod("a.py", 0o755)
    assert main(["port", "--in-place", "a.py"]) == 0
    assert contents(folder) == {"a.py": NEW, "a.py.orig": OLD}
    assert os.stat("a.py").st_mode & 0o777 == 0o755
    assert main(["port", "--in-place", "a.py"]) == 0  # nothing to change
    assert contents(folder) == {"a.py": NEW, "a.py.orig": OLD}


@pytest.mark.parametrize("options", [["--in-place"], [], ["--out", "."]])
def test_nothing_is_overwritten(folder, options, capsys):
    (folder / "a.py.orig").write_text("an earlier original")
    (folder / "ported").mkdir()
    (folder / "ported/a.py").write_text("worked on by hand")
    before = contents(folder)
    assert main(["port", *options, "a.py"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert contents(folder) == before


@pytest.mark.parametrize(("name", "data"), [
    ("none.py", None), ("a.txt", b"import keras"), ("b.py", b"# \xff"), ("b.ipynb", b"{"), ("c.ipynb", b"\xff"), ("folder.py", "folder"),
    ("d.ipynb", b"[1]"), ("e.ipynb", b'{"cells": 3}'), ("f.ipynb", b'{"cells": [{"cell_type": "code", "source": [3]}]}'),
])  # fmt: skip
def test_what_cannot_be_read_is_said_in_one_line_and_the_rest_is_done(folder, name, data, capsys):
    if data == "folder":
        (folder / name).mkdir()
    elif data is not None:
        (folder / name).write_bytes(data)
    assert main(["port", name, "a.py"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(name) and len(error.splitlines()) == 1
    assert contents(folder)["ported/a.py"] == NEW and f"ported/{name}" not in contents(folder)


@pytest.mark.parametrize("data", [
    b"\xef\xbb\xbfimport keras\r\nx = '\xc3\xa9'\r\n", b"# coding: latin-1\nimport keras\nx = '\xe9'", b"import keras\n\x0c\nx = 1 # \r y\n",
])  # fmt: skip
def test_every_other_byte_stays(folder, data):
    (folder / "b.py").write_bytes(data)
    assert main(["port", "b.py"]) == 0
    assert (folder / "ported/b.py").read_bytes() == data.replace(b"import keras", b"import glassbox as keras")


NOTEBOOK = r"""{ "nbformat": 4, "metadata": {"a":1},   "nbformat_minor": 0,
 "cells": [
  {"cell_type": "markdown", "source": ["import keras, tf.keras.layers"]},
  {"cell_type": "code", "outputs": [{"text": ["import keras\n"]}], "source": [
     "%matplotlib inline\n",
     "!pip install 'it\n",
     "import tensorflow as tf\n",
     "x = '\u003cé' \t"
    ]},
  {"cell_type": "code", "source": "%%bash\nimport keras"},
  {"cell_type": "code", "source": "%%time\ntf.keras.Model?\nx = tf.keras.layers.Dense(\n    2)"},
  {"cell_type": "code", "source": ["y = (x\n", "% (tf\n",   "   .keras.Model))\n", "tf.keras.applications"]},
  {"cell_type": "code", "source": []}
 ]}
"""


def test_a_notebook_changes_in_its_code_alone(folder, capsys):
    (folder / "n.ipynb").write_text(NOTEBOOK, encoding="utf-8")
    assert main(["port", "n.ipynb"]) == 1
    new = (folder / "ported/n.ipynb").read_text(encoding="utf-8")
    expected = NOTEBOOK
    for before, after in (
        ('     "import tensorflow as tf\\n",\n', '     "import tensorflow as tf\\n",\n     "import glassbox as keras\\n",\n'),
        ("x = tf.keras.layers.Dense(", "x = keras.layers.Dense("),
        ('"% (tf\\n",   "   .keras.Model))\\n"', '"% (keras",   ".Model))\\n"'),
    ):
        assert before in expected
        expected = expected.replace(before, after)
    assert new == expected
    json.loads(new)
    assert "n.ipynb:cell 4:4: applications is not here" in capsys.readouterr().out
    assert main(["port", "--out", "again", "ported/n.ipynb"]) == 1
    assert (folder / "again/n.ipynb").read_text(encoding="utf-8") == new


def test_the_command_needs_files(capsys):
    for arguments in ([], ["port"], ["port", "--check", "--in-place", "a.py"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
        assert "usage: glassbox" in capsys.readouterr().err
