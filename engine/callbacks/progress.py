"""Progress of `fit`, `evaluate` and `predict`: a bar on a terminal and in a notebook, one line per epoch anywhere else."""

import sys
import time
import warnings

from engine.callbacks.base import Callback

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # in a notebook without ipywidgets the bar is one of text
    from tqdm.auto import tqdm

# What a line of the bar has, the first that leaves the metrics whole: the rate goes first, then the bar, then the time.
_FORMS = [
    "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]",
    "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
    "{desc}: {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
    "{desc}: {n_fmt}/{total_fmt}{postfix}",
]
_FORMS_OF_UNKNOWN_LENGTH = ["{desc}: {n_fmt} [{elapsed}, {rate_fmt}{postfix}]", "{desc}: {n_fmt} [{elapsed}{postfix}]", "{desc}: {n_fmt}{postfix}"]
_SHORTEST_BAR = 4
_WORTH_SAYING = 0.2  # a run that waits longer for its data is bound by them, and not by the computation


class ProgressBar(Callback):
    """A tqdm bar per epoch. `verbose`: 1 a bar, 2 one line per epoch, "auto" a bar on a terminal or in a notebook."""

    chief_only = True

    def __init__(self, verbose="auto"):
        is_terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
        is_notebook = type(sys.stdout).__module__.startswith("ipykernel")
        self.as_bar = is_terminal or is_notebook if verbose == "auto" else verbose == 1
        self.bar = None

    def on_epoch_begin(self, epoch, logs=None):
        self._open(f"Epoch {epoch + 1}/{self.params['epochs']}")

    def _open(self, title):
        self.title, self.started, self.steps = title, time.perf_counter(), 0
        if self.as_bar:
            self.bar = tqdm(total=self.params.get("steps"), desc=title, unit="step", file=sys.stdout, dynamic_ncols=True,
                            leave=True, mininterval=0.1)  # fmt: skip

    def on_train_chunk_end(self, step, logs=None):
        self._advance(step, self._text(logs))

    def _advance(self, step, text=""):
        self.steps = step
        if self.bar is not None:
            self._show(text)
            self.bar.update(step - self.bar.n)

    def _show(self, text, last=False):
        """Set the text of the bar, and what else there is room for; a running line of too many metrics leaves whole ones out."""
        bar, items = self.bar, text.split(", ")
        bar.set_postfix_str(text, refresh=False)
        width = bar.format_dict["ncols"]
        if not width or hasattr(bar, "container"):  # no terminal; a widget, which breaks lines
            return
        forms = _FORMS if bar.total else _FORMS_OF_UNKNOWN_LENGTH

        def fits():
            for form in forms:
                room = {**bar.format_dict, "n": bar.total or bar.n, "bar_format": form.replace("{bar}", " " * _SHORTEST_BAR), "ncols": None}
                if len(bar.format_meter(**room)) <= width:
                    bar.bar_format = form
                    return True
            return False

        while not fits():
            if last:  # nothing is written over it any more: it may take several lines
                bar.bar_format, bar.ncols, bar.dynamic_ncols = forms[-1], None, None
                return
            items.pop()
            bar.set_postfix_str(", ".join([*items, "..."]), refresh=False)
            if not items:
                return

    def on_epoch_end(self, epoch, logs=None):
        share = self.model.history.waiting[-1]
        self._finish(self._text(logs) + (f" - {share:.0%} of the time waiting for data" if share > _WORTH_SAYING else ""))

    def _finish(self, text=""):
        if self.bar is not None:
            self._show(text, last=True)
            self.bar.refresh()
            self.close()
        else:
            seconds = time.perf_counter() - self.started
            print(f"{self.title} - {self.steps} steps, {seconds:.1f}s" + (f" - {text}" if text else ""), flush=True)

    def _text(self, logs):
        shown = [*self.model.metrics_names, *self.model.optimizer.logs()]
        ends = tuple(f"_{name}" for name in shown)  # val_loss, or val_clean_loss of one set of several
        items = {name: value for name, value in (logs or {}).items()
                 if name in shown or name.startswith("val_") and name.endswith(ends)}  # fmt: skip
        return ", ".join(f"{name}={_number(value)}" for name, value in (items or logs or {}).items())

    def close(self):
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class ProgbarLogger(ProgressBar):
    """`ProgressBar` under Keras's name. `fit` shows one by itself, unless `verbose=0`; given one, it shows that alone.

    Arguments: `count_mode` ("steps"; older code's "samples" counts steps too), `stateful_metrics` (means are known anyway).
    """

    def __init__(self, count_mode="steps", stateful_metrics=None):
        if count_mode not in ("steps", "samples"):
            raise ValueError(f'ProgbarLogger: count_mode is "steps" or "samples", received {count_mode!r}.')
        super().__init__(verbose=1)


class EvaluationBar(ProgressBar):
    """The bar of `evaluate`."""

    def on_test_begin(self, logs=None):
        self._open("Evaluate")

    def on_test_chunk_end(self, step, logs=None):
        self.on_train_chunk_end(step, logs)

    def on_test_end(self, logs=None):
        self._finish(self._text(logs))


class PredictionBar(ProgressBar):
    """The bar of `predict`."""

    def on_predict_begin(self, logs=None):
        self._open("Predict")

    def on_predict_chunk_end(self, step, logs=None):
        self._advance(step)

    def on_predict_end(self, logs=None):
        self._finish()


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
