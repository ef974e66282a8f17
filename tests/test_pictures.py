"""docs/pictures.py: a small PNG of each page that a run has."""

import importlib.util
import pathlib
import sys

import pytest

Image = pytest.importorskip("PIL.Image")
SCRIPT = pathlib.Path(__file__).parents[1] / "docs/pictures.py"


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("pictures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PICTURES", tmp_path / "pictures")
    monkeypatch.setattr(sys, "argv", ["pictures.py", str(tmp_path)])
    return module


def test_each_page_that_is_there_has_a_picture(pictures, tmp_path):
    if not any(map(pictures.shutil.which, pictures.BROWSERS)):
        pytest.skip("there is no Chromium here")
    for name, colour in (("step.html", "red"), ("report.html", "lime")):
        (tmp_path / name).write_text(f"<body style='background: {colour}'>{'words ' * 3000}</body>")
    pictures.main()
    assert sorted(path.name for path in tmp_path.glob("pictures/*")) == ["report.png", "step.png"]
    for name, colour in (("step", (255, 0, 0)), ("report", (0, 255, 0))):
        path = tmp_path / f"pictures/{name}.png"
        image = Image.open(path)
        assert image.size == (pictures.WIDTH, pictures.HEIGHT) and path.stat().st_size < pictures.MOST_BYTES
        assert image.convert("RGB").getpixel((1, 1)) == colour


def test_a_run_without_pages_is_told(pictures, tmp_path):
    with pytest.raises(SystemExit, match="none of step.html, walk.html, report.html"):
        pictures.main()
