"""`model.summary()`: the layers as a tree, with output shapes and parameters."""

import math

_HEAD = ("Layer (class)", "Output shape", "Parameters")


def summary(model, print_fn=print):
    """Print one line per layer, then the totals. The path of a layer is the name of its weights' beginning."""
    if not model.built:
        raise ValueError(f"{model.title} is not built. Call it on data once, fit it, or call build(input_shape).")
    rows = [_HEAD]
    seen = set()
    for path, layer in model.named_layers()[1:]:
        own = [w for w in layer.weights if id(w) not in seen]
        inner = layer.named_layers()[1:]
        if not inner:
            seen.update(id(w) for w in own)
        count = sum(math.prod(w.shape) for w in own)
        frozen = "" if layer.trainable or not own else " (frozen)"
        indent = "  " * path.count(".") if not path.startswith("layers.") else "  " * (path.count(".") - 1)
        rows.append((f"{indent}{layer.name} ({type(layer).__name__})", _shapes(layer), f"{count:,}{frozen}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    line = "─" * (sum(widths) + 4)
    print_fn(model.title)
    print_fn(line)
    for index, row in enumerate(rows):
        print_fn(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}")
        if index == 0:
            print_fn(line)
    print_fn(line)
    trained = sum(math.prod(w.shape) for w in model.trainable_weights)
    total = sum(math.prod(w.shape) for w in model.weights)
    print_fn(f"Parameters: {total:,} · trainable {trained:,} · not trainable {total - trained:,}")


def _shapes(layer):
    shapes = layer._output_shapes
    if shapes is None and layer._nodes:
        shapes = tuple(layer._nodes[0].outputs.shape) if hasattr(layer._nodes[0].outputs, "shape") else "several"
    if isinstance(shapes, tuple):
        return "(" + ", ".join("?" if size is None else str(size) for size in (None, *shapes[1:])) + ")"
    return str(shapes) if shapes is not None else "-"
