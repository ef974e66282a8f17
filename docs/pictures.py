"""Write docs/pictures/*.png: the pages of one real run, as a browser shows them.

    python docs/pictures.py            trains on the bundled digits, some seconds; needs Chromium, and Pillow
    python docs/pictures.py RUN        of a run that is there: its step.html, walk.html, report.html
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
PAGES = {"step.html": "--trace", "walk.html": "--walk", "report.html": "--report"}  # and the argument that writes each
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1280, 860
MOST_BYTES = 200_000


def train(directory, run):
    """One run, with all the pages that train.py can write, in the directory `run` below `directory`."""
    script = [sys.executable, str(ROOT / "train.py")]
    help_text = subprocess.run([*script, "--help"], capture_output=True, text=True, check=True).stdout
    asked = [argument for argument in PAGES.values() if f"[{argument}]" in help_text]
    subprocess.run([*script, "--epochs", "20", *asked, "--out", run], check=True, cwd=directory)


def browser():
    """Where Chromium is."""
    found = [path for path in map(shutil.which, BROWSERS) if path]
    if not found:
        sys.exit(f"pictures.py: no browser found; install one of {', '.join(BROWSERS)}")
    return found[0]


def photograph(page, picture):
    """The top of a page as a PNG of few colours, so that it is small."""
    options = ["--headless", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=5000"]
    options += ["--no-sandbox"] * (os.geteuid() == 0)  # Chromium's sandbox refuses root
    with tempfile.TemporaryDirectory() as directory:
        raw = os.path.join(directory, "raw.png")
        command = [browser(), *options, f"--screenshot={raw}", pathlib.Path(page).resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        image = Image.open(raw).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(picture, optimize=True)
        if os.path.getsize(picture) <= MOST_BYTES:
            return
    sys.exit(f"pictures.py: {picture} is larger than {MOST_BYTES} bytes")


def main():
    """A picture of each page that the run has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", help="the directory of a run; otherwise one is made")
    given = parser.parse_args().run
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        if given is None:
            train(made, "digits-run")
        folder = pathlib.Path(given or os.path.join(made, "digits-run"))
        pages = [page for page in (folder / name for name in PAGES) if page.exists()]
        for page in pages:
            photograph(page, PICTURES / f"{page.stem}.png")
            print(f"{PICTURES / page.stem}.png")
    if not pages:
        sys.exit(f"pictures.py: none of {', '.join(PAGES)} in {given}")


if __name__ == "__main__":
    main()
