"""Which metric `"accuracy"` means: the shapes of labels and outputs tell."""

from engine.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from engine.metrics.probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy

_FAMILIES = {
    ("accuracy", "acc"): (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    ("crossentropy", "ce"): (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}


def for_shapes(name, y_true, y_pred):
    """The metric that `name` ("accuracy", "acc", "crossentropy", "ce") means for these labels and outputs, so named.

        y_pred (N,) or (..., 1)                          a yes or no: the binary metric
        y_true with one axis less, or (..., 1)           class numbers: the sparse one
        otherwise                                        one-hot labels: the categorical one

    `y_true` and `y_pred` are tensors or anything else with a `shape`. Raises ValueError for another name.

    >>> import numpy as np
    >>> for_shapes("accuracy", np.zeros([8]), np.zeros([8, 3]))
    <SparseCategoricalAccuracy 'accuracy'>
    """
    family = next((family for names, family in _FAMILIES.items() if name in names), None)
    if family is None:
        known = ", ".join(repr(each) for names in _FAMILIES for each in names)
        raise ValueError(f"A metric chosen by shapes is one of {known}; received {name!r}.")
    return family[kind_of_labels(y_true, y_pred)](name=name)


def kind_of_labels(y_true, y_pred):
    """Of what kind labels are, as in the table above: 0 a yes or no, 1 class numbers, 2 one-hot."""
    labels, outputs = tuple(y_true.shape), tuple(y_pred.shape)
    if len(outputs) < 2 or outputs[-1] == 1:
        return 0
    return 1 if len(labels) < len(outputs) or labels[-1] == 1 else 2
