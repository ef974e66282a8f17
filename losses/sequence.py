"""Sequences without alignment: which symbols, not when."""

import tensorflow as tf

from losses.base import Loss
from losses.ground.numerics import floating


def ctc(y_true, y_pred):
    """`-log Σ p(path)` over all paths through the frames that read as `y_true`.

    A path reads as its symbols without repeats and blanks; class 0 is the blank, and pads `y_true`.
    Shapes: y_true class numbers `(N, L)`, y_pred logits `(N, T, C)` with `T ≥ L` → `(N,)`.
    Computed in float32, the one dtype of TensorFlow's kernel.
    Source: Graves et al., Connectionist Temporal Classification, 2006.

    >>> round(float(ctc([[1]], tf.zeros([1, 2, 2]))[0]), 4)
    0.2877
    """
    labels, logits = tf.cast(y_true, tf.int32), floating(y_pred)
    if labels.shape.rank != 2 or logits.shape.rank != 3:
        raise ValueError(
            f"ctc expects y_true of shape (batch, labels) and y_pred of shape (batch, frames, classes); "
            f"received y_true of shape {labels.shape} and y_pred of shape {logits.shape}. "
            "Pad the labels with 0 to one length."
        )
    num_frames = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    values = tf.nn.ctc_loss(
        labels=labels,
        logits=tf.cast(logits, tf.float32),
        label_length=tf.math.count_nonzero(labels, axis=1, dtype=tf.int32),
        logit_length=num_frames,
        logits_time_major=False,
        blank_index=0,
    )
    return tf.cast(values, logits.dtype)


class CTC(Loss):
    """`ctc`, weighted and reduced: speech or handwriting to text.

    >>> round(float(CTC()([[1]], tf.zeros([1, 2, 2]))), 4)
    0.2877
    """

    casts_labels = False

    def __init__(self, reduction="sum_over_batch_size", name="ctc", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return ctc(y_true, y_pred)
