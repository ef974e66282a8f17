"""What the output of a cell shows of an object: tables and curves as HTML, of at most 200 kB.

    fragment("One step", section("Loss", head, rows), "<p>...</p>")

Colours are those of the notebook, light or dark, as nothing here names a background.
"""

import html

from engine.study.charts import STYLE, chart
from engine.text import shortened

LIMIT = 200_000  # bytes
_ROWS = (400, 150, 60, 25, 10)  # of each table: as many as there is room for
_CELL = 80  # characters

_STYLE = STYLE + """
.glassbox { font-size: 13px; } .glassbox .charts { max-width: 64rem; } .glassbox h4 { margin: .3rem 0; font-size: 1.05em; } .glassbox h5 { margin: .8rem 0 .2rem; font-size: 1em; }
.glassbox .wide { overflow-x: auto; } .glassbox table { border-collapse: collapse; margin: 0; font-size: .92em; }
.glassbox th, .glassbox td { text-align: left !important; padding: .12rem .8rem .12rem 0; white-space: pre; border-bottom: 1px solid #8884; }
.glassbox th { font-weight: 600; opacity: .75; } .glassbox p { margin: .3rem 0; opacity: .8; } .glassbox tr { background: none !important; }
"""


def fragment(heading, *sections):
    """The HTML of a cell. A section is HTML, or a function that makes it of a number of rows: see `section`."""
    for most in _ROWS:
        parts = [part(most) if callable(part) else part for part in sections]
        text = f'<div class="glassbox"><style>{_STYLE}</style><h4>{html.escape(shortened(heading, 200))}</h4>{"".join(parts)}</div>'
        if len(text.encode()) <= LIMIT:
            return text
    return f"<div><b>{html.escape(shortened(heading, 200))}</b><p>Too large for a cell: print() shows it.</p></div>"


def section(title, head, rows, note=""):
    """A table under its title, as a function of how many rows it may have; what is cut is counted."""

    def made(most):
        shown = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:most])
        left_out = f"<p>and {len(rows) - most:,} more rows; print() shows all</p>" if len(rows) > most else ""
        top = "".join(f"<th>{html.escape(str(name))}</th>" for name in head)
        title_line = f"<h5>{html.escape(title)}</h5>" if title else ""
        return f'{title_line}<div class="wide"><table><tr>{top}</tr>{shown}</table></div>{left_out}{paragraph(note)}'

    return made


def paragraph(text):
    """Lines of text, or nothing."""
    return f"<p>{html.escape(shortened(text, 2000)).replace(chr(10), '<br>')}</p>" if text else ""


def charts(lines_by_title, **options):
    """Curves that stand still, as a function of a number of rows: of many curves the first ones are shown."""

    def made(most):
        found = [chart(title, lines, still=True, **options) for title, lines in lines_by_title.items()]
        shown = [text for text in found if text][: max(1, most // 10)]
        left_out = f"<p>and {len(found) - len(shown)} more curves</p>" if len(found) > len(shown) else ""
        return f'<div class="charts">{"".join(shown)}</div>{left_out}'

    return made


def _cell(item):
    text = str(item)
    return f"<td>{html.escape(text if len(text) <= _CELL else text[: _CELL - 1] + '…')}</td>"
