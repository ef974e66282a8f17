"""What the tests of pages share: a page in a browser window of any size, and what a script says about it."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")


def said_of(path, script, tmp_path, width=1280, height=900):
    """What the object `said` holds after `script` has run at the end of the page; nothing may go wrong in it.

    The page is in a frame, as a window of Chromium is never narrower than 500.
    """
    before = '<script>window.onerror = message => { parent.document.body.dataset.error = message; };</script><meta charset="utf-8">'
    after = f"<script>(async () => {{ const said = {{}}; {script}; parent.document.body.dataset.said = JSON.stringify(said); }})()</script></body>"
    page = pathlib.Path(path).read_text(encoding="utf-8").replace('<meta charset="utf-8">', before).replace("</body>", after)
    frame = tmp_path / "frame.html"
    frame.write_text(f'<body style="margin:0"><iframe style="border:0" width="{width}" height="{height}" srcdoc="{html.escape(page)}"></iframe></body>')
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", f"--window-size={max(width, 500)},{height}",
               f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", frame.as_uri()]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    body = re.search("<body[^>]*>", ran.stdout).group()
    assert "CONSOLE" not in ran.stderr and "data-error" not in body, (body, ran.stderr)
    return json.loads(html.unescape(re.search('data-said="([^"]*)"', body).group(1)))
