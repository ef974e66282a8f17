"""The site: every public name is on a page, docstrings become the Markdown that is meant, links lead to pages."""

import pathlib
import shutil
import subprocess
import sys
import textwrap
import types

import pytest

import glassbox

pytest.importorskip("griffe", reason="the site needs pip install -e '.[docs]'")
pytest.importorskip("mkdocs", reason="the site needs pip install -e '.[docs]'")

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs/site"))
import docstrings  # noqa: E402
import hooks  # noqa: E402
import reference  # noqa: E402

LINKS = {"Dense": "layers.Dense"}
SHOWN = {name.item.path for page in reference.pages() for name in page.names}


def public_objects():
    """Classes and functions of this project that `import glassbox as keras` offers."""
    for path, sources in glassbox.PATHS.items():
        module = glassbox if not path else sys.modules[f"glassbox.{path}"]
        for name in getattr(module, "__all__", dir(module)):
            item = getattr(module, name)
            own = getattr(item, "__module__", "").split(".")[0] in reference.PACKAGES
            if sources and own and isinstance(item, (type, types.FunctionType)):
                yield f"{item.__module__}.{item.__qualname__}"


def test_every_public_name_is_on_a_page():
    assert len(SHOWN) > 450
    assert set(public_objects()) - SHOWN == set()


def test_every_name_on_a_page_has_a_docstring():
    assert [path for path in SHOWN if not reference.source()[path].docstring] == []


WITHOUT_EXAMPLE = {  # names, and why their docstrings have none
    "Symbol Step Summary Info": "made by other names, whose examples show them",
    "History ProgressBar ProgbarLogger CallbackList": "made by fit",
    "record_run report launch scope fits_in_memory": "what train.py calls",
    "load_data get_word_index": "need files that are not here",
    "inspect_step walk_step": "the methods of Model have one",
    "VocabularyLayer": "a base",
    "check_row": "for the tables in tests/parity/rows",
    "as_float draw_seed clear_session": "one line of Python",
}


def test_public_names_have_examples():
    """Except for errors, and names of `backend` and `draws`, whose docstrings say in one line of TensorFlow what they do."""
    names = [name for page in reference.pages() if not page.module.endswith(("backend", "draws")) for name in page.names]
    without = {name.path.rpartition(".")[2] for name in names if ">>>" not in name.item.docstring.value}
    assert {name for name in without if not name.endswith("Error")} == set(" ".join(WITHOUT_EXAMPLE).split())


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("A layer.\n\n    y = a * b\n\nMore.", "A layer.\n\n    y = a * b\n\nMore."),
        (">>> f(1)\n1\n\nMore.", "```pycon\n>>> f(1)\n1\n```\n\nMore."),
        ("As `Dense`, not `dense`.", "As [`Dense`][layers.Dense], not `dense`."),
        ("Of *args and _x_, `a * b`.", r"Of \*args and \_x\_, `a * b`."),
        ("Shapes: (N,) → (N,).\nErrors: ValueError.", "**Shapes:** (N,) → (N,).\n\n**Errors:** ValueError."),
        ("Arguments: `a` (1; `x`), `b`, both.", "**Arguments:**\n\n- `a` (1; `x`)\n- `b`, both"),
        ("Arguments: `a`, `b` (two); `c` (one,\nthat is).", "**Arguments:**\n\n- `a`, `b` (two)\n- `c` (one, that is)"),
        ("Arguments: as `Dense`.", "**Arguments:** as [`Dense`][layers.Dense]."),
        ("It is new: no label.", "It is new: no label."),
    ],
)
def test_docstrings_become_markdown(docstring, expected):
    assert docstrings.markdown(docstring, LINKS) == expected


@pytest.mark.parametrize(
    ("page", "link", "shown"),
    [
        ("index.md", "docs/tour.md", "tour.md"),
        ("tour.md", "../engine/core/step.py", "source/engine/core/step.md"),
        ("scaling.md", "../engine/distribute", "source/engine/distribute/__init__.md"),
        ("tour.md", "../engine/core/README.md", "heart.md"),
        ("examples/index.md", "line.py", "examples/line.md"),
        ("benchmarks.md", "fit.png", "benchmarks/fit.png"),
    ],
)
def test_links_between_files_become_links_between_pages(page, link, shown):
    assert hooks._page_of(hooks._target(page, link)) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [the heart](../engine/core/README.md#x).", "See [the heart](heart.md#x)."),
        ("![a](../benchmarks/fit.png)", "![a](benchmarks/fit.png)"),
        ("[tests](../tests/distribute) [out](https://example.org)", "tests [out](https://example.org)"),
        ("[wrong](../engine/nothing.py) [wrong](nothing.md)", "[wrong](../engine/nothing.py) [wrong](nothing.md)"),
        ("`x`:\n- one\n- two", "`x`:\n\n- one\n- two"),
        ("```\nx:\n- [a](../setup.cfg)\n```", "```\nx:\n- [a](../setup.cfg)\n```"),
    ],
)
def test_pages_as_they_are_shown(text, expected):
    files = types.SimpleNamespace(get_file_from_path=lambda uri: uri if uri in ("heart.md", "benchmarks/fit.png") else None)
    page = types.SimpleNamespace(file=types.SimpleNamespace(src_uri="tour.md"))
    assert hooks.on_page_markdown(text, page, None, files) == expected


def test_a_new_public_layer_is_on_the_site_without_being_told(tmp_path):
    for name in ("losses", "engine", "layers", "docs/site"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    (tmp_path / "layers/twice.py").write_text('class Twice:\n    """Two times."""\n')
    init = tmp_path / "layers/__init__.py"
    text = init.read_text(encoding="utf-8").replace("__all__ = [", 'from layers.twice import Twice\n\n__all__ = ["Twice",')
    init.write_text(text, encoding="utf-8")
    code = textwrap.dedent("""
        import reference
        print([name.path for page in reference.pages() if page.title == "Basic layers" for name in page.names])
    """)
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "docs/site", capture_output=True, text=True, timeout=60)
    assert "'layers.Twice'" in run.stdout, run.stderr
