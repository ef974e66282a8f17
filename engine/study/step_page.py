"""A training step as a page: the layers as a graph, the terms of the loss as bars, the weights as histograms.

Data flow down the solid lines, gradients up the dashed ones. A click on a layer shows its numbers, its equation and
its source. What is on the page is written here; where the boxes stand is in assets/step_layout.js, what opens and closes in
assets/step.js.
"""

import json
import math
import pathlib

from engine.study.numbers import share
from engine.study.page import bars, document, escape, histogram, table
from engine.study.signs import ORDER, signs_of
from engine.study.step_panel import about, fed, of_call, side_by_side

ASSETS = pathlib.Path(__file__).parent / "assets"
_SPACE = "\u2003"
_WIDTH, _HEIGHT, _LOW = 236, 66, 50  # of a box, and the height of that of an input and of the loss


def asset(name):
    """The text of a file of assets/."""
    return (ASSETS / name).read_text(encoding="utf-8")


def step_page(step, beside=None):
    """The page as text; `beside`: another step."""
    signs = signs_of(step)
    others = {call.name: call for call in beside.calls} if beside else {}
    classes = {type(call.layer): None for call in step.calls}
    parts = [
        f"<h1>One training step of {escape(step.title)}</h1><p>{_headline(step)}</p>",
        f"<p>beside it, as <b>B</b>: {_headline(beside)}</p>" if beside else "",
        _found(step, signs),
        "<h2>Layers</h2><p>Solid, downwards: data. Dashed, upwards: the gradient of the loss, with its norm ∇. ▾ closes a block. "
        '<span class="mouse">Click a layer, or reach it with Tab and press Enter. Drag to move the picture, Ctrl and the wheel to zoom.</span>'
        '<span class="touch">Tap a layer. One finger moves the picture, two zoom.</span></p>',
        f'<div class="view"><div id="graph"><div class="tools"><button id="closer">+</button><button id="farther">−</button>'
        f'<button id="whole">fit</button></div>{_graph(step, signs)}</div><div id="detail"><button id="close" aria-label="close">×</button>'
        '<div id="about" aria-live="polite"></div></div></div>',
        side_by_side(step, beside) if beside else "",
        "<h2>Loss</h2><p>What each term adds; together they are the loss.</p>",
        bars([(term.name, term.amount) for term in step.terms] + [("loss", step.loss)]),
        "<h2>Weights, gradients, updates</h2>",
        _weights(step),
        f"<h2>One weight in numbers</h2><pre>{escape(str(step.worked))}</pre>" if step.worked else "",
        "<h2>All calls</h2>",
        table(("layer", "class", "in", "out", "mean", "deviation", "zeros", "not finite", "gradient norm", "ms"),
              [_call_cells(call) for call in step.calls]),
        *(f'<template id="call-{index}">{of_call(step, index, signs.get(index, []), others.get(call.name), beside)}</template>'
          for index, call in enumerate(step.calls)),
        *(f'<template id="class-{number}">{about(cls)}</template>' for number, cls in enumerate(classes)),
        *(f'<template id="input-{number}">{fed(item)}</template>' for number, item in enumerate(step.inputs)),
        f'<template id="end"><h3>loss</h3>{table(("", ""), [*((t.name, f"{t.amount:.6g}") for t in step.terms), ("loss", f"{step.loss:.6g}")])}'
        "</template>",
        f'<script type="application/json" id="flow">{json.dumps(_flow(step)).replace("<", chr(92) + "u003c")}</script>',
    ]  # fmt: skip
    return document(f"One training step of {step.title}", "\n".join(parts), asset("step.css"), asset("step_layout.js") + asset("step.js"))


def _headline(step):
    clipped = "" if math.isclose(step.clipped_norm, step.gradient_norm, rel_tol=1e-6) else f", after clipping {step.clipped_norm:.6g}"
    return (
        f"{step.rows} rows · loss {step.loss:.6g} · {escape(step.optimizer)}, learning rate {step.learning_rate:.6g} · "
        f"norm of all gradients {step.gradient_norm:.6g}{clipped} · {1e3 * step.seconds:.0f} ms"
    )


