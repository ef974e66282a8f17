"""Whether a number in the logs is better when it is larger, or when it is smaller."""

import re

from engine.metrics.reported import named

# What names say where no metric of that name does: logs of a training step of one's own, functions of one's own.
_UP = ("acc", "accuracy", "auc", "precision", "recall", "f1", "f1_score", "fbeta_score", "iou", "io_u", "r2", "r2_score")
_DOWN = ("loss", "error", "regularizer", "crossentropy", "mae", "mse", "rmse", "mape")


def direction(model, name):
    """"up" or "down" for the number `name` in the logs of `model`, None where nobody knows.

    A metric knows its own: the attribute `_direction`, which a class of your own may set. Else the end of the name tells.

    >>> from engine import Sequential, metrics
    >>> from layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(1,))])
    >>> model.compile("sgd", "mse", metrics=[metrics.AUC(name="roc"), metrics.Sum(name="size")])
    >>> logs = model.evaluate([[1.0]], [[1.0]], verbose=0)
    >>> direction(model, "val_roc"), direction(model, "loss"), direction(model, "size")
    ('up', 'down', None)
    """
    found = [(metric_name, metric) for metric_name, metric in named(model.metrics) if _is_of(name, metric_name)]
    known = getattr(max(found, key=lambda item: len(item[0]))[1], "_direction", None) if found else None
    if known in ("up", "down"):
        return known
    word = re.sub(r"_\d+$", "", name).lower()
    return "up" if word.endswith(_UP) else "down" if word.endswith(_DOWN) else None


def _is_of(name, metric_name):
    """Whether `name` is a metric's in training or validation; `val_clean_auc` is the auc of one of several sets."""
    return name == metric_name or (name.startswith("val_") and name.endswith(f"_{metric_name}"))
