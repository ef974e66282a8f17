"""The model of a program: inputs, nodes (calls of layers, in running order), outputs. A nested model is drawn likewise.

    {"style": "list" | "graph" | "subclass",
     "inputs": {"a": {"shape": [3, 2], "of": "numbers" | "padded" | "ids"}},
     "nodes": [{"name": "n0", "layer": part, "on": ["a"]},          "layer" may be {"model": {...}}
               {"name": "n1", "again": "n0", "on": ["b"]}],         the same layer once more
     "outputs": ["n1"]}
"""

import math

from . import families

IDS = 5  # how many different numbers an input of ids has
LARGEST = 48  # numbers in a row of any tensor


def draw_model(dice, prefix="", inputs=None, most=5):
    """A Drawing with some nodes. `prefix` and `inputs` are given for a nested model."""
    style = dice.one_of(["list", "graph", "graph", "subclass"]) if inputs is None else dice.one_of(["list", "graph"])
    inputs = inputs or draw_inputs(dice, 1 if style == "list" else dice.whole(1, 2))
    drawing = Drawing(dice, prefix, style, inputs)
    for _ in range(dice.whole(1, most)):
        drawing.grow()
    return drawing


def draw_inputs(dice, count):
    shapes = [[4], [3], [3, 2], [3, 2], [4, 3, 2]]
    inputs = {}
    for name in "ab"[:count]:
        kind = dice.one_of(["numbers", "numbers", "numbers", "padded", "ids"])
        shape = dice.one_of(shapes) if kind == "numbers" else [3] if kind == "ids" else [3, 2]
        inputs[name] = {"shape": shape, "of": kind}
    return inputs


class Drawing:
    """A model that grows. `shapes`: of the tensors that may be used further, by name."""

    def __init__(self, dice, prefix, style, inputs):
        self.dice, self.prefix, self.style = dice, prefix, style
        self.inputs, self.nodes, self.shapes = inputs, [], {}
        for name, given in inputs.items():
            self.shapes[name] = given["shape"]
            if given["of"] == "ids":
                arguments = {"input_dim": IDS, "output_dim": 2, **dice.options(0.5, mask_zero=[True])}
                self.add({"layers.Embedding": arguments | dice.options(embeddings_regularizer=families.REGULARIZERS)},
                         [name], [*given["shape"], 2])  # fmt: skip
                self.shapes.pop(name, None)
            if given["of"] == "padded":
                self.add({"layers.Masking": {}}, [name], given["shape"])
                if style == "list" or dice.chance(0.5):
                    self.shapes.pop(name, None)

    def add(self, layer, on, shape):
        """A node that calls a new layer; the name of its output."""
        name = f"{self.prefix}n{len(self.nodes)}"
        self.nodes.append({"name": name, "layer": layer, "on": on})
        self.shapes[name] = list(shape)
        if self.style == "list":
            self.shapes = {name: list(shape)}
        return name

    def grow(self):
        """One more node, if what is drawn fits."""
        name = self.dice.one_of(list(self.shapes)[-3:])
        kind = self.dice.one_of(["layer"] * 6 + ["model"] * (not self.prefix))
        if self.style != "list" and len(self.shapes) > 1:
            kind = self.dice.one_of([kind, kind, "merge", "again"])
        getattr(self, f"grow_{kind}")(name)

    def grow_layer(self, name):
        layer = self.dice.one_of(families.BY_RANK[len(self.shapes[name])])
        self._add_if_fit(layer(self.dice, self.shapes[name]), [name])

    def grow_merge(self, name):
        other = self.dice.one_of(list(self.shapes))
        if other != name:
            self._add_if_fit(families.merge(self.dice, self.shapes[name], self.shapes[other]), [name, other])

    def grow_again(self, name):
        """A layer of before on another tensor of the same shape."""
        before = [node for node in self.nodes if "layer" in node and len(node["on"]) == 1
                  and node["on"] != [name] and self.shapes.get(node["on"][0]) == self.shapes[name]]  # fmt: skip
        if before:
            node = self.dice.one_of(before)
            again = f"{self.prefix}n{len(self.nodes)}"
            self.nodes.append({"name": again, "again": node["name"], "on": [name]})
            self.shapes[again] = self.shapes[node["name"]]

    def grow_model(self, name):
        prefix = f"n{len(self.nodes)}_"
        inputs = {f"{prefix}in": {"shape": self.shapes[name], "of": "numbers"}}
        inner = draw_model(self.dice, prefix, inputs, most=3)
        if inner.nodes:
            last = inner.nodes[-1]["name"]
            self._add_if_fit(({"model": inner.model([last])}, inner.shapes[last]), [name])

    def _add_if_fit(self, found, on):
        if found is None:
            return
        layer, shape = found
        if 0 < math.prod(shape) <= LARGEST:
            self.add(layer, on, shape)

    def model(self, outputs):
        """The model as data, without the nodes that lead to no output."""
        needed, nodes = set(outputs), []
        for node in reversed(self.nodes):
            if node["name"] in needed:
                nodes.insert(0, node)
                needed |= set(node["on"])
        made = {}  # a layer is made where it is first called
        for node in nodes:
            origin = node.get("again", node["name"])
            if origin not in made and "again" in node:
                node.update(layer=next(other["layer"] for other in self.nodes if other["name"] == origin))
                del node["again"]
            elif origin in made:
                node["again"] = made[origin]
            made.setdefault(origin, node["name"])
        inputs = {name: given for name, given in self.inputs.items() if name in needed}
        more = {"takes_training": True} if self.style == "subclass" and self.dice.chance(0.5) else {}
        return {"style": self.style, **more, "inputs": inputs, "nodes": nodes, "outputs": outputs}
