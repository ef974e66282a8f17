"""`fit(class_weight=)`: weights of rows by their class, for one output or for each of several."""

import tensorflow as tf

from losses.ground.labels import ClassWeights
from losses.ground.outputs import spread


class ClassWeightsOfOne(ClassWeights):
    """The weights of the one output."""

    def __call__(self, y, sample_weight, dtype, shapes):
        """The sample weights; `shapes` is a function that gives {name: shape} of the outputs."""
        if y is None or tf.nest.is_nested(y) or _is_plain(y):
            return super().__call__(y, sample_weight, dtype)
        found = list(shapes().values())
        return super().__call__(*_labels(y, found[0] if len(found) == 1 else None, sample_weight, dtype))


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
        """The sample weights of the outputs by name; of a `y` that is no nest, those of the one output."""
        names, sizes = self.names_of(y), shapes()
        tables = spread("class_weight", self.tables, y, names)
        labels = spread("y", y, y, names)
        weights = spread("sample_weight", sample_weight, y, names, share=True)
        found = {
            name: weight if table is None else table(*_labels(label, sizes.get(name), weight, dtype))
            for name, table, label, weight in zip(names, tables, labels, weights)
            if table is not None or weight is not None
        }
        return found if tf.nest.is_nested(y) else next(iter(found.values()), None)


def class_weights(given, names_of):
    """What turns `fit(class_weight=given)` into sample weights: `(y, sample_weight, dtype, shapes)` → sample_weight."""
    tables = list(given.values()) if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else []
    by_output = any(isinstance(table, dict) for table in tables)
    return ClassWeightsByOutput(given, names_of) if by_output else ClassWeightsOfOne(given)


def _is_plain(y):
    """Whether labels are class numbers whatever the output: one for each row."""
    return not y.shape.rank or y.shape.rank == 1 or y.shape[-1] == 1


def _labels(y, shape, sample_weight, dtype):
    """The arguments of ClassWeights: labels are class numbers where the output's shape has an axis of classes more."""
    one_hot = False
    if not _is_plain(y):
        one_hot = shape is None or shape.rank != y.shape.rank + 1
        if not one_hot and shape[-1] == 1:  # a unit for each label: (N, T, 1)
            y = tf.expand_dims(y, -1)
    return y, sample_weight, dtype, one_hot
