"""What a model can tell about itself: the methods of `Model` that only read."""

from collections.abc import Callable

import tensorflow as tf

from engine import hints, spellings
from engine.study.found import explain_trainable, why_tracked
from engine.study.inspect_step import Step, inspect_step
from engine.study.notebook import fragment, section
from engine.study.summary import Summary
from engine.study.walk import Walk, walk_step
from engine.unbuilt import build_known, waiting


class Studied:
    """`summary`, `count_params`, `inspect_step`, `walk_step`, `why_tracked` and `explain_trainable`."""

    @spellings.passes_over("expand_nested", "layer_range", "positions", "show_trainable")
    def summary(self, line_length: int | None = None, print_fn: Callable[[str], object] | None = print) -> Summary | None:
        """Print the layers as a tree: paths, output shapes, parameters (frozen and shared ones marked), what a row costs.

        At most `line_length` characters wide (None: as the terminal is); goes to `print_fn` line by line. With `print_fn=None`
        nothing is printed, and the Summary is returned, which has the same as data. Of what is not built, the shapes that are
        known are shown.
        """
        found = Summary(self)
        if print_fn is None:
            return found
        for line in found.text(line_length).split("\n"):
            print_fn(line)
        return None

    def _repr_html_(self):
        """The summary, for a notebook; of a model that is not built yet, its layers."""
        try:
            return Summary(self)._repr_html_()
        except ValueError:  # not built
            rows = [(path, type(layer).__name__) for path, layer in self.named_layers() if path]
            return fragment(f"{self._title}, not built yet", section("", ("path", "class"), rows))

    def count_params(self) -> int:
        """The number of scalars in `weights`; a weight that two layers share counts once."""
        build_known(self)
        if not self.built and (left := waiting(self)):
            raise ValueError(f"{self._title} is not built and has no weights to count in {left[:5]}. Call it on data once first.")
        return super().count_params()

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

    def walk_step(self, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None) -> Walk:
        """One training step on these rows, walked line by line through the engine's own source, and then undone: a `Walk`.

        Print it for an outline; `to_html(path)` writes the page to walk along.

        >>> import numpy as np
        >>> from engine import Sequential
        >>> from layers import Dense
        >>> model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> walk = model.walk_step(np.ones((5, 3)), np.ones((5, 2)))
        >>> walk.frames[0].function, [weight.path for weight in walk.weights]
        ('TrainingStep.train_step', ['layers.0.kernel', 'layers.0.bias', 'layers.1.kernel', 'layers.1.bias'])
        """
        return walk_step(self, x, y, sample_weight)

    def why_tracked(self, variable: tf.Variable) -> list[str]:
        """Print every path by which `variable` is found in this model; returns the paths, none if it is not found."""
        return why_tracked(self, variable)

    def explain_trainable(self) -> dict[str, str]:
        """Print for each weight whether it is trained, and why; returns {path: reason}."""
        return explain_trainable(self)
