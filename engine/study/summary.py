"""`model.summary()`: the layers as a tree, with their paths, output shapes, parameters and what a row costs."""

import dataclasses
import math
import shutil

import tensorflow as tf

from engine.core import tracking
from engine.core.layer import Layer
from engine.study.cost import costs
from engine.study.notebook import fragment, section
from engine.unbuilt import build_known, is_built

_HEAD = ("Layer (class)", "Path", "Output shape", "Parameters", "Mult-adds")
_LESS_NEEDED = ("Mult-adds", "Path")  # left out first where the terminal is narrow
_NARROWEST = 16  # characters of a column that is cut


@dataclasses.dataclass
class LayerRow:
    """One layer in the tree; parameters are those that it holds itself, and each is counted where it is first met."""

    path: str
    name: str
    class_name: str
    depth: int
    output_shape: object
    trainable: int
    frozen: int
    shared: bool  # the layer, or a weight of it, was met before
    multiply_adds: int | None  # per row; None: not known
    output_bytes: int | None
    built: bool = True

    @property
    def cells(self):
        count = f"{self.trainable + self.frozen:,}" if self.built else "not built"
        frozen = f"{self.frozen:,} frozen" if self.trainable else "frozen"
        notes = [frozen] * bool(self.frozen) + ["shared"] * self.shared
        return (
            f"{'  ' * (self.depth - 1)}{self.name} ({self.class_name})", self.path, shape_text(self.output_shape),
            f"{count} ({', '.join(notes)})" if notes else count,
            "-" if self.multiply_adds is None else short_count(self.multiply_adds),
        )  # fmt: skip


class Summary:
    """What a model is made of: `rows`, one LayerRow per layer, and totals. `str` fits the terminal."""

    def __init__(self, model: Layer) -> None:
        build_known(model)
        if not model.built and not any(layer.built for path, layer in model.named_layers() if path):
            raise ValueError(f"{model._title} is not built. Call it on data once, fit it, or call build(input_shape).")
        self.title = model._title
        self.trainable = sum(_size(weight) for weight in model.trainable_weights)
        self.frozen = sum(_size(weight) for weight in model.weights) - self.trainable
        self.weight_bytes = sum(_size(weight) * tf.as_dtype(weight.dtype).size for weight in model.weights)
        found = costs(model)
        self.rows = list(_rows(model, found))
        known = bool(found)
        self.multiply_adds = sum(cost.multiply_adds for cost in found.values()) if known else None
        self.output_bytes = sum(row.output_bytes or 0 for row in self.rows if not row.shared) if known else None

    @property
    def parameters(self) -> int:
        """The number of scalars in the weights; a weight that two layers share counts once."""
        return self.trainable + self.frozen

    def totals(self) -> list[str]:
        """The lines below the table."""
        lines = [f"Parameters: {self.parameters:,} · trainable {self.trainable:,} · not trainable {self.frozen:,}"]
        memory = f"Memory: weights {short_bytes(self.weight_bytes)}"
        if self.multiply_adds is not None:
            lines.append(f"Multiply-adds: {short_count(self.multiply_adds)} per row")
            memory += f" · outputs {short_bytes(self.output_bytes)} per row"
        return [*lines, memory]

    def text(self, width: int | None = None) -> str:
        """The table with its totals, at most `width` characters wide (None: the terminal's width)."""
        width = width or shutil.get_terminal_size((100, 24)).columns
        table = _fitted([_HEAD, *(row.cells for row in self.rows)], width)
        line = "─" * max((len(text) for text in table), default=0)
        return "\n".join([self.title, line, table[0], line, *table[1:], line, *self.totals()])

    __str__ = text

    def __repr__(self):
        return f"<Summary of {self.title}: {self.parameters:,} parameters>"

    def _repr_html_(self):
        """The table for a notebook."""
        rows = [row.cells for row in self.rows]
        return fragment(self.title, section("", _HEAD, rows, "\n".join(self.totals())))


def _rows(model, found):
    """A LayerRow for each place in which a layer is found, parents first."""
    flags = {id(variable): trainable for _, variable, trainable in model.named_weights()}
    seen_layers, seen_weights = {id(model)}, set()
    waiting = [("", model, 0)]
    while waiting:
        path, layer, depth = waiting.pop()
        shared = depth > 0 and id(layer) in seen_layers
        seen_layers.add(id(layer))
        own = tracking.direct(layer, tf.Variable)
        new = [weight for weight in own if id(weight) not in seen_weights]
        seen_weights.update(map(id, own))
        trainable = sum(_size(weight) for weight in new if flags.get(id(weight)))
        cost = found.get(id(layer))
        if depth or new:
            yield LayerRow(
                path, layer.name, type(layer).__name__, max(depth, 1), _shapes(layer), trainable,
                sum(map(_size, new)) - trainable, shared or len(new) < len(own),
                cost and cost.multiply_adds, cost and cost.bytes, is_built(layer),
            )  # fmt: skip
        if not shared:
            inner = [(name, child) for name, child in tracking.children(layer) if isinstance(child, Layer)]
            inner = list({(id(child), name): (name, child) for name, child in inner}.values())
            waiting += [(tracking.join(path, name), child, depth + 1) for name, child in reversed(inner)]


def _fitted(rows, width):
    """`rows` as lines of text: less needed columns go first, then the longest cells are cut."""
    columns = list(range(len(rows[0])))
    widths = [max(len(row[column]) for row in rows) for column in columns]
    for name in _LESS_NEEDED:
        if sum(widths[c] + 2 for c in columns) - 2 > width:
            columns.remove(_HEAD.index(name))
    while (excess := sum(widths[c] + 2 for c in columns) - 2 - width) > 0:
        widest = max(columns, key=lambda c: widths[c])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] = max(widths[widest] - excess, _NARROWEST)
    return ["  ".join(_cut(row[c], widths[c]).ljust(widths[c]) for c in columns).rstrip() for row in rows]


def _cut(text, width):
    return text if len(text) <= width else text[: width - 1] + "…"


def _shapes(layer):
    if layer._output_shapes is not None:
        return layer._output_shapes
    return tf.nest.map_structure(lambda item: tuple(item.shape), layer._nodes[0].outputs) if layer._nodes else None


def shape_text(shape):
    """A shape, or a nest of shapes, for people: the batch axis and other open sizes are `?`."""
    if isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape):
        return "(" + ", ".join("?" if size is None else str(size) for size in (None, *shape[1:])[: len(shape)]) + ")"
    if isinstance(shape, dict):
        return ", ".join(f"{key}: {shape_text(item)}" for key, item in shape.items())
    return ", ".join(map(shape_text, shape)) if isinstance(shape, (list, tuple)) else "-"


def short_count(number):
    """1234567 → "1.23 M"."""
    for size, unit in ((1e9, " G"), (1e6, " M")):
        if number >= size:
            return f"{number / size:.2f}{unit}"
    return f"{number:,}"


def short_bytes(number):
    """1234567 → "1.18 MiB"."""
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number} B"


def _size(weight):
    return math.prod(weight.shape)
