"""docs/parity.md and its summary in README.md name exactly what is public. Out of date? Run write_page.py."""

import re

import pytest
from write_page import FAMILIES, PAGE, README, SUMMARY, names_of, public, without_numbers

SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


def names_in(lines):
    return [name for line in lines for name in re.findall(r"`(\w+)`", line)]


def measured_on_page(family):
    """[(names, rows)] of the table of a family."""
    cells = [line.split("|") for line in SECTIONS[family].splitlines() if line.startswith("| `")]
    return [(names_in([line[1]]), int(line[2])) for line in cells]


def test_all_families_are_on_the_page():
    assert list(SECTIONS) == list(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_names_what_is_public(family):
    left_out = without_numbers(family)
    measured = [name for names, _ in measured_on_page(family) for name in names]
    assert len(measured) == len(set(measured))
    assert set(measured) == {other for name in public(family) - set(left_out) for other in names_of(family, name)}
    reasons = [line.partition(":")[0] for line in SECTIONS[family].splitlines() if line.startswith("- `")]
    assert sorted(names_in(reasons)) == sorted(left_out)


def test_the_summary_is_that_of_the_page():
    (text,) = SUMMARY.findall(README.read_text(encoding="utf-8"))
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in text.splitlines() if line.startswith("| ")]
    lines = {family: measured_on_page(family) for family in FAMILIES}
    expected = [
        [family, str(sum(len(names) for names, _ in found)), str(sum(rows for _, rows in found))]
        for family, found in lines.items()
    ]
    assert [row for row in rows if row[0] in FAMILIES] == expected