def _found(step, signs):
    """The list of what is wrong, each with a way to its layer."""
    items = "".join(
        f'<li><button data-go="{place}">{escape(step.calls[place].name)}</button> <b class="sign">{sign}</b> {escape(why)}</li>'
        for place, sign, why in sorted(((place, *item) for place, found in signs.items() for item in found), key=lambda item: ORDER.index(item[1]))
    )  # fmt: skip
    return f'<h2>What looks wrong</h2><ul class="found">{items}</ul>' if items else "<p>Nothing looks wrong: no layer has a sign.</p>"


def _flow(step):
    """The graph as data: nodes by their ids, and edges (from, to, whether a gradient goes back)."""
    names = {item.name: f"input-{number}" for number, item in enumerate(step.inputs)}
    nodes = [{"id": id_, "parent": None} for id_ in names.values()]
    nodes += [
        {"id": f"call-{place}", "parent": None if call.parent is None else f"call-{call.parent}", "leaf": call.is_leaf}
        for place, call in enumerate(step.calls)
    ]
    ends = [(f"call-{place}", call.sources, call.cut) for place, call in enumerate(step.calls) if call.is_leaf]
    edges = []
    for id_, sources, cut in [*ends, ("end", step.loss_sources, step.loss_cut)]:
        for source in sources:
            back = not isinstance(source, str) and source not in cut and step.calls[source].gradient is not None
            edges.append([names.get(source) or f"call-{source}", id_, bool(back)])
    return {"nodes": [*nodes, {"id": "end", "parent": None}], "edges": edges, "width": _WIDTH, "height": _HEIGHT, "low": _LOW}


def _graph(step, signs):
    """The boxes, which step.js puts in their places and joins by lines."""
    arrows = "".join(
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
        f'<path class="{fill}" d="M0 0 L8 4 L0 8 z"/></marker>'
        for kind, fill in (("forwards", "one"), ("backwards", "two"))
    )
    classes = list({type(call.layer): None for call in step.calls})
    boxes = [_box("end-box", f"input-{number}", item.name, "input", item.shape, "") for number, item in enumerate(step.inputs)]
    for place, call in enumerate(step.calls):
        gradient = f"∇ {call.gradient.norm:.3g}" if call.gradient else "no gradient"
        kind = "box" if call.is_leaf else "block"
        boxes.append(_box(kind, f"call-{place}", call.name if call.number > 1 else call.layer.name, call.class_name, call.output_shapes,
                          gradient, classes.index(type(call.layer)), signs.get(place, ())))  # fmt: skip
    boxes.append(_box("end-box", "end", "loss", "", f"{step.loss:.6g}", ""))
    return f'<svg id="picture"><defs>{arrows}</defs><g id="frames"></g><g id="edges"></g><g id="titles"></g><g id="boxes">{"".join(boxes)}</g></svg>'


def _box(kind, id_, name, class_name, shape, gradient, class_number=None, signs=()):
    about_class = "" if class_number is None else f' data-class="class-{class_number}"'
    pills = " · ".join(sign for sign, _ in signs)
    toggle = '<text class="toggle" x="14" y="23" role="button" tabindex="0" aria-label="open or close">▸</text>' if kind == "block" else ""
    left, right = (30 if kind == "block" else 12), _WIDTH - 12
    return (
        f'<g class="{kind}" tabindex="0" role="button" data-call="{id_}"{about_class}><title>{escape(name)} {escape(class_name)}'
        f'{escape(f": {pills}" if pills else "")}</title><rect width="{_WIDTH}" height="{_LOW if kind == "end-box" else _HEIGHT}" rx="6"/>{toggle}'
        f'<text class="name" x="{left}" y="22" data-room="{right - left}">{escape(name)}</text>'
        f'<text class="soft" x="12" y="40" data-room="{_WIDTH - 24}">{escape(" · ".join(filter(None, (class_name, str(shape)))))}</text>'
        f'<text class="soft" x="12" y="57" data-room="62">{gradient}</text>'
        f'<text class="sign" x="{right}" y="57" text-anchor="end" data-room="140">{escape(pills)}</text></g>'
    )


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
        _SPACE * call.depth + call.name, call.class_name, call.input_shapes, call.output_shapes,
        *(call.outputs.short() if call.outputs else ("", "", "", "")),
        f"{call.gradient.norm:.3g}" if call.gradient else "none", f"{1e3 * call.seconds:.2f}",
    )  # fmt: skip
