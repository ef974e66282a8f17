"""A training step as a page: the layers as a graph, the terms of the loss as bars, the weights as histograms.

Data flow down the solid lines, gradients up the dashed ones. A click on a layer shows its numbers, its equation and
its source.
"""

import inspect
import textwrap

from engine.study.numbers import share
from engine.study.page import bars, document, escape, histogram, table

_SPACE = "\u2003"
_WIDTH, _HEIGHT, _ACROSS, _DOWN = 210, 52, 40, 46  # of a box, and between boxes

_STYLE = """
.box rect { fill: var(--shade); stroke: var(--soft); } .box { cursor: pointer; }
.box:hover rect, .box:focus rect, .box.chosen rect { stroke: var(--one); stroke-width: 2.5; } .box:focus { outline: none; }
.forward { stroke: var(--one); fill: none; } .back { stroke: var(--two); fill: none; stroke-dasharray: 5 4; }
#graph { max-height: 44rem; overflow: auto; flex: 1 1 30rem; border: 1px solid var(--rule); } #graph svg { max-width: none; }
#detail { flex: 1 1 26rem; min-width: 0; } #detail td { white-space: normal; } #detail td:first-child { width: 11rem; }
"""

_SCRIPT = """
const detail = document.getElementById("detail"), boxes = [...document.querySelectorAll(".box")];
function show(box) {
  for (const other of boxes) other.classList.toggle("chosen", other === box);
  detail.replaceChildren();
  for (const id of [box.dataset.call, box.dataset.class])
    detail.append(document.getElementById(id).content.cloneNode(true));
}
for (const box of boxes) {
  box.addEventListener("click", () => show(box));
  box.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(box); } });
}
if (boxes.length) show(boxes[0]);
"""


def step_page(step):
    """The page as text."""
    shown = [index for index, call in enumerate(step.calls) if call.is_leaf]
    classes = {type(step.calls[index].layer): None for index in shown}
    parts = [
        f"<h1>One training step of {escape(step.title)}</h1>",
        f"<p>{step.rows} rows · loss {step.loss:.6g} · {escape(step.optimizer)}, learning rate {step.learning_rate:.6g} · "
        f"norm of all gradients {step.gradient_norm:.6g}, after clipping {step.clipped_norm:.6g} · "
        f"{1e3 * step.seconds:.0f} ms</p>",
        "<h2>Layers</h2><p>Solid, downwards: data. Dashed, upwards: the gradient of the loss, with its norm. "
        "Click a layer, or reach it with Tab and press Enter.</p>",
        f'<div class="columns"><div id="graph">{_graph(step, shown)}</div><div id="detail"></div></div>',
        "<h2>Loss</h2><p>What each term adds; together they are the loss.</p>",
        bars([(term.name, term.amount) for term in step.terms] + [("loss", step.loss)]),
        "<h2>Weights, gradients, updates</h2>",
        _weights(step),
        f"<h2>One weight in numbers</h2><pre>{escape(str(step.worked))}</pre>" if step.worked else "",
        "<h2>All calls</h2>",
        table(("layer", "class", "in", "out", "mean", "deviation", "zeros", "not finite", "gradient norm", "ms"),
              [_call_cells(call) for call in step.calls]),
        *(f'<template id="call-{index}">{_numbers(step, step.calls[index])}</template>' for index in shown),
        *(f'<template id="class-{number}">{_about(cls)}</template>' for number, cls in enumerate(classes)),
    ]  # fmt: skip
    return document(f"One training step of {step.title}", "\n".join(parts), _STYLE, _SCRIPT)


def _graph(step, shown):
    places, inputs = _layout(step, shown)
    classes = list({type(step.calls[index].layer): None for index in shown})
    edges, boxes = [], []
    for index in shown:
        call, (x, y) = step.calls[index], places[index]
        for source, known in inputs[index]:
            edges.append(_edge(places[source], (x, y), step.calls[source], known))
        shape = call.output_shapes
        gradient = f"∇ {call.gradient.norm:.3g}" if call.gradient else "no gradient"
        number = classes.index(type(call.layer))
        boxes.append(
            f'<g class="box" tabindex="0" role="button" data-call="call-{index}" data-class="class-{number}" '
            f'transform="translate({x} {y})"><title>{escape(call.path or call.layer.name)}</title>'
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
            f'<text x="10" y="21">{escape(_short(call.layer.name, 18))}</text>'
            f'<text class="soft" x="{_WIDTH - 10}" y="21" text-anchor="end">{escape(_short(call.class_name, 14))}</text>'
            f'<text class="soft" x="10" y="41">{escape(_short(str(shape), 18))}</text>'
            f'<text class="soft" x="{_WIDTH - 10}" y="41" text-anchor="end">{gradient}</text></g>'
        )
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _ACROSS
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + 24
    arrow = "".join(
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path class="{fill}" d="M0 0 L8 4 L0 8 z"/></marker>'
        for kind, fill in (("forwards", "one"), ("backwards", "two"))
    )
    return f'<svg width="{width}" height="{height}"><defs>{arrow}</defs>{"".join(edges)}{"".join(boxes)}</svg>'


