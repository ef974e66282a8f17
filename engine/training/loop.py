"""Many steps: `fit`, `evaluate` and `predict`, as epochs of chunks of compiled steps.

A chunk is as many steps as take a fifth of a second, so that the progress bar moves and
Ctrl-C is answered, and Python costs nothing in between. Where the chunks end changes no number.
"""

import time
import warnings

import numpy as np
import tensorflow as tf

from engine.training.pace import Pace
from engine.training.run import Run, StopRun


def pace_for(step, fixed=None):
    """A fixed pace, or the one that the step has found so far."""
    fixed = step.chunk or fixed
    return step.pace if fixed is None else Pace(fixed)


def fit(model, feed, callbacks, history, epochs, initial_epoch, validation, validation_freq, around):
    """Train `model` on `feed`; returns `history`, which is one of the callbacks.

    `validation` is None or the feed to validate on, `around` are wrappers for the steps of this fit.
    """
    # Whatever does not fit is refused before anything begins, and it is said how many steps will come.
    model.compiled_step("train", feed.spec, feed.plan(max(epochs - initial_epoch, 0)))
    check_labels(model, feed)
    if validation is not None:
        passes = _count_due(initial_epoch, epochs, validation_freq)
        model.compiled_step("test", validation.spec, validation.plan(passes))
    model.stop_training = False
    run = Run(model, feed, callbacks.callbacks, validation, initial_epoch)
    fixed = model.steps_per_execution if callbacks.wants_batches or model.steps_per_execution > 1 else None
    before = list(model.around_step)
    try:
        for wrapper in around:
            wrapper.begin(feed)
        model.around_step.extend(around)
        callbacks.on_train_begin()
        model.history = history
        callbacks.resume(run)
        while run.epoch < epochs and (run.step or not model.stop_training):
            callbacks.on_epoch_begin(run.epoch)
            if run.step:
                callbacks.resume(run)  # once more: what the beginning of this epoch did has been done before
            began, waited = time.perf_counter(), feed.waited
            logs = _epoch(run, fixed, callbacks)
            history.waiting.append((feed.waited - waited) / (time.perf_counter() - began))
            if validation is not None and _is_due(run.epoch + 1, validation_freq):
                logs.update({f"val_{name}": value for name, value in evaluate(model, validation, callbacks).items()})
            callbacks.on_epoch_end(run.epoch, logs)
            run.epoch, run.step, run.logs = run.epoch + 1, 0, {}
            callbacks.on_epoch_saved(run.epoch)
            callbacks.on_safe_point()
    except StopRun as stop:
        history.signal = stop.signal
        return history
    finally:
        model.around_step[:] = before
        callbacks.close()
    callbacks.on_train_end()
    return history


def _is_due(epoch, frequency):
    return epoch in frequency if isinstance(frequency, (list, tuple, set)) else epoch % frequency == 0


def _count_due(first, last, frequency):
    """How many of the epochs from `first` until before `last` are followed by a validation."""
    if isinstance(frequency, (list, tuple, set)):
        return sum(first < epoch <= last for epoch in set(frequency))
    return max(last // frequency - first // frequency, 0)


def _epoch(run, fixed, callbacks):
    """The steps of an epoch, or those that a resumed run has left of it; returns the logs."""
    model, feed = run.model, run.feed
    stops = [callback.every_steps for callback in run.callbacks if callback.every_steps]
    if any(wrapper.asks_for_batches for wrapper in model.around_step) and not feed.keeps_batches:
        stops.append(1)  # a batch of a stream is gone after the chunk
    feed.start(run.epoch, run.step)
    if not run.step:
        model.reset_metrics()
    while (feed.steps is None or run.step < feed.steps) and not model.stop_training:
        callbacks.on_train_batch_begin(run.step)
        step = model.compiled_step("train", feed.spec)  # anew where a callback froze or replaced something
        pace = pace_for(step, fixed)
        started = time.perf_counter()
        found, ran = feed.run(step, min([pace.steps, *(every - run.total % every for every in stops)]))
        if ran == 0:
            break
        for wrapper in model.around_step:
            wrapper.look(run)
        logs = {**to_numbers(found), **model.optimizer.logs()}
        pace.measured(ran, time.perf_counter() - started)
        run.step, run.total, run.logs = run.step + ran, run.total + ran, logs
        callbacks.on_train_batch_end(run.step - 1, logs)
        callbacks.on_train_chunk_end(run.step, logs)
        callbacks.on_safe_point()
    model.optimizer_flush()
    if run.step == 0 and not model.stop_training:
        raise ValueError("The data gave no batches in this epoch. A generator can be used up only once.")
    if feed.steps is not None and run.step < feed.steps and not model.stop_training:
        warnings.warn(f"The data ended after {run.step} of {feed.steps} steps; make them repeat, or ask for fewer.",
                      stacklevel=4)  # fmt: skip
    return dict(run.logs) or to_numbers(model.metric_results())


def evaluate(model, feed, callbacks):
    """The metrics of `model` over one pass of `feed`, by name."""
    model.compiled_step("test", feed.spec, feed.plan(1))
    check_labels(model, feed)
    model.reset_metrics()
    callbacks.on_test_begin()
    feed.start(0)
    done, logs = 0, {}
    while feed.steps is None or done < feed.steps:
        callbacks.on_test_batch_begin(done)
        step = model.compiled_step("test", feed.spec)
        pace = pace_for(step, 1 if callbacks.wants_test_batches else None)
        started = time.perf_counter()
        found, ran = feed.run(step, pace.steps)
        if ran == 0:
            break
        logs = to_numbers(found)
        pace.measured(ran, time.perf_counter() - started)
        done += ran
        callbacks.on_test_batch_end(done - 1, logs)
        callbacks.on_test_chunk_end(done, logs)
    if done == 0:
        raise ValueError("The data to evaluate on gave no batches. A generator can be used up only once.")
    callbacks.on_test_end(logs)
    for wrapper in model.around_step:
        wrapper.finished(feed, logs)
    return logs


def predict(model, feed, callbacks):
    """The outputs of `model` for all rows of `feed`, as NumPy arrays."""
    step = model.compiled_step("predict", feed.spec, feed.plan(1))
    callbacks.on_predict_begin()
    feed.start(0)
    parts = []
    for index, batch in enumerate(feed.batches()):
        callbacks.on_predict_batch_begin(index)
        parts.append(step.on_batch(batch, feed.size))
        callbacks.on_predict_batch_end(index, {"outputs": parts[-1]})
    callbacks.on_predict_end()
    outputs = tf.nest.map_structure(lambda *pieces: _joined([piece.numpy() for piece in pieces]), *parts)
    for wrapper in model.around_step:
        wrapper.finished(feed, outputs)
    return outputs


def _joined(pieces):
    if len(pieces) > 1 and pieces[0].ndim == 0:
        raise ValueError("The model gives a single number for each batch; predict() needs a row for each row. Use predict_on_batch().")
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def to_numbers(logs):
    """Logs as Python numbers; a metric with one value per class stays an array."""
    if not isinstance(logs, dict):
        logs = {"loss": logs}
    return {
        name: (float(value) if np.ndim(value) == 0 else np.asarray(value)) for name, value in logs.items()
    }


def check_labels(model, feed):
    """Refuse class numbers out of range before training: compiled code could only turn them into NaN."""
    if model.compiled_loss is not None and feed.targets is not None:
        model.compiled_loss.check_labels(feed.targets)
