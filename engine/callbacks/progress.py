"""Progress of `fit`, `evaluate` and `predict`: a bar on a terminal, one line per epoch anywhere else."""

import sys
import time

from tqdm import tqdm

from engine.callbacks.base import Callback

_WORTH_SAYING = 0.2  # a run that waits longer for its data is bound by them, and not by the computation


class ProgressBar(Callback):
    """A tqdm bar per epoch. `verbose`: 1 a bar, 2 one line per epoch, "auto" a bar if the output is a terminal."""

    chief_only = True

    def __init__(self, verbose="auto"):
        is_terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
        self.as_bar = is_terminal if verbose == "auto" else verbose == 1
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
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(step - self.bar.n)

    def on_epoch_end(self, epoch, logs=None):
        share = self.model.history.waiting[-1]
        self._finish(self._text(logs) + (f" - {share:.0%} of the time waiting for data" if share > _WORTH_SAYING else ""))

    def _finish(self, text=""):
        if self.bar is not None:
            self.bar.set_postfix_str(text)
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

    def on_predict_batch_end(self, batch, logs=None):
        self._advance(batch + 1)

    def on_predict_end(self, logs=None):
        self._finish()


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
