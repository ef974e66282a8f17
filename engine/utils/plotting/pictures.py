"""`plot_model` and `model_to_dot`: the boxes of a model as SVG, PNG and DOT."""

import html
import importlib
import importlib.util
import io
import math
import os
import shutil
import subprocess

from engine.utils.plotting.boxes import Drawing, Shown
from engine.utils.plotting.places import LINE, PAD, arranged

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_DPI = 96  # at which a unit of the places is a pixel


class Dot:
    """A model in the language of Graphviz: `str(dot)`, `dot.write(path)`; a notebook shows the picture."""

    def __init__(self, drawing, rankdir, dpi, splines):
        self.drawing, self.rankdir, self.dpi, self.splines = drawing, rankdir, dpi, splines

    def to_string(self):
        """The text."""
        lines = [f"digraph model {{\n  rankdir={self.rankdir}; dpi={self.dpi}; splines={self.splines};",
                 '  node [shape=box, fontname="Helvetica"];']  # fmt: skip
        for number, box in enumerate(self.drawing.boxes):
            label = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in box.lines)
            lines.append(f'  {number} [label="{label}"];')
        for frame, numbers in _frames(self.drawing).items():
            name = frame[-1].replace('"', '\\"')
            inside = " ".join(f"{number};" for number in numbers)
            lines.append(f'  subgraph "cluster_{"/".join(frame)}" {{ label="{name}"; style=dashed; {inside} }}')
        lines += [f"  {start} -> {end};" for start, end in self.drawing.arrows]
        return "\n".join([*lines, "}\n"])

    __str__ = to_string

    def write(self, path):
        """Write the text to a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.to_string())

    def create(self, prog="dot", format="svg"):  # noqa: A002 (pydot's name)
        """The picture as bytes, drawn by Graphviz where it is installed, else as this project draws it."""
        if shutil.which(prog):
            return subprocess.run([prog, f"-T{format}"], input=self.to_string().encode(), capture_output=True, check=True).stdout
        return _own_picture(self, format)

    def _repr_svg_(self):
        return svg(self)


class Picture:
    """A picture in a file, `path`; a notebook shows it."""

    def __init__(self, path, dot):
        self.path, self._dot = path, dot

    def _repr_svg_(self):
        return svg(self._dot)


def model_to_dot(model, show_shapes=False, show_dtype=False, show_layer_names=True, rankdir="TB", expand_nested=False, dpi=200,
                 show_layer_activations=False, show_trainable=False, splines="ortho"):  # fmt: skip
    r"""The calls of a model as a graph in the language of Graphviz: a Dot, with `str(dot)` and `dot.write("model.dot")`.

    Arguments: as of `plot_model`. It needs no package; `str(dot)` is what Graphviz and web pages for it take.

    >>> from engine import Input, Sequential
    >>> from engine.utils import model_to_dot
    >>> from layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> print(model_to_dot(model, show_layer_names=False, show_shapes=True))
    digraph model {
      rankdir=TB; dpi=200; splines=ortho;
      node [shape=box, fontname="Helvetica"];
      0 [label="InputLayer\nInput shape: (None, 3)\nOutput shape: (None, 3)"];
      1 [label="Dense\nInput shape: (None, 3)\nOutput shape: (None, 2)"];
      0 -> 1;
    }
    <BLANKLINE>
    """
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"A graph runs in one of the directions {', '.join(_DIRECTIONS)}; received rankdir={rankdir!r}.")
    shown = Shown(show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable)
    drawing = Drawing(model, shown)
    if not drawing.boxes:
        raise ValueError(f"{model._title} has no layers yet: there is nothing to draw.")
    return Dot(drawing, rankdir, dpi, splines)


def plot_model(model, to_file="model.png", show_shapes=False, show_dtype=False, show_layer_names=False, rankdir="TB",
               expand_nested=False, dpi=200, show_layer_activations=False, show_trainable=False, splines="ortho"):  # fmt: skip
    """Draw a model: a box for each call of a layer, an arrow for each tensor. A notebook shows what is returned.

    The ending of `to_file` says of which kind the picture is. ".svg" and ".dot" need nothing; ".png" and others are drawn by
    Graphviz where it is installed, else by Pillow. A subclass of Model whose calls are not known is one box.
    Arguments: `show_shapes`, `show_dtype`, `show_layer_names`, `show_layer_activations`, `show_trainable` (what a box tells),
    `rankdir` ("TB": downwards, "LR": to the right, "BT", "RL"), `expand_nested` (models inside with their own boxes, in a
    frame), `dpi` (pixels of an inch, of a PNG), `splines` (how Graphviz draws arrows).
    Errors: ImportError without Graphviz and Pillow, for kinds that need one; ValueError for an unknown direction.

    >>> import os, tempfile
    >>> from engine import Sequential
    >>> from layers import Dense
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     picture = plot_model(Sequential([Dense(2, input_shape=(3,))]), f"{directory}/model.svg", show_shapes=True)
    ...     os.path.getsize(f"{directory}/model.svg") > 500
    True
    """
    dot = model_to_dot(model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, show_layer_activations,
                       show_trainable, splines)  # fmt: skip
    kind = os.path.splitext(to_file)[1][1:].lower()
    if not kind:
        raise ValueError(f"plot_model writes a picture whose kind the name tells, such as 'model.svg'; received {to_file!r}.")
    if kind == "dot":
        dot.write(to_file)
    else:
        picture = dot.create(format=kind)
        with open(to_file, "wb") as file:
            file.write(picture)
    return Picture(to_file, dot)


def _frames(drawing):
    """{names of a frame and those around it: the numbers of the boxes inside}, the outer ones first."""
    found = {}
    for number, box in enumerate(drawing.boxes):
        for depth in range(1, len(box.frames) + 1):
            found.setdefault(box.frames[:depth], []).append(number)
    return dict(sorted(found.items(), key=lambda item: len(item[0])))


def _parts(dot):
    """(boxes as (left, top, right, bottom, lines), frames likewise, arrows as lists of points, (width, height))."""
    places, arrows, (width, height) = arranged(dot.drawing, sideways=dot.rankdir in ("LR", "RL"))
    boxes = [(*place.edges, box.lines) for place, box in zip(places, dot.drawing.boxes)]
    frames = []
    for names, numbers in _frames(dot.drawing).items():
        edge = PAD / len(names)  # inner frames inside outer ones
        corners = [boxes[number][:4] for number in numbers]
        frames.append((min(c[0] for c in corners) - edge, min(c[1] for c in corners) - edge - 4, max(c[2] for c in corners) + edge,
                       max(c[3] for c in corners) + edge, [names[-1]]))  # fmt: skip
    if dot.rankdir in ("BT", "RL"):  # the same from the other end

        def turned(x, y):
            return (x, height - y) if dot.rankdir == "BT" else (width - x, y)

        arrows = [[turned(*point) for point in line] for line in arrows]
        boxes, frames = ([_rectangle(turned(*item[:2]), turned(*item[2:4]), item[4]) for item in found] for found in (boxes, frames))
    return boxes, frames, arrows, (width, height)


def _rectangle(one, other, lines):
    return min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]), lines


def svg(dot):
    """The picture as SVG, without anything from outside."""
    boxes, frames, arrows, (width, height) = _parts(dot)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>'
    ]
    for left, top, right, bottom, (name,) in frames:
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" fill="none" '
                     f'stroke="#8894a0" stroke-dasharray="5 4"/><text x="{left + 4:.1f}" y="{top - 4:.1f}" fill="#5b6875" '
                     f'font-size="11">{html.escape(name)}</text>')  # fmt: skip
    for line in arrows:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
        head = " ".join(f"{x:.1f},{y:.1f}" for x, y in _head(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="#1d2733"/><polygon points="{head}" fill="#1d2733"/>')
    for left, top, right, bottom, lines in boxes:
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="4" '
                     'fill="#f4f6f8" stroke="#1d2733"/>')  # fmt: skip
        for number, text in enumerate(lines):
            weight = ' font-weight="bold"' if number == 0 else ""
            parts.append(f'<text x="{(left + right) / 2:.1f}" y="{top + PAD / 2 + LINE * (number + 0.72):.1f}" text-anchor="middle"'
                         f'{weight} fill="#1d2733">{html.escape(text)}</text>')  # fmt: skip
    return "\n".join([*parts, "</svg>\n"])


def _head(line):
    """The three corners of the head of an arrow."""
    (x1, y1), (x2, y2) = line[-2:]
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    along, down = (x2 - x1) / length, (y2 - y1) / length
    return [(x2, y2), (x2 - 8 * along + 4 * down, y2 - 8 * down - 4 * along), (x2 - 8 * along - 4 * down, y2 - 8 * down + 4 * along)]


def _own_picture(dot, kind):
    """Bytes of a picture without Graphviz."""
    if kind == "svg":
        return svg(dot).encode()
    if importlib.util.find_spec("PIL") is None:
        raise ImportError(
            f"A picture of the kind {kind!r} needs Pillow (pip install pillow) or the program dot (graphviz.org/download). "
            "plot_model(model, to_file='model.svg') needs neither."
        )
    image, draw, font = (importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont"))
    boxes, frames, arrows, size = _parts(dot)
    scale = dot.dpi / _DPI
    picture = image.new("RGB", [math.ceil(scale * length) for length in size], "white")
    pen, letters = draw.Draw(picture), font.load_default(13 * scale)

    def scaled(numbers):
        return [scale * number for number in numbers]

    for *edges, (name,) in frames:
        pen.rectangle(scaled(edges), outline="#8894a0")
        pen.text(scaled((edges[0] + 4, edges[1] - 2)), name, "#5b6875", font.load_default(11 * scale), anchor="ls")
    for line in arrows:
        pen.line([tuple(scaled(point)) for point in line], "#1d2733", max(round(scale), 1))
        pen.polygon([tuple(scaled(point)) for point in _head(line)], "#1d2733")
    for *edges, lines in boxes:
        pen.rounded_rectangle(scaled(edges), 4 * scale, "#f4f6f8", "#1d2733", max(round(scale), 1))
        for number, text in enumerate(lines):
            middle = (edges[0] + edges[2]) / 2, edges[1] + PAD / 2 + LINE * (number + 0.5)
            pen.text(scaled(middle), text, "#1d2733", letters, anchor="mm")
    found = io.BytesIO()
    picture.save(found, {"jpg": "jpeg"}.get(kind, kind))
    return found.getvalue()
