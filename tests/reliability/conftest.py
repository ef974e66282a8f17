"""`figure(what, found)`: a number for docs/reliability.md. With WRITE_FIGURES=1 in the environment it is written there."""

import os
import pathlib
import re

import pytest

PAGE = pathlib.Path(__file__).parents[2] / "docs/reliability.md"
TABLE = re.compile(r"(<!-- figures -->\n)(.*?)(<!-- end of figures -->)", re.DOTALL)
found = {}


@pytest.fixture(scope="session")
def figure():
    return found.__setitem__


def pytest_sessionfinish(session):
    if not found or not os.environ.get("WRITE_FIGURES"):
        return
    text = PAGE.read_text(encoding="utf-8")
    lines = TABLE.search(text)[2].splitlines()
    rows = dict(line.strip("| ").split(" | ") for line in lines[2:]) | found
    table = "\n".join([*lines[:2], *(f"| {what} | {rows[what]} |" for what in sorted(rows))])
    PAGE.write_text(TABLE.sub(lambda match: match[1] + table + "\n" + match[3], text), encoding="utf-8")
