"""Pages in one file: tables and charts as HTML and SVG, without anything from outside.

Charts name their axes, and tell things apart by dashes, marks and words as well as by colour.
"""

import html
import math

escape = html.escape

_STYLE = """
:root { --ink: #1d2733; --soft: #5b6875; --rule: #d5dbe1; --one: #1f6feb; --two: #b8500c; --back: #fff; --shade: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #9aa6b2; --rule: #3a444e; --one: #6cb0ff; --two: #ffa657; --back: #14191f; --shade: #1f262d; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; padding: 1.5rem;
       max-width: 78rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: .5rem 0; }
p, .soft { color: var(--soft); margin: .25rem 0 .75rem; }
table { border-collapse: collapse; font-size: .85rem; } th, td { text-align: left; padding: .15rem .9rem .15rem 0;
  border-bottom: 1px solid var(--rule); vertical-align: middle; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } .wide { overflow-x: auto; }
pre { background: var(--shade); padding: .75rem; overflow-x: auto; font-size: .8rem; line-height: 1.4; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft, svg .soft text { fill: var(--soft); } .axis { stroke: var(--soft); } .grid { stroke: var(--rule); }
.one { fill: var(--one); } .two { fill: var(--two); } .line-one { stroke: var(--one); } .line-two { stroke: var(--two); }
.columns { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start; }
"""


def document(title, body, style="", script=""):
    """A whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}{style}</style></head>\n<body>\n{body}\n"
        + (f"<script>{script}</script>" if script else "")
        + "</body></html>\n"
    )


def table(head, rows):
    """A table; cells are text, or ready HTML where they begin with an SVG."""

    def cell(item):
        text = str(item)
        return text if text.startswith("<svg") else escape(text)

    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell(item)}</td>" for item in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>\n{lines}</table></div>'


def histogram(found, width=120, height=28, kind="one"):
    """The histogram of Numbers, small, with its ends written out."""
    if found is None or not any(found.counts):
        return ""
    highest, step = max(found.counts), width / len(found.counts)
    bars = "".join(
        f'<rect x="{i * step:.1f}" y="{height - height * c / highest:.1f}" width="{step:.1f}" height="{height * c / highest:.1f}"/>'
        for i, c in enumerate(found.counts) if c
    )  # fmt: skip
    low, high = (f"{edge:.3g}" for edge in found.edges)
    return (
        f'<svg width="{width}" height="{height + 14}" role="img" aria-label="histogram from {low} to {high}"><g class="{kind}">'
        f'{bars}</g><line class="axis" x1="0" x2="{width}" y1="{height}" y2="{height}"/><g class="soft">'
        f'<text x="0" y="{height + 12}">{low}</text><text x="{width}" y="{height + 12}" text-anchor="end">{high}</text></g></svg>'
    )


def bars(rows, width=640):
    """A bar for each (name, value), to the left of the axis where negative, with the number at its end."""
    most = max((abs(value) for _, value in rows if math.isfinite(value)), default=0) or 1
    negative = any(value < 0 for _, value in rows)
    label, room = 220, width - 220 - 90
    zero, scale = (label + room / 2, room / 2) if negative else (label, room)
    parts = []
    for row, (name, value) in enumerate(rows):
        length = scale * min(abs(value) / most, 1) if math.isfinite(value) else 0
        left = zero - length if value < 0 else zero
        parts.append(
            f'<text x="{label - 8}" y="{22 * row + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="one" x="{left:.1f}" y="{22 * row + 3}" width="{length:.1f}" height="16"/>'
            f'<text x="{zero + (length if value >= 0 else 0) + 6:.1f}" y="{22 * row + 15}">{value:.6g}</text>'
        )
    height = 22 * len(rows) + 4
    axis = f'<line class="axis" x1="{zero}" x2="{zero}" y1="0" y2="{height}"/>'
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">{axis}{"".join(parts)}</svg>'


def curves(series, horizontal, vertical, width=460, height=260):
    """Lines of {name: [(x, y), ...]}: the first solid with dots, the second dashed with squares; axes named."""
    points = [point for values in series.values() for point in values if math.isfinite(point[1])]
    if not points:
        return ""
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(y for _, y in points), max(y for _, y in points)
    margin = (high_y - low_y) * 0.05 or abs(high_y) * 0.05 or 1.0
    low_y, high_y = low_y - margin, high_y + margin
    left, bottom, top = 82, height - 40, 24

    def place(x, y):
        across = (x - low_x) / (high_x - low_x) if high_x > low_x else 0.5
        return left + across * (width - left - 16), bottom - (y - low_y) / (high_y - low_y) * (bottom - top)

    parts = []
    for i in range(5):
        value = low_y + (high_y - low_y) * i / 4
        y = place(low_x, value)[1]
        parts.append(f'<line class="grid" x1="{left}" x2="{width - 16}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="soft" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')  # fmt: skip
    for value in sorted({low_x, (low_x + high_x) // 2, high_x}):
        parts.append(f'<text class="soft" x="{place(value, low_y)[0]:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    for number, (name, values) in enumerate(series.items()):
        kind, dash = ("one", "") if number == 0 else ("two", ' stroke-dasharray="6 4"')
        places = [place(x, y) for x, y in values if math.isfinite(y)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line-{kind}" fill="none" stroke-width="1.8"{dash} points="{path}"/>')
        if len(places) <= 60:
            mark = '<circle cx="{0:.1f}" cy="{1:.1f}" r="2.5"/>' if number == 0 else '<rect x="{0:.1f}" y="{1:.1f}" width="5" height="5" transform="translate(-2.5 -2.5)"/>'  # noqa: E501
            parts.append(f'<g class="{kind}">{"".join(mark.format(x, y) for x, y in places)}</g>')
        x = left + 150 * number
        parts.append(f'<line class="line-{kind}" stroke-width="1.8"{dash} x1="{x}" x2="{x + 26}" y1="10" y2="10"/>'
                     f'<text x="{x + 32}" y="14">{escape(name)}</text>')  # fmt: skip
    parts.append(f'<text class="soft" x="{(left + width) / 2}" y="{height - 6}" text-anchor="middle">{escape(horizontal)}</text>'
                 f'<text class="soft" transform="translate(12 {height / 2}) rotate(-90)" text-anchor="middle">{escape(vertical)}</text>'
                 f'<line class="axis" x1="{left}" x2="{left}" y1="{top}" y2="{bottom}"/>')  # fmt: skip
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(vertical)} by {escape(horizontal)}">{"".join(parts)}</svg>'  # noqa: E501
