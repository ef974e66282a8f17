"""The Python blocks of the README and of docs/ run, in order, in one namespace per file."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks(text):
    """(number of the first line, code) of each ```python block."""
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, found.start(1)) + 1, found.group(1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_blocks(path, tmp_path, monkeypatch):
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for line, code in blocks(path.read_text(encoding="utf-8")):
        exec(compile("\n" * (line - 1) + code, str(path), "exec"), namespace)  # line numbers are the file's


def test_blocks_are_found_with_their_lines():
    text = "a\n```python\nx = 1\n```\nb\n```bash\nls\n```\n```python\ny = 2\nz = 3\n```\n"
    assert list(blocks(text)) == [(3, "x = 1\n"), (10, "y = 2\nz = 3\n")]