def _layout(step, shown):
    """({call: (x, y)}, {call: [(source, known)]}): each call below what it takes; unknown sources are the call before."""
    rows, columns, inputs = {}, {}, {}
    for number, index in enumerate(shown):
        found = [(source, True) for source in step.calls[index].sources]
        if not found and number:
            found = [(shown[number - 1], False)]
        inputs[index] = found
        row = 1 + max((rows[source] for source, _ in found), default=-1)
        rows[index] = row
        columns[index] = sum(1 for other in rows.values() if other == row) - 1
    places = {index: (12 + columns[index] * (_WIDTH + _ACROSS), 12 + rows[index] * (_HEIGHT + _DOWN)) for index in shown}
    return places, inputs


def _edge(start, end, source, known):
    """Data down; beside it the gradient up, where there is one. A way past other boxes goes round their right side."""
    (x1, y1), (x2, y2) = start, end
    if x1 == x2 and y2 - y1 > _HEIGHT + _DOWN:
        side, away = x1 + _WIDTH, x1 + _WIDTH + 0.8 * _ACROSS
        down = f"M{side} {y1 + 18} C{away} {y1 + 18} {away} {y2 + 18} {side} {y2 + 18}"
        up = f"M{side} {y2 + 34} C{away} {y2 + 34} {away} {y1 + 34} {side} {y1 + 34}"
    else:
        left, right = 0.42 * _WIDTH, 0.58 * _WIDTH
        down = f"M{x1 + left:.0f} {y1 + _HEIGHT} L{x2 + left:.0f} {y2}"
        up = f"M{x2 + right:.0f} {y2} L{x1 + right:.0f} {y1 + _HEIGHT}"
    note = "" if known else "<title>through operations outside of layers</title>"
    text = f'<path class="forward" stroke-width="1.6" marker-end="url(#forwards)" d="{down}">{note}</path>'
    if source.gradient:
        text += f'<path class="back" stroke-width="1.6" marker-end="url(#backwards)" d="{up}"/>'
    return text


def _numbers(step, call):
    """The panel of a call: what came out, its gradient, the layer's weights."""
    rows = [("inputs", call.input_shapes), ("outputs", call.output_shapes), ("time", f"{1e3 * call.seconds:.2f} ms")]
    for name, found in (("outputs", call.outputs), ("gradient by outputs", call.gradient)):
        if found is not None:
            rows.append((f"{name}: norm, mean, deviation", f"{found.norm:.4g}, {found.mean:.4g}, {found.deviation:.4g}"))
            rows.append((f"{name}: zeros, not finite", f"{share(found.zeros)}, {share(found.non_finite)}"))
            rows.append((f"{name}: histogram", histogram(found, 220, 44, "one" if name == "outputs" else "two")))
    for weight in step.weights:
        if call.path and weight.path.startswith(call.path + "."):
            norm = f"{weight.gradient_numbers.norm:.4g}" if weight.gradient_numbers else "none"
            rows.append((weight.path, f"{weight.value.shape}, gradient norm {norm}, update/weight {weight.ratio_text}"))
    return f"<h3>{escape(call.path or call.layer.name)} ({escape(call.class_name)})</h3>{table(('', ''), rows)}"


def _about(cls):
    """The equation and the source of a layer class."""
    try:
        source = textwrap.dedent(inspect.getsource(cls.call))
    except (OSError, TypeError):  # defined at a prompt
        source = "The source is not in a file."
    formula = equation(cls)
    return (f"<h3>Equation</h3><pre>{escape(formula)}</pre>" if formula else "") + (
        f"<h3>Source of call</h3><pre>{escape(source)}</pre>"
    )


def equation(cls):
    """The indented block of the class's description: by custom of this project the equation."""
    text = inspect.getdoc(cls) or ""
    lines = [line for line in text.splitlines() if line.startswith("    ") and not line.lstrip().startswith((">>>", "..."))]
    if not lines and "=" in text.partition("\n")[0]:
        return text.partition("\n")[0]
    return textwrap.dedent("\n".join(lines))


def _weights(step):
    rows = [
        (weight.path, weight.value.shape, histogram(weight.value_numbers), histogram(weight.gradient_numbers, kind="two"),
         histogram(weight.update_numbers), f"{weight.gradient_numbers.norm:.4g}" if weight.gradient_numbers else "none",
         share(weight.gradient_numbers.zeros) if weight.gradient_numbers else "", weight.ratio_text)
        for weight in step.weights
    ]  # fmt: skip
    return table(("weight", "shape", "values", "gradient", "update", "gradient norm", "zeros in it", "update/weight"), rows)


def _call_cells(call):
    return (
        _SPACE * call.depth + (call.path or call.layer.name), call.class_name, call.input_shapes, call.output_shapes,
        *(call.outputs.short() if call.outputs else ("", "", "", "")),
        f"{call.gradient.norm:.3g}" if call.gradient else "none", f"{1e3 * call.seconds:.2f}",
    )  # fmt: skip


def _short(text, length):
    return text if len(text) <= length else "…" + text[1 - length :]
