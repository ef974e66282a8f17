"""`fit(class_weight=)`: weights of rows by their class, for one output or for each of several."""

import tensorflow as tf

from losses.ground.labels import ClassWeights
from losses.ground.outputs import spread


class ClassWeightsOfOne:
    """The weights of the one output: `{class number: weight}`."""

    def __init__(self, given):
        self.table = ClassWeights(given)

    def __call__(self, y, sample_weight, dtype, shapes):
        """(labels, sample weights) of a batch; `shapes` is a function that gives {name: shape} of the outputs."""
        one_hot = False
        if y is not None and not tf.nest.is_nested(y) and not _is_plain(y):
            found = list(shapes().values())
            y, one_hot = _labels(y, found[0] if len(found) == 1 else None)
        return y, self.table(y, sample_weight, dtype, one_hot)


class ClassWeightsByOutput:
    """The weights of each output by the classes of its own labels: `{output: {class number: weight}}`, or a list of such.

    An output that is not named keeps the sample weights it has.
    """

    def __init__(self, given, names_of):
        items = given.items() if isinstance(given, dict) else enumerate(given)
        tables = {key: None if table is None else ClassWeights(table) for key, table in items}
        self.tables = tables if isinstance(given, dict) else list(tables.values())
        self.names_of = names_of

    def __call__(self, y, sample_weight, dtype, shapes):
        """(labels, sample weights) of a batch: weights by the outputs' names; of a `y` that is no nest, those of the one output."""
        names, sizes = self.names_of(y), shapes()
        tables = spread("class_weight", self.tables, y, names)
        labels = spread("y", y, y, names)
        weights = spread("sample_weight", sample_weight, y, names, share=True)
        kinds = [(label, False) if table is None else _labels(label, sizes.get(name))
                 for name, table, label in zip(names, tables, labels)]  # fmt: skip
        found = {
            name: weight if table is None else table(label, weight, dtype, one_hot)
            for name, table, (label, one_hot), weight in zip(names, tables, kinds, weights)
            if table is not None or weight is not None
        }
        y = tf.nest.pack_sequence_as(y, [label for label, _ in kinds])
        return y, found if tf.nest.is_nested(y) else next(iter(found.values()), None)


def class_weights(given, names_of):
    """What turns `fit(class_weight=given)` into sample weights."""
    tables = list(given.values()) if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else []
    by_output = any(isinstance(table, dict) for table in tables)
    return ClassWeightsByOutput(given, names_of) if by_output else ClassWeightsOfOne(given)


def _is_plain(y):
    """Whether labels are class numbers whatever the output: one for each row."""
    return not y.shape.rank or y.shape.rank == 1 or y.shape[-1] == 1


def _labels(y, shape):
    """(labels, whether they are one-hot): they are class numbers where the output's shape has an axis of classes more."""
    if _is_plain(y):
        return y, False
    if shape is None or shape.rank != y.shape.rank + 1:
        return y, True
    return (tf.expand_dims(y, -1) if shape[-1] == 1 else y), False  # a unit for each label: (N, T, 1)
