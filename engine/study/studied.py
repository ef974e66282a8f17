"""What a model can tell about itself: the methods of `Model` that only read."""

from collections.abc import Callable

import tensorflow as tf

from engine import hints
from engine.study.found import explain_trainable, why_tracked
from engine.study.inspect_step import Step, inspect_step
from engine.study.summary import Summary


class Studied:
    """`summary`, `inspect_step`, `why_tracked` and `explain_trainable`."""

    def summary(self, print_fn: Callable[[str], object] | None = print) -> Summary:
        """The layers as a tree: paths, output shapes, parameters (frozen and shared ones marked), what a row costs.

        Goes to `print_fn` (None: nowhere) line by line; returns the Summary, which has the same as data.
        """
        found = Summary(self)
        if print_fn is not None:
            for line in found.text().split("\n"):
                print_fn(line)
        return found

    def inspect_step(self, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None) -> Step:
        """One training step on these rows, looked into and then undone: a `Step` to print or to write as a page.

        >>> import numpy as np
        >>> from engine import Sequential
        >>> from layers import Dense
        >>> model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> step = model.inspect_step(np.ones((5, 3)), np.ones((5, 2)))
        >>> [weight.path for weight in step.weights]
        ['layers.0.kernel', 'layers.0.bias', 'layers.1.kernel', 'layers.1.bias']
        """
        return inspect_step(self, x, y, sample_weight)

    def why_tracked(self, variable: tf.Variable) -> list[str]:
        """Print every path by which `variable` is found in this model; returns the paths, none if it is not found."""
        return why_tracked(self, variable)

    def explain_trainable(self) -> dict[str, str]:
        """Print for each weight whether it is trained, and why; returns {path: reason}."""
        return explain_trainable(self)
