"""Many steps: `fit`, `evaluate` and `predict`, as epochs of chunks of compiled steps.

A chunk is as many steps as take a fifth of a second, so that the progress bar moves and
Ctrl-C is answered, and Python costs nothing in between. Where the chunks end changes no number.
"""

import time

import tensorflow as tf

from engine.small_parts.arrays import joined, to_numbers
from engine.small_parts.pace import pace_for
from engine.small_parts.run import Run, StopRun


def fit(model, feed, callbacks, history, epochs, validation, initial_epoch=0, around=()):
    """Train `model` on `feed`; returns `history`, which is one of the callbacks.

    `validation` has the feeds to validate on (engine/data/validation.py), `around` are wrappers for the steps of this fit.
    """
    # Whatever does not fit is refused before anything begins, and it is said how many steps will come.
    model._prepare("train", feed, max(epochs - initial_epoch, 0))
    validation.prepare(feed, initial_epoch, epochs)
    model.stop_training = False
    run = Run(model, feed, callbacks.callbacks, validation.feeds, initial_epoch)
    fixed = model.steps_per_execution if callbacks.wants_batches or model.steps_per_execution > 1 else None
    before, logs = list(model.around_step), {}
    try:
        for wrapper in around:
            wrapper.begin(feed)
        model.around_step.extend(around)
        callbacks.begin(run)
        model.history = history
        while run.epoch < epochs and (run.step or not model.stop_training):
            callbacks.on_epoch_begin(run.epoch)
            if run.step:
                callbacks.on_resume(run)  # once more: what the beginning of this epoch did has been done before
            began, waited = time.perf_counter(), feed.waited
            with model._pass(goes_on=run.step > 0) as turn:
                logs = _epoch(run, fixed, callbacks, turn)
            history.waiting.append((feed.waited - waited) / (time.perf_counter() - began))
            for prefix, data in validation.due(run.epoch + 1):
                logs.update({f"{prefix}{name}": value for name, value in evaluate(model, data, callbacks).items()})
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
    if epochs:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)
    return history


def _epoch(run, fixed, callbacks, turn):
    """The steps of an epoch, or those that a resumed run has left of it; returns the logs."""
    model, feed = run.model, run.feed
    stops = [each.every_steps for each in run.callbacks if isinstance(each.every_steps, int) and each.every_steps > 0]
    if any(wrapper.asks_for_batches for wrapper in model.around_step) and not feed.keeps_batches:
        stops.append(1)  # a batch of a stream is gone after the chunk
    feed.start(run.epoch, run.step)
    while (feed.steps is None or run.step < feed.steps) and not model.stop_training:
        callbacks.on_train_batch_begin(run.step)
        step = model.compiled_step("train", feed.spec)  # anew where a callback froze or replaced something
        pace = pace_for(step, fixed)
        started = time.perf_counter()
        with turn():
            found, ran = feed.run(step, min([pace.steps, *(every - run.total % every for every in stops)]))
            logs = to_numbers(found) if ran else {}
        if ran == 0:
            break
        for wrapper in model.around_step:
            wrapper.look(run)
        logs.update(model.optimizer.logs())
        pace.measured(ran, time.perf_counter() - started)
        run.step, run.total, run.logs = run.step + ran, run.total + ran, logs
        callbacks.on_train_batch_end(run.step - 1, logs)
        callbacks.on_train_chunk_end(run.step, logs)
        with turn():  # what is written down are the sums of this epoch
            callbacks.on_safe_point()
    model.optimizer.flush()
    if not model.stop_training:
        feed.check_end(run.step)
    return dict(run.logs) or to_numbers(model.get_metrics_result())


def evaluate(model, feed, callbacks):
    """The metrics of `model` over one pass of `feed`, by name."""
    model._prepare("test", feed, passes=1)
    with model._pass() as turn:
        return _evaluate(model, feed, callbacks, turn)


def _evaluate(model, feed, callbacks, turn):
    callbacks.on_test_begin()
    feed.start(0)
    done, logs = 0, {}
    while feed.steps is None or done < feed.steps:
        callbacks.on_test_batch_begin(done)
        step = model.compiled_step("test", feed.spec)
        pace = pace_for(step, 1 if callbacks.wants_test_batches else None)
        started = time.perf_counter()
        with turn():
            found, ran = feed.run(step, pace.steps)
            logs = to_numbers(found) if ran else logs
        if ran == 0:
            break
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
    step = model._prepare("predict", feed, passes=1)
    callbacks.on_predict_begin()
    feed.start(0)
    parts, done = [], 0
    for count, outputs in feed.pieces(step, singly=callbacks.wants_predict_batches):
        callbacks.on_predict_batch_begin(done)
        parts.append(outputs())
        done += count
        callbacks.on_predict_batch_end(done - 1, {"outputs": parts[-1]})
        callbacks.on_predict_chunk_end(done)
    callbacks.on_predict_end()
    outputs = tf.nest.map_structure(joined, *parts)
    for wrapper in model.around_step:
        wrapper.finished(feed, outputs)
    return outputs
