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
th { color: var(--soft); font-weight: 600; } .wide { overflow-x: auto; } .wide + .wide { margin-top: 1rem; } td svg { max-width: none; }
pre { background: var(--shade); padding: .75rem; overflow-x: auto; font-size: .8rem; line-height: 1.4; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft, svg .soft text { fill: var(--soft); } .axis { stroke: var(--soft); } .grid { stroke: var(--rule); }
.one { fill: var(--one); } .two { fill: var(--two); } .line-one { stroke: var(--one); } .line-two { stroke: var(--two); }
.bars { display: grid; grid-template-columns: minmax(4rem, max-content) minmax(3rem, 1fr) max-content; gap: .35rem .6rem; max-width: 40rem;
  font-size: .85rem; overflow-wrap: anywhere; }
.bars .bar { position: relative; } .bars i, .bars u { position: absolute; top: 0; bottom: 0; } .bars i { background: var(--one); }
.bars u { width: 1px; top: -.35rem; background: var(--soft); }
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


def bars(rows):
    """A bar for each (name, value), to the left of the axis where negative, with the number at its end."""
    most = max((abs(value) for _, value in rows if math.isfinite(value)), default=0) or 1
    zero = 50 if any(value < 0 for _, value in rows) else 0  # where the axis is, in percent
    parts = []
    for name, value in rows:
        length = (100 - zero) * min(abs(value) / most, 1) if math.isfinite(value) else 0
        left = zero - length if value < 0 else zero
        parts.append(
            f'<span>{escape(name)}</span><span class="bar"><i style="left:{left:.1f}%;width:{length:.1f}%"></i>'
            f'<u style="left:{zero}%"></u></span><span>{value:.6g}</span>'
        )
    return f'<div class="bars">{"".join(parts)}</div>'
