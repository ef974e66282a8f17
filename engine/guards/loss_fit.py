"""Does the loss fit what the last layer gives? Looked at once after `compile`, on the first batch, with one warning and the fix.

    what made an output      softmax, sigmoid or neither, read off the operation (no values needed)
    crossentropies take      probabilities; or scores, where they are told `from_logits=True`
    if neither made it       the first rows are computed once more, to see whether they are probabilities
"""

import warnings

import numpy as np
import tensorflow as tf

import losses
from engine.around import Around
from engine.guards.reasons import undisturbed
from engine.small_parts.batch import unpack

_BINARY = {losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy,
           losses.binary_crossentropy, losses.binary_focal_crossentropy}  # fmt: skip
_OF_CLASSES = {losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy, losses.SparseCategoricalCrossentropy,
               losses.categorical_crossentropy, losses.categorical_focal_crossentropy,
               losses.sparse_categorical_crossentropy}  # fmt: skip
_SPARSE = {losses.SparseCategoricalCrossentropy, losses.sparse_categorical_crossentropy}
_MOST_ROWS = 256  # that are computed once more
_ROUNDING = 1e-2  # by which a probability in 16 bits may be off


class LossFit(Around):
    """Warns once per compile() where a loss of `model` cannot mean what its output is."""

    def __init__(self, model):
        self.model = model
        self.seen = None  # the compiled losses that were looked at

    def look(self, run):
        if self.model.compiled_loss is not self.seen and not self.model.trainable_weights:
            self._warn("there is nothing to train: no weight is trainable. Set `trainable = True` on layers, or call evaluate()")
        self._check(run.feed)

    def finished(self, feed, values):
        self._check(feed)

    def _check(self, feed):
        compiled = self.model.compiled_loss
        if compiled is self.seen or compiled.functions is None or tf.distribute.has_strategy():
            return
        self.seen = compiled
        kinds = [_kind(function) for function in compiled.functions]
        if not any(kinds):
            return
        batch = feed.last if feed.last is not None or not feed.keeps_batches else feed.example()
        x, y, _ = unpack(batch) if batch is not None else (None, None, None)
        labels = tf.nest.flatten(y) if len(tf.nest.flatten(y)) == len(kinds) else [None] * len(kinds)
        outputs = self._outputs(x, kinds)
        for index, kind in enumerate(kinds):
            if kind is not None:
                where = f" of output {compiled.names[index]!r}" if len(kinds) > 1 else ""
                fault = _fault(compiled.functions[index], kind, compiled.makers[index], labels[index], outputs[index])
                if fault:
                    self._warn(f"the loss{where}, {compiled.functions[index].name}, does not fit: {fault}")

    def _outputs(self, x, kinds):
        """Each output for the first rows, where a look at values is needed; None where not, or where it cannot be had."""
        compiled = self.model.compiled_loss
        asked = [kind and not compiled.makers[index][0] and not _from_logits(compiled.functions[index])
                 for index, kind in enumerate(kinds)]  # fmt: skip
        if x is None or not any(asked):
            return [None] * len(kinds)
        try:
            with undisturbed(self.model):
                rows = tf.nest.map_structure(lambda item: item[:_MOST_ROWS], x)
                outputs = [output.numpy() for output in tf.nest.flatten(self.model(rows, training=False))]
        except Exception:  # noqa: BLE001 (a look that is only for a warning must never end a training)
            return [None] * len(kinds)
        return [output if wanted else None for wanted, output in zip(asked, outputs)]

    def _warn(self, message):
        warnings.warn(f"{self.model._title}: {message}.", stacklevel=6)


def _kind(function):
    """ "binary", "sparse", "one-hot" or None: what a crossentropy takes as labels."""
    key = getattr(function, "fn", type(function))
    try:
        return "binary" if key in _BINARY else "sparse" if key in _SPARSE else "one-hot" if key in _OF_CLASSES else None
    except TypeError:  # a function of the user's own that cannot be hashed
        return None


def _from_logits(function):
    return getattr(function, "from_logits", None) or getattr(function, "arguments", {}).get("from_logits", False)


def _fault(function, kind, maker, y, y_pred):
    """What is wrong, and the fix; None if nothing is to be seen. `y_pred` is None where its values need no look."""
    made_by, units = maker
    if units == 1 and (made_by == "softmax" or kind == "sparse"):
        return ("softmax over a single unit is 1 whatever the model computes. Use one unit with a sigmoid and "
                "binary_crossentropy, or a unit for each class")  # fmt: skip
    if made_by and _from_logits(function):
        return f"the outputs come from {made_by}, and the loss has from_logits=True. Leave out one of the two"
    if kind == "binary" and y is not None and y.dtype != tf.string:
        values = np.asarray(tf.cast(y, tf.float64))
        low, high = np.min(values, initial=0), np.max(values, initial=1)
        if low < 0 or high > 1:
            return (f"labels of a binary crossentropy are from 0 to 1, received some from {low:g} to {high:g}. For class numbers "
                    "use sparse_categorical_crossentropy, for -1 and 1 hinge")  # fmt: skip
    if y_pred is not None and y_pred.size and (y_pred.min() < -_ROUNDING or y_pred.max() > 1 + _ROUNDING):
        activation = "sigmoid" if kind == "binary" else "softmax"
        return (f"it expects probabilities, received outputs from {y_pred.min():.3g} to {y_pred.max():.3g}. Give the loss "
                f'from_logits=True, or the last layer activation="{activation}"')  # fmt: skip
    return None
