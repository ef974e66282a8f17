"""How masks count in the order of a graph's layers, and so of its weights.

In Keras a mask is made by operations that stand in the graph beside the layers: between a layer and the one that its mask
comes from lie as many further steps, and whatever is before that is farther from the outputs.

    Dense "one" ─► Masking ──────────────► GlobalAveragePooling1D      "one" is two steps above the pooling by its outputs,
              └──► not_equal ─► any ─────►                             and three by its mask

Here masks travel with the tensors; this file knows how long their ways are there.
"""

from engine.core.graph import Graph
from engine.core.layer import Layer
from engine.small_parts.signature import signature


class MaskedGraph(Graph):
    """A graph whose layers are in Keras's order where masks are on their way too."""

    def links(self):
        return mask_links(self.nodes)


def mask_links(nodes):
    """{id(node): [(earlier node, steps)]}: how far above a node lies what the mask that it takes was made of."""
    links, masks = {}, {}  # masks: what a mask was made of, by the id of the symbol it travels with
    for node in nodes:
        layer, given = node.operation, [masks.get(id(symbol)) for symbol in node.inputs]
        if not isinstance(layer, Layer):
            continue
        if len(given) == 1 and given[0] and _takes_mask(layer):
            links[id(node)] = given[0]
        made = _MADE.get(type(layer).__name__, _passed_on)(layer, node.inputs, given)
        if made:
            masks.update((id(symbol), made) for symbol in _symbols_of(node))
    return links


def _takes_mask(layer):
    return "mask" in signature(type(layer)).names or getattr(layer, "_structure", None) is not None


def _symbols_of(node):
    return node.outputs if isinstance(node.outputs, (list, tuple)) else [node.outputs]


def _farther(made, steps):
    return [(node, distance + steps) for node, distance in made]


def _passed_on(layer, inputs, given):
    plain = layer.supports_masking and type(layer).compute_mask is Layer.compute_mask
    return given[0] if plain and len(given) == 1 else None


def _masking(layer, inputs, given):  # any(not_equal(inputs))
    return [(inputs[0].node, 3)]


def _embedding(layer, inputs, given):  # not_equal(inputs)
    return [(inputs[0].node, 2)] if layer.mask_zero else None


def _elementwise(layer, inputs, given):  # logical_or(logical_or(first, second), third)
    if not all(given):
        return None
    steps = [len(given) - max(place, 1) for place in range(len(given))]
    return [link for made, further in zip(given, steps) for link in _farther(made, further)]


def _concatenate(layer, inputs, given):  # any(concatenate(logical_or(expand_dims(mask), zeros_like(input)), ones_like(input)))
    if not any(given):
        return None
    own = [(symbol.node, 5 if made else 4) for symbol, made in zip(inputs, given)]
    return own + [link for made in given if made for link in _farther(made, 4)]


def _attention(layer, inputs, given):  # convert_to_tensor(mask of the query)
    return _farther(given[0], 1) if given[0] else None


_MADE = {
    "Masking": _masking, "Embedding": _embedding, "Concatenate": _concatenate, "Attention": _attention,
    "AdditiveAttention": _attention,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _elementwise),
}  # fmt: skip
