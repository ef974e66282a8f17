"""Which metric `"accuracy"` means: the shapes of labels and outputs tell."""

from engine.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from engine.metrics.probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from losses.ground.labels import kind_of_labels

_FAMILIES = {
    ("accuracy", "acc"): (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    ("crossentropy", "ce"): (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}


def for_shapes(name, y_true, y_pred):
    """The metric that `name` ("accuracy", "acc", "crossentropy", "ce") means for these labels and outputs, so named.

    Which of the three is what `kind_of_labels` says.
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
