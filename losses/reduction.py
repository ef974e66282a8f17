"""From one value per sample to one number: weights, mask and the final division, written once.

    values (N, ...) ── × sample_weight, × mask ──► Σ ──► ÷ divisor

| reduction                       | divisor                                                       |
|---------------------------------|---------------------------------------------------------------|
| `"sum"`                         | 1                                                             |
| `"sum_over_batch_size"`, `"mean"` | number of values that the mask keeps, whatever their weights |
| `"mean_with_sample_weight"`     | sum of the weights, each counted once, before broadcasting    |
| `"none"`, None                  | no sum: the weighted values themselves                        |

Dividing by the number of values keeps the size of a step independent of the weights'
scale between batches; a zero divisor gives zero, not NaN. Where others share the batch,
the divisor is that of the whole batch (see whole.py).
"""

import tensorflow as tf

from losses.ground import whole
from losses.ground.masks import get_mask
from losses.ground.numerics import cast
from losses.ground.shapes import fit_weights

REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)


class Reduction:
    """The names that older code has for reductions; today they are written as text: `reduction="sum"`.

    >>> Reduction.AUTO, Reduction.NONE
    ('sum_over_batch_size', 'none')
    """

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    SUM, NONE = "sum", "none"


def check_reduction(owner, reduction):
    """Refuse an unknown reduction where it is written down, not at the first batch."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{owner} expects one of the reductions {REDUCTIONS}; received {reduction!r}. Choose one.")
    return reduction


def weigh(owner, values, **factors):
    """`values` and the product of the `factors` (`sample_weight=..., mask=...`), of one rank; None if all are None.

    The product may still have axes of length 1 to broadcast.

    >>> values, weights = weigh("my_loss", tf.ones([2, 3]), sample_weight=[1.0, 2.0], mask=None)
    >>> weights.numpy().tolist()
    [[1.0], [2.0]]
    """
    product = None
    for kind, factor in factors.items():
        if factor is None:
            continue
        values, factor = fit_weights(owner, kind, values, factor)
        product = factor if product is None else factor * fit_weights(owner, kind, values, product)[1]
    return values, product


def reduce_weighted(values, sample_weight=None, mask=None, reduction="sum_over_batch_size", owner="The loss", labels=None):
    """The weighted values summed and divided as `reduction` says (table above).

    Shapes: values `(N, ...)`, sample_weight and mask their leading axes → a scalar, or the values' shape.
    `labels`: a tensor of whose rows each has as many values, if that is known: then nobody who shares the batch is asked.

    >>> values = tf.constant([1.0, 2.0, 6.0])
    >>> float(reduce_weighted(values, sample_weight=[1.0, 0.0, 0.5]))
    1.3333333730697632
    >>> float(reduce_weighted(values, sample_weight=[1.0, 0.0, 0.5], reduction="mean_with_sample_weight"))
    2.6666667461395264
    >>> float(reduce_weighted(values, mask=[True, True, False]))
    1.5
    """
    values = tf.convert_to_tensor(values)
    values, weights = weigh(owner, values, sample_weight=sample_weight, mask=mask)
    weighted = values if weights is None else values * weights
    if reduction in ("none", None):
        return weighted
    total = tf.reduce_sum(weighted)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return tf.math.divide_no_nan(total, whole.group.total(tf.reduce_sum(weights)))
    count = tf.cast(tf.size(values), values.dtype)
    if mask is None:
        return tf.math.divide_no_nan(total, whole.group.values(count, labels))
    kept = tf.reduce_mean(tf.cast(mask, values.dtype))  # a share, because a mask may be shorter than the values
    count = tf.math.multiply_no_nan(kept, count)  # there may be no rows
    return tf.math.divide_no_nan(total, whole.group.total(count))


def weighted(metric, values, sample_weight):
    """`values` in the metric's dtype, and their weights or None. A mask on the values counts only beside weights."""
    mask = None if sample_weight is None else get_mask(values)
    owner = f"{type(metric).__name__} {metric.name!r}"
    return weigh(owner, cast(values, metric.dtype), sample_weight=sample_weight, mask=mask)
