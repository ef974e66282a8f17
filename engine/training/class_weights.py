"""`fit(class_weight=)`: weights of rows by their class, for one output or for each of several."""

import tensorflow as tf

from engine.training.objective import spread
from losses.ground.labels import ClassWeights


class ClassWeightsByOutput:
    """The weights of each output by the classes of its own labels: `{output: {class number: weight}}`, or a list of such.

    An output that is not named keeps the sample weights it has.
    """

    def __init__(self, given, names_of):
        items = given.items() if isinstance(given, dict) else enumerate(given)
        tables = {key: None if table is None else ClassWeights(table) for key, table in items}
        self.tables = tables if isinstance(given, dict) else list(tables.values())
        self.names_of = names_of

    def __call__(self, y, sample_weight, dtype):
        """The sample weights of the outputs by name; of a `y` that is no nest, those of the one output."""
        names = self.names_of(y)
        tables = spread("class_weight", self.tables, y, names)
        labels = spread("y", y, y, names)
        weights = spread("sample_weight", sample_weight, y, names, share=True)
        found = {
            name: weight if table is None else table(label, weight, dtype)
            for name, table, label, weight in zip(names, tables, labels, weights)
            if table is not None or weight is not None
        }
        return found if tf.nest.is_nested(y) else next(iter(found.values()), None)


def class_weights(given, names_of):
    """What turns `fit(class_weight=given)` into sample weights: `(y, sample_weight, dtype)` → sample_weight."""
    tables = list(given.values()) if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else []
    by_output = any(isinstance(table, dict) for table in tables)
    return ClassWeightsByOutput(given, names_of) if by_output else ClassWeights(given)
