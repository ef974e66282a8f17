"""Logs for TensorBoard, written by TensorFlow's own writer."""

import importlib.util
import os
import time

import tensorflow as tf

from engine import spellings
from engine.callbacks.base import Callback
from engine.callbacks.projector import Projector
from engine.small_parts.batch import unpack
from engine.unchanged import unchanged
from losses.ground import whole


class TensorBoard(Callback):
    """Scalars of each epoch, histograms of weights and gradients, and the graph of the training step.

    Look at them with `tensorboard --logdir logs`. Training and validation go to the subfolders `train` and
    `validation`; a scalar of validation has the name of the same scalar of training.

    Arguments: `log_dir`; `histogram_freq` (every so many epochs; 0: none; gradients are those of one batch,
    and left out under a `tf.distribute` strategy); `write_graph`; `write_steps_per_second` (a scalar of each epoch);
    `update_freq` ("epoch", or "batch" or a number of batches for scalars in between); `profile_batch` (a batch, or the
    first and the last of several, of the first epoch, counted from 1, that TensorFlow's profiler watches; 0: none); `embeddings_freq` (every so many epochs, from the first on, the tables of Embedding
    layers for the projector; 0: none) and `embeddings_metadata` (a file with a label for each row, or {layer: file}).

    >>> from engine.callbacks import TensorBoard
    >>> callback = TensorBoard("logs/first", histogram_freq=1)
    """

    chief_only = True
    profiling = False
    done = 0  # steps of this epoch

    @spellings.passes_over("batch_size", "embeddings_data", "embeddings_layer_names", "write_grads", "write_images")
    def __init__(self, log_dir="logs", histogram_freq=0, write_graph=True, write_steps_per_second=False, update_freq="epoch",
                 profile_batch=0, embeddings_freq=0, embeddings_metadata=None):  # fmt: skip
        if update_freq not in ("epoch", "batch") and not (isinstance(update_freq, int) and update_freq > 0):
            raise ValueError(
                f'TensorBoard: update_freq is "epoch", "batch" or a number of batches, received {update_freq!r}.'
            )
        self.log_dir, self.write_steps_per_second = os.fspath(log_dir), write_steps_per_second
        self.profiled = _batches(profile_batch)
        self.histogram_freq, self.write_graph, self.update_freq = histogram_freq, write_graph, update_freq
        self.embeddings_freq, self.embeddings_metadata = embeddings_freq, embeddings_metadata
        self.writers, self.projector = {}, None
        self.every = 1 if update_freq == "batch" else update_freq
        if update_freq != "epoch":  # only then is every batch of interest
            self.on_train_batch_end = self._write_batch
        if self.profiled:
            self.on_train_batch_begin = self._profile
        self.steps = self.batch = 0  # of the run, and of this epoch

    def _writer(self, name):
        if name not in self.writers:
            if importlib.util.find_spec("tensorboard") is None:
                raise ImportError("TensorBoard logs are written with the package tensorboard: pip install tensorboard")
            self.writers[name] = tf.summary.create_file_writer(os.path.join(self.log_dir, name))
        return self.writers[name]

    def on_ready(self, run):
        self.run, self.projector = run, None
        if self.write_graph and not self.model.run_eagerly:
            with self._writer("train").as_default():
                tf.summary.graph(self.model.compiled_step("train", run.feed.spec).step.graph)

    def on_epoch_begin(self, epoch, logs=None):
        self.batch, self.began = 0, time.perf_counter()

    def on_train_chunk_end(self, step, logs=None):
        self.done = step

    def _profile(self, batch, logs=None):
        if self.profiled and batch + 1 == self.profiled[0]:
            tf.profiler.experimental.start(self.log_dir)
            self.profiling = True
        elif self.profiling and batch + 1 > self.profiled[1]:
            self._end_profile()

    def _end_profile(self):
        if self.profiling:
            tf.profiler.experimental.stop()
            self.profiling, self.profiled = False, None

    def _write_batch(self, batch, logs=None):
        before = self.steps
        self.steps += batch + 1 - self.batch  # several, if one call makes several steps
        self.batch = batch + 1
        if self.steps // self.every > before // self.every:
            with self._writer("train").as_default():
                for name, value in (logs or {}).items():
                    tf.summary.scalar(f"batch_{name}", tf.reduce_mean(value), step=self.steps)

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            folder = "validation" if name.startswith("val_") else "train"
            with self._writer(folder).as_default():
                tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", tf.reduce_mean(value), step=epoch)
        if self.write_steps_per_second:
            with self._writer("train").as_default():
                tf.summary.scalar("epoch_steps_per_second", self.done / (time.perf_counter() - self.began), step=epoch)
        self._end_profile()
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            with self._writer("train").as_default():
                self._write_histograms(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self.projector = self.projector or Projector(self.model, self.log_dir, self.embeddings_metadata)
            self.projector.write(epoch)
        for writer in self.writers.values():
            writer.flush()

    def _write_histograms(self, epoch):
        for path, variable, _ in self.model.named_weights():
            tf.summary.histogram(f"weights/{path}", variable, step=epoch)
        if whole.group.exists():
            return  # gradients would need the other devices
        paths = {id(weight.variable): weight.path for weight in self.model.named_weights()}
        with unchanged(self.model):
            _, _, gradients = self.model.step_gradients(*unpack(self.run.feed.example()))
        for gradient, variable in gradients:
            tf.summary.histogram(f"gradients/{paths[id(variable)]}", tf.convert_to_tensor(gradient), step=epoch)

    def get_state(self):
        return {"steps": self.steps, "batch": self.batch}

    def set_state(self, state):
        self.steps, self.batch = state["steps"], state["batch"]

    def close(self):
        self._end_profile()
        for writer in self.writers.values():
            writer.close()
        self.writers = {}


def _batches(given):
    """The first and the last batch to watch: of a number, a pair or older code's "10, 20"; None of 0."""
    numbers = [int(text) for text in given.split(",")] if isinstance(given, str) else tf.nest.flatten(given)
    if not all(isinstance(number, int) and number >= 0 for number in numbers) or not 1 <= len(numbers) <= 2:
        raise ValueError(f"TensorBoard: profile_batch is the number of a batch or a pair of them, received {given!r}.")
    return (numbers[0], numbers[-1]) if all(numbers) else None
