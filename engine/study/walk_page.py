"""A walk as a page, as an outline, and in short: what is on the page is written here, how one walks is in assets/walk.js."""

import itertools
import json

from engine.study.page import document, escape
from engine.study.step_page import asset
from engine.study.step_text import WIDTH, cut, fitted

_DEEP, _MOST = 6, 120  # levels of calls and lines of an outline
_ASIDE = "engine/core/tracking.py"  # how weights are found: not in an outline

_BODY = """
<h1>One training step of {title}, line by line</h1>
<p>{facts}</p>
<div id="bar"><div id="map" aria-label="the files; where one is"></div><canvas id="depth" height="44" aria-hidden="true"></canvas>
<input id="slider" type="range" min="0" max="{last}" value="0" aria-label="moment">
<div class="keys"><button id="back">◂ back</button><button id="next">next ▸</button><button id="into">into</button>
<button id="over">over</button><button id="out">out</button><span id="where" class="soft" aria-live="polite"></span></div><div id="followed"></div></div>
<div class="walk"><div id="source"></div><div id="names"></div></div>
<p class="soft">Keys: → or n next, ← or b back, ↓ or i into a call, o over it, ↑ or u out of it. The upper strip shows how deep in calls
each moment is, <b class="one">the heart</b> or <b class="two">what is around it</b>: layers, losses, the formula of the optimizer. Click a file, a caller, a
line with a bar beside it, a place of the strip.</p>
<h2>Weights</h2><p>Click one: it is followed from its value through gradient and slots to its new value, by the number that moves most.</p>
<div id="weights" class="wide"></div>
<h2>Outline</h2><pre id="outline">{outline}</pre>
<script type="application/json" id="data">{data}</script>
"""


def facts(walk):
    """What came of it and how long it was, on one line."""
    loss = "" if walk.loss is None else f"loss {walk.loss:.6g}, "
    return f"{walk.rows} rows, {loss}{len(walk.moments)} moments in {len(walk.sources)} files"


def outline(walk):
    """The calls as lines of at most 100 columns: at which moment, what, where, what came back; then the weights."""
    lines = [cut(f"One step of {walk.title}: {facts(walk)}", WIDTH), "", "moment  call" + " " * 50 + "where"]
    groups = next(groups for deep in range(_DEEP, -1, -1) if len(groups := _calls(walk, deep)) <= _MOST or deep == 0)
    for group in groups[:_MOST]:
        frame = group[0]
        times = f" × {len(group)}" if len(group) > 1 else ""
        of = f" of {frame.owner}" if frame.owner and frame.owner != walk.title else ""
        call = cut(f"{'  ' * frame.depth}{frame.function}{of}{times}", 53)
        lines.append(f"{frame.begin + 1:6}  {call:53} {cut(f'{frame.file}:{frame.first}', 38)}")
    if len(groups) > _MOST:
        lines.append(f"        … and {len(groups) - _MOST} more calls")
    rows = [(cut(_place(weight), 32), f"{weight.value[weight.index]:.7g}",
             "none" if weight.gradient is None else f"{weight.gradient[weight.index]:.6g}", f"{weight.new_value[weight.index]:.7g}",
             cut(" ".join(str(stop.moment + 1) for stop in weight.stops), 22)) for weight in walk.weights]  # fmt: skip
    lines += ["", fitted(("weight, where it moves most", "value", "gradient", "new value", "at moments"), rows)]
    lines += [cut(note, WIDTH) for note in _notes(walk)]
    return "\n".join(line.rstrip() for line in lines)


def _calls(walk, deep):
    """The calls down to a level, those of one function that follow each other together."""
    shown = [frame for frame in walk.frames if frame.depth <= deep and frame.file != _ASIDE]
    return [list(group) for _, group in itertools.groupby(shown, lambda frame: (frame.depth, frame.function))]


def _place(weight):
    return f"{weight.path}[{', '.join(map(str, weight.index))}]" if weight.index else weight.path


def _notes(walk):
    """What was not recorded, in words."""
    most = sorted(walk.left_out.items(), key=lambda item: -item[1])
    notes = [f"not recorded: {count} more calls of {name}" for name, count in most[:8]]
    if len(most) > 8:
        notes.append(f"not recorded: {sum(count for _, count in most[8:])} more calls of {len(most) - 8} other functions")
    if walk.rounds:
        notes.append(f"not recorded: {walk.rounds} lines of further rounds of loops")
    return ["", *notes] if notes else []


def short_page(walk):
    """For a notebook: the outline."""
    return f"<pre>{escape(outline(walk))}</pre><p>All of it, as a page: <code>walk.to_html(\"walk.html\")</code></p>"


def walk_page(walk):
    """The page as text."""
    body = _BODY.format(
        title=escape(walk.title), facts=escape(facts(walk)), last=max(len(walk.moments) - 1, 0), outline=escape(outline(walk)),
        data=json.dumps(_data(walk), separators=(",", ":")).replace("<", "\\u003c"),
    )  # fmt: skip
    return document(f"A walk through {walk.title}", body, asset("walk.css"), asset("walk.js"))


def _data(walk):
    """What walk.js walks along; texts that occur again are written once."""
    texts, functions, files = _Table(), _Table(), _Table()
    frames = [
        [functions.add((frame.function, files.add(frame.file), frame.first, frame.last)), frame.depth,
         -1 if frame.caller is None else frame.caller, texts.add(frame.owner), frame.begin, frame.end, texts.add(frame.returned)]
        for frame in walk.frames
    ]  # fmt: skip
    moments = [
        [moment.frame, moment.first, moment.last,
         [[texts.add(name), _before(before, after, texts), texts.add(after.text)] for name, before, after in moment.names]]
        for moment in walk.moments
    ]  # fmt: skip
    return {
        "texts": list(texts), "frames": frames, "moments": moments,
        "functions": [[*function, walk.sources[list(files)[function[1]]][function[2] - 1 : function[3]]] for function in functions],
        "files": [[name, len(walk.sources[name])] for name in files],
        "weights": [_weight(weight) for weight in walk.weights],
    }  # fmt: skip


def _before(before, after, texts):
    """What is told of the value before: -1 if there was none, -2 if it is the same, else the number of its text."""
    return -1 if before is None else -2 if before.mark == after.mark else texts.add(before.text)


def _weight(weight):
    """A weight by its number that moves most: what it is at each stop."""
    before, after = f"{weight.value[weight.index]:.7g}", f"{weight.new_value[weight.index]:.7g}"
    gradient = "none" if weight.gradient is None else f"{weight.gradient[weight.index]:.6g}"
    slots = [[name, f"{old[weight.index]:.6g}", f"{new[weight.index]:.6g}"] for name, (old, new) in weight.slots.items()
             if old.shape == weight.value.shape]  # fmt: skip
    stops = [[stop.kind if stop.kind != "formula" else stop.name, stop.moment, f"{stop.number:.7g}"] for stop in weight.stops]
    return {"path": weight.path, "cells": [_place(weight), str(weight.value.shape), before, gradient, after], "slots": slots, "stops": stops}


class _Table(dict):
    """Each item once: {item: its number}."""

    def add(self, item):
        return self.setdefault(item, len(self))
