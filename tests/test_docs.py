"""The numbers in the tour are those that its code prints, and the links in the documents lead somewhere."""

import contextlib
import io
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)


def test_the_tour_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    found = BLOCKS.findall((ROOT / "docs" / "tour.md").read_text(encoding="utf-8"))
    assert sum(bool(expected) for _, expected in found) >= 8
    for code, expected in found:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, "tour.md", "exec"), namespace)
        assert printed.getvalue() == expected, code


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_files_exist(document):
    """`engine/...py` and the like, as they are written in the text, where they are given with their folder."""
    pattern = r"\b((?:engine|layers|losses|tests|examples|benchmarks|docs)/[\w/]+\.(?:py|md))"
    names = re.findall(pattern, document.read_text(encoding="utf-8"))
    assert [name for name in names if not (ROOT / name).exists()] == []
