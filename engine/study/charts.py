"""Line charts as SVG: round ticks, a scale that is linear or logarithmic, and the values for who points at them.

`chart` is what all charts here are made by; in a page with SCRIPT a click changes the scale and a pointer reads values.
"""

import dataclasses
import html
import json
import math

_WIDTH, _HEIGHT, _TOP, _BOTTOM, _RIGHT = 380, 220, 10, 36, 18
_APART = 11  # of marks at the ends of lines
_MOST_POINTS, _MOST_MARKED = 300, 40  # of a line: evenly chosen ones are drawn; each with a mark
COLOURS = 6  # lines of further runs begin with the first one again

STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1.25rem 1.5rem; }
.chart { margin: 0; min-width: 0; position: relative; --c0: #1f6feb; --c1: #c2570c; --c2: #1a7f4b; --c3: #a83290; --c4: #6f5bd0; --c5: #86700b; }
@media (prefers-color-scheme: dark) {
  .chart { --c0: #6cb0ff; --c1: #ffa657; --c2: #5fd08f; --c3: #f08bd8; --c4: #b3a4ff; --c5: #dcc35a; } }
.chart figcaption { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: center; font-size: .85rem; }
.chart figcaption b { font-size: .95rem; } .chart figcaption svg { vertical-align: middle; }
.chart button { margin-left: auto; font: inherit; font-size: .75rem; color: inherit; background: none; padding: .1rem .6rem;
  border: 1px solid currentColor; border-radius: 1rem; opacity: .75; cursor: pointer; }
.chart button[aria-pressed=true] { background: var(--c0); border-color: var(--c0); color: #fff; opacity: 1; }
@media (prefers-color-scheme: dark) { .chart button[aria-pressed=true] { color: #10151b; } }
.chart .plot { width: 100%; height: auto; display: block; touch-action: pan-y; max-width: none; }
.chart text { font: 11px system-ui, sans-serif; fill: currentColor; } .chart .tick { opacity: .72; }
.chart .ruler { stroke: currentColor; stroke-opacity: .16; } .chart .axis { stroke: currentColor; stroke-opacity: .5; }
.chart polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .chart .log, .chart.as-log .linear { display: none; }
.chart.as-log .log { display: inline; } .chart .pointer { stroke: currentColor; stroke-opacity: .5; display: none; }
.chart output { position: absolute; display: none; pointer-events: none; z-index: 1; font-size: .78rem; line-height: 1.35; padding: .3rem .55rem;
  border-radius: .4rem; white-space: nowrap; background: #1d2733; color: #fff; font-variant-numeric: tabular-nums; }
.chart.reading .pointer { display: inline; } .chart.reading output { display: block; }
""" + "".join(f".chart .k{i} {{ stroke: var(--c{i}); }} .chart .f{i} {{ fill: var(--c{i}); }}\n" for i in range(COLOURS))  # fmt: skip

SCRIPT = """
for (const figure of document.querySelectorAll(".chart")) {
  const lines = JSON.parse(figure.querySelector("script").textContent), horizontal = figure.dataset.horizontal;
  const svg = figure.querySelector(".plot"), tip = figure.querySelector("output"), rule = figure.querySelector(".pointer");
  const button = figure.querySelector("button"), places = [...new Set(lines.flatMap(line => line.points.map(p => p[0])))].sort((a, b) => a - b);
  const across = new Map(lines.flatMap(line => line.points.map(p => [p[0], p[2]])));
  let at = -1;
  const hide = () => { figure.classList.remove("reading"); at = -1; };
  function read(index) {
    at = Math.max(0, Math.min(places.length - 1, index));
    const x = places[at], left = across.get(x), scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    tip.replaceChildren(`${horizontal} ${x}`);
    for (const line of lines) {
      const point = line.points.find(p => p[0] === x);
      if (point) tip.append(document.createElement("br"), `${line.name}: ${point[1]}`);
    }
    rule.setAttribute("x1", left); rule.setAttribute("x2", left);
    figure.classList.add("reading");
    const room = svg.getBoundingClientRect().width - tip.offsetWidth;
    tip.style.left = Math.max(0, Math.min(room, left * scale + 10 > room ? left * scale - tip.offsetWidth - 10 : left * scale + 10)) + "px";
    tip.style.top = svg.getBoundingClientRect().top - figure.getBoundingClientRect().top + 8 + "px";
  }
  function under(event) {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    let best = 0;
    places.forEach((place, i) => { if (Math.abs(across.get(place) - x) < Math.abs(across.get(places[best]) - x)) best = i; });
    read(best);
  }
  for (const kind of ["pointermove", "pointerdown"]) svg.addEventListener(kind, under);
  svg.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hide(); });
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { event.preventDefault(); read(at < 0 ? (step > 0 ? 0 : places.length - 1) : at + step); }
    if (event.key === "Escape") hide();
  });
  button?.addEventListener("click", () => button.setAttribute("aria-pressed", figure.classList.toggle("as-log")));
}
"""


@dataclasses.dataclass
class Line:
    """`points`: [(x, y), ...]; `colour`: a number from 0; `dashed`; `mark`: written at its right end, if anything."""

    name: str
    points: list
    colour: int = 0
    dashed: bool = False
    mark: str = ""

    def __post_init__(self):
        self.points = _some([point for point in self.points if math.isfinite(point[1])])
        self.colour %= COLOURS


def chart(title, lines, horizontal="epoch", log_x=False, still=False):
    """A figure of `lines`, with a button for the logarithmic scale where all values are positive; "" without any value.

    The horizontal numbers are whole ones, such as epochs, or with `log_x` numbers that grow by factors. `still`: without what
    needs SCRIPT.
    """
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    values = [y for line in lines for _, y in line.points]
    scales = {"linear": ticks(min(values), max(values))}
    if not still and 0 < min(values) < max(values):
        scales["log"] = log_ticks(min(values), max(values))
    places = [x for line in lines for x, _ in line.points]
    domain = min(places), max(places)
    marks = (log_ticks if log_x else whole_ticks)(*domain)
    left = 14 + 6.2 * max(len(text) for found in scales.values() for text in labels(found))
    across = _scale(domain, (left, _WIDTH - _RIGHT), log_x)
    up = {kind: _scale((found[0], found[-1]), (_HEIGHT - _BOTTOM, _TOP), kind == "log") for kind, found in scales.items()}
    body = [_horizontal([x for x in marks if domain[0] <= x <= domain[1]], across, horizontal, left)]
    for kind, found in scales.items():
        drawn = "".join(_line(line, across, up[kind]) for line in lines)
        body.append(f'<g class="{kind}">{_vertical(found, up[kind], left)}{drawn}{_marks(lines, across, up[kind])}</g>')
    data = [{"name": line.name, "points": [[x, float(f"{y:.6g}"), round(across(x), 1)] for x, y in line.points]} for line in lines]
    values = json.dumps(data).replace("<", "\\u003c")
    button = '<button type="button" aria-pressed="false" title="logarithmic scale">log</button>' if "log" in scales else ""
    return (
        f'<figure class="chart" data-horizontal="{html.escape(horizontal)}"><figcaption><b>{html.escape(title)}</b>'
        f'{"".join(map(_legend, lines)) if len(lines) > 1 else ""}{button}</figcaption>'
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" tabindex="0" '
        f'aria-label="{html.escape(title)} by {html.escape(horizontal)}">{"".join(body)}'
        + ("</svg></figure>" if still else
           f'<line class="pointer" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/></svg><output></output>'
           f'<script type="application/json">{values}</script></figure>')
    )  # fmt: skip


def _some(points):
    """Not more points than a chart can show, the first and the last among them."""
    if len(points) <= _MOST_POINTS:
        return points
    return [points[round(i * (len(points) - 1) / (_MOST_POINTS - 1))] for i in range(_MOST_POINTS)]


def _scale(domain, room, log=False):
    """The function from a value to its place."""
    low, high = map(math.log10, domain) if log else domain

    def place(value):
        share = ((math.log10(value) if log else value) - low) / (high - low) if high > low else 0.5
        return room[0] + share * (room[1] - room[0])

    return place


def _horizontal(marks, across, name, left):
    texts = labels(marks)
    y = _HEIGHT - _BOTTOM
    parts = [f'<text class="tick" x="{across(x):.1f}" y="{y + 15}" text-anchor="middle">{text}</text>' for x, text in zip(marks, texts)]
    middle = (left + _WIDTH - _RIGHT) / 2
    return "".join(parts) + f'<text class="tick" x="{middle:.0f}" y="{_HEIGHT - 4}" text-anchor="middle">{html.escape(name)}</text>'


def _vertical(marks, up, left):
    parts = [
        f'<line class="ruler" x1="{left:.0f}" x2="{_WIDTH - _RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}"/>'
        f'<text class="tick" x="{left - 6:.0f}" y="{up(y) + 4:.1f}" text-anchor="end">{text}</text>'
        for y, text in zip(marks, labels(marks))
    ]
    return "".join(parts) + f'<line class="axis" x1="{left:.0f}" x2="{left:.0f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'


def _line(line, across, up):
    places = [(across(x), up(y)) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="5 4"' * line.dashed
    text = f'<polyline class="k{line.colour}"{dash} points="{path}"/>'
    if len(places) <= _MOST_MARKED:
        one = '<rect x="{:.1f}" y="{:.1f}" width="4.4" height="4.4"/>' if line.dashed else '<circle cx="{:.1f}" cy="{:.1f}" r="2.4"/>'
        shift = 2.2 * line.dashed
        text += f'<g class="f{line.colour}">{"".join(one.format(x - shift, y - shift) for x, y in places)}</g>'
    return text


def _marks(lines, across, up):
    """What is written at the right ends of lines, from the top, each below those that it would be over."""
    parts, taken = [], []
    ends = [(up(line.points[-1][1]), across(line.points[-1][0]), line) for line in lines if line.mark]
    for y, x, line in sorted(ends, key=lambda end: end[:2]):
        y = max([y, *(other + _APART for other, there in taken if abs(x - there) < _APART)])
        taken.append((y, x))
        parts.append(f'<text class="f{line.colour}" x="{x + 5:.1f}" y="{y + 4:.1f}">{html.escape(line.mark)}</text>')
    return "".join(parts)


def _legend(line):
    dash = ' stroke-dasharray="5 4"' * line.dashed
    return (f'<span><svg width="24" height="8"><line class="k{line.colour}" stroke-width="2"{dash} x2="24" y1="4" y2="4"/></svg> '
            f"{html.escape(line.name)}</span>")  # fmt: skip


# ---- ticks ----------------------------------------------------------------------


def ticks(low, high, most=5):
    """Round numbers in even steps, from one that is not above `low` to one that is not below `high`.

    >>> ticks(0.013, 0.98), ticks(0.0, 0.0), ticks(0.001, 0.001)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0], [0.0, 0.001])
    """
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # all the same
        return sorted({0.0, float(low)})
    step = _round_up((high - low) / most)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def whole_ticks(low, high, most=6):
    """Round whole numbers from `low` to `high`; at least the two themselves.

    >>> whole_ticks(1, 30), whole_ticks(1, 3), whole_ticks(1, 1)
    ([5, 10, 15, 20, 25, 30], [1, 2, 3], [1])
    """
    low, high = math.ceil(low), math.floor(high)
    step = max(1, round(_round_up((high - low) / most))) if high > low else 1
    found = [number for number in range(step * math.ceil(low / step), high + 1, step)]
    return found if len(found) > 1 or low == high else [low, high]


def log_ticks(low, high, most=6):
    """Numbers that grow by about the same factor, the first not above `low`, the last not below `high`.

    >>> log_ticks(0.03, 2.4), log_ticks(1e-6, 30.0)
    ([0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0], [1e-06, 0.0001, 0.01, 1.0, 100.0])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    fine = [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in (1, 2, 5)]
    start = max((i for i, value in enumerate(fine) if value <= low * (1 + 1e-9)), default=0)
    end = min((i for i, value in enumerate(fine) if value >= high * (1 - 1e-9)), default=len(fine) - 1)
    if end - start <= most + 1:
        return fine[start : end + 1]
    step = max(1, math.ceil((last - first) / most))
    return [float(f"1e{power}") for power in range(first, last + step, step)]


def labels(numbers):
    """The numbers as text, all with as many digits as their steps need.

    >>> labels([0.0, 0.5, 1.0]), labels([0.0, 1e-05, 2e-05]), labels([0.01, 0.1, 1.0]), labels([0.0, 20000.0])
    (['0', '0.5', '1.0'], ['0', '1e-5', '2e-5'], ['0.01', '0.1', '1'], ['0', '20000'])
    """
    steps = [b - a for a, b in zip(numbers, numbers[1:])]
    even = steps and max(steps) < 1.01 * min(steps)
    if even and min(steps) >= 1e-4 and max(map(abs, numbers)) < 1e6:
        decimals = max(0, -math.floor(math.log10(min(steps)) + 1e-9))
        return [f"{number:.{decimals}f}" if number else "0" for number in numbers]
    digits = next((count for count in range(6, 16) if len({f"{number:.{count}g}" for number in numbers}) == len(numbers)), 16)
    return [f"{number:.{digits}g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e") for number in numbers]


def _round_up(step):
    """1, 2 or 5 times a power of ten, not below `step`."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(float(f"{factor * size:.12g}") for factor in (1, 2, 5, 10) if factor * size >= step * (1 - 1e-9))
