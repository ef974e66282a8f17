"""The heart trains a model by itself, and can be read in one afternoon."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_the_heart_trains_the_digits_alone():
    script = ROOT / "tests/unit/heart_alone.py"
    run = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    modules, numbers = run.stdout.splitlines()
    accuracy, before, after = map(float, numbers.split())
    assert accuracy >= 0.9 and after < before / 4
    used = {name for name in modules.split() if name.startswith("engine.core.")}
    files = {path.stem for path in (ROOT / "engine/core").glob("*.py")} - {"__init__"}
    assert used == {f"engine.core.{name}" for name in files}, "all of the heart is needed, and nothing else of this size"


@pytest.mark.parametrize("page", ["engine/core/README.md", "docs/tour.md"])
def test_the_walks_pass_every_file_of_the_heart(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / "engine/core").glob("*.py")} - {"__init__.py"}
    assert {name for name in files if f"`{name}`" not in text and f"core/{name})" not in text} == set()
    assert page != "docs/tour.md" or f"{len(files)} files" in text
