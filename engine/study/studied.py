"""What a model can tell about itself: the methods of `Model` that only read."""

from engine.study.found import explain_trainable, why_tracked
from engine.study.inspect_step import inspect_step
from engine.study.notebook import fragment, section
from engine.study.summary import Summary


class Studied:
    """`summary`, `inspect_step`, `why_tracked` and `explain_trainable`."""

    def summary(self, print_fn=print):
        """Print the layers as a tree: paths, output shapes, parameters (frozen and shared ones marked), what a row costs.

        Goes to `print_fn` line by line. With `print_fn=None` nothing is printed, and the Summary is returned, which has the
        same as data.
        """
        found = Summary(self)
        if print_fn is None:
            return found
        for line in found.text().split("\n"):
            print_fn(line)
        return None

    def _repr_html_(self):
        """The summary, for a notebook; of a model that is not built yet, its layers."""
        try:
            return Summary(self)._repr_html_()
        except ValueError:  # not built
            rows = [(path, type(layer).__name__) for path, layer in self.named_layers() if path]
            return fragment(f"{self._title}, not built yet", section("", ("path", "class"), rows))

    def inspect_step(self, x, y=None, sample_weight=None):
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

    def why_tracked(self, variable):
        """Print every path by which `variable` is found in this model; returns the paths, none if it is not found."""
        return why_tracked(self, variable)

    def explain_trainable(self):
        """Print for each weight whether it is trained, and why; returns {path: reason}."""
        return explain_trainable(self)
