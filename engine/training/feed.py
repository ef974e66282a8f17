"""Where batches come from: arrays that stay on the device, a tf.data pipeline, or a Python generator.

Each feed knows its batch's `spec` (rows unknown), starts epochs, and runs a compiled step on its next batches:

    feed.start(epoch);  logs, ran = feed.run(step, count)     # ran < count: the data are at their end
"""

import warnings

import numpy as np
import tensorflow as tf

from engine import random


def make_feed(model, x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, steps=None):
    """The feed for what `fit`, `evaluate` or `predict` was given."""
    prepare = Preparation(model, class_weight)
    if _is_array_like(x):
        return ArrayFeed(prepare, x, y, sample_weight, 32 if batch_size is None else batch_size, shuffle, steps)
    if y is not None or sample_weight is not None:
        raise ValueError(f"A {type(x).__name__} gives batches (x, y, sample_weight) itself; do not pass y or sample_weight.")
    if isinstance(x, tf.data.Dataset):
        if batch_size is not None:
            raise ValueError("A tf.data.Dataset is batched already; do not pass batch_size. Use dataset.batch(size).")
        return DatasetFeed(prepare, x, steps)
    return PythonFeed(prepare, x, steps)


def _is_array_like(x):
    if isinstance(x, tf.data.Dataset) or hasattr(x, "__next__"):
        return False
    sequence = hasattr(x, "__getitem__") and hasattr(x, "__len__") and not hasattr(x, "shape")
    return isinstance(x, (list, tuple, dict, int, float)) or not sequence


class Preparation:
    """What is done to every batch: one-dimensional inputs become a column, class weights become sample weights."""

    def __init__(self, model, class_weight=None):
        self.dtype = tf.as_dtype(model.variable_dtype)
        self.wants_rank_1 = [symbol.shape.rank == 1 for symbol in model.input_symbols()]
        self.table = _class_weight_table(class_weight)

    def __call__(self, data):
        if isinstance(data, list):
            data = tuple(data)
        if not isinstance(data, tuple):
            return self.inputs(data)
        x, y, sample_weight = (*data, None, None)[:3]
        x = self.inputs(x)
        if self.table is not None:
            sample_weight = self.class_weights(y, sample_weight)
        return (x, y, sample_weight)[: 3 if sample_weight is not None else len(data)]

    def inputs(self, x):
        items = tf.nest.flatten(x)
        as_rank_1 = self.wants_rank_1 if len(self.wants_rank_1) == len(items) else [False] * len(items)
        items = [
            item[:, tf.newaxis] if isinstance(item, tf.Tensor) and item.shape.rank == 1 and not keep else item
            for item, keep in zip(items, as_rank_1)
        ]
        return tf.nest.pack_sequence_as(x, items)

    def class_weights(self, y, sample_weight):
        if y is None or tf.nest.is_nested(y):
            raise ValueError("class_weight needs one output with class labels y. Use sample_weight for several outputs.")
        one_hot = y.shape.rank is not None and y.shape.rank > 1 and y.shape[-1] != 1
        classes = tf.argmax(y, -1) if one_hot else tf.cast(y, tf.int64)
        classes = tf.squeeze(classes, -1) if not one_hot and y.shape.rank and y.shape.rank > 1 else classes
        size = self.table.shape[0]
        known = tf.clip_by_value(classes, 0, size - 1)
        weight = tf.where(classes < size, tf.gather(tf.cast(self.table, self.dtype), known), tf.ones([], self.dtype))
        return weight if sample_weight is None else weight * tf.cast(sample_weight, self.dtype)

    def array(self, item):
        """A tensor from an array, a list, a data frame; floats in the model's dtype."""
        if item is None or isinstance(item, (tf.SparseTensor, tf.RaggedTensor)):
            return item
        if hasattr(item, "to_numpy"):
            item = item.to_numpy()
        try:
            tensor = tf.convert_to_tensor(item)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"Data must be numbers in rows of equal length; received {type(item).__name__} that TensorFlow cannot "
                f"convert ({error}). Pad the rows, or pass a tf.data.Dataset."
            ) from None
        return tf.cast(tensor, self.dtype) if tensor.dtype.is_floating else tensor


def _class_weight_table(class_weight):
    if class_weight is None:
        return None
    if not isinstance(class_weight, dict) or not all(isinstance(k, (int, np.integer)) and k >= 0 for k in class_weight):
        raise ValueError(f"class_weight is a dict {{class number: weight}}; received {class_weight!r}.")
    table = np.ones(max(class_weight) + 1)
    for label, weight in class_weight.items():
        table[label] = weight
    return table


def pack(x, y, sample_weight):
    """x, y and sample weights as one batch: alone, x stays as it is."""
    if sample_weight is not None:
        return (x, y, sample_weight)
    if y is not None:
        return (x, y)
    return (x,) if isinstance(x, (tuple, list)) else x


def relax(structure):
    """The specs of a batch, with the number of rows left open."""

    def leaf(item):
        spec = item if isinstance(item, tf.TypeSpec) else tf.type_spec_from_value(item)
        if isinstance(spec, tf.TensorSpec) and spec.shape.rank:
            return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype)
        return spec

    return tf.nest.map_structure(leaf, structure)


class ArrayFeed:
    """Arrays, converted once; each epoch is an order of row numbers, gathered batch by batch inside the compiled loop."""

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        data = tuple(_to_arrays(prepare, item) for item in (x, y, sample_weight))
        self.rows = _common_rows(data)
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, received {batch_size!r}.")
        self.data = prepare(pack(*data))
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = random.draw_seed() if shuffle else None
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.steps = self.full + bool(self.rest)
        if steps is not None and steps > self.steps:
            warnings.warn(f"{self.rows} rows make {self.steps} batches of {batch_size}, fewer than the {steps} steps "
                          "asked for; an epoch ends with the data.", stacklevel=4)  # fmt: skip
        self.steps = min(steps or self.steps, self.steps)
        self.spec = relax(self.data)
        self._order = None

    @property
    def targets(self):
        """The labels, as they are in memory."""
        return self.data[1] if isinstance(self.data, tuple) and len(self.data) > 1 else None

    def start(self, epoch):
        """Go to the first batch of an epoch; shuffled, its order depends on the seed and the epoch's number alone."""
        self.position = 0
        if self.seed is None and self._order is not None:
            return
        order = np.arange(self.rows, dtype=np.int32)
        if self.seed is not None:
            order = np.random.Generator(np.random.Philox(key=[self.seed, epoch])).permutation(order)
        whole = self.full * self.batch_size
        self._order = tf.constant(order[:whole].reshape(self.full, self.batch_size))
        self._tail = tf.constant(order[whole:].reshape(1, self.rest)) if self.rest else None

    def run(self, step, count):
        if self.position < self.full:
            stop = min(self.position + count, self.full, self.steps)
            logs = step.on_rows(self.data, self._order, self.position, stop)
        else:
            stop = self.position + 1
            logs = step.on_rows(self.data, self._tail, 0, 1)
        ran, self.position = stop - self.position, stop
        return logs, ran

    def batches(self):
        """The batches of an epoch one by one, as tensors."""
        while self.position < self.steps:
            start = self.position * self.batch_size
            rows = slice(start, min(start + self.batch_size, self.rows))
            order = self._order if self.position < self.full else self._tail
            row = self.position if self.position < self.full else 0
            self.position += 1
            if self.seed is None:
                yield tf.nest.map_structure(lambda array: array[rows], self.data)  # noqa: B023
            else:
                yield tf.nest.map_structure(lambda array: tf.gather(array, order[row]), self.data)  # noqa: B023


def _to_arrays(prepare, item):
    if item is None:
        return None
    if isinstance(item, dict):
        return {key: _to_arrays(prepare, value) for key, value in item.items()}
    if isinstance(item, (list, tuple)) and any(
        isinstance(part, dict) or (hasattr(part, "shape") and len(part.shape)) for part in item
    ):
        parts = [_to_arrays(prepare, part) for part in item]
        return parts[0] if len(parts) == 1 else type(item)(parts)
    return prepare.array(item)


def _common_rows(data):
    sizes = {}
    for name, item in zip(("x", "y", "sample_weight"), data):
        for tensor in tf.nest.flatten(item):
            if tensor is not None:
                if tensor.shape.rank == 0:
                    raise ValueError(f"`{name}` is a single number; expected arrays with one row per sample.")
                sizes.setdefault(name, set()).add(int(tensor.shape[0]))
    every = set().union(*sizes.values()) if sizes else {0}
    if len(every) > 1:
        found = ", ".join(f"{name}: {' and '.join(map(str, sorted(size)))}" for name, size in sizes.items())
        raise ValueError(f"All data must have the same number of rows, received {found}. Give one label for each row.")
    if every == {0}:
        raise ValueError("The data are empty: x has no rows.")
    return every.pop()


class DatasetFeed:
    """A tf.data pipeline, iterated inside the compiled loop."""

    def __init__(self, prepare, dataset, steps):
        self.dataset = dataset.map(lambda *items: prepare(items if len(items) > 1 else items[0]))
        size = int(dataset.cardinality())
        if size == 0:
            raise ValueError("The dataset is empty: it gives no batches.")
        self.endless = size == tf.data.INFINITE_CARDINALITY
        if self.endless and steps is None:
            raise ValueError("An endless dataset needs steps_per_epoch= (or steps=), the number of batches in an epoch.")
        self.steps = steps if steps is not None else size if size > 0 else None
        self.limited = steps is not None
        self.spec = relax(self.dataset.element_spec)
        self.iterator = None

    def start(self, epoch):
        if self.iterator is None or not self.limited:
            self.iterator = iter(self.dataset)
        self.position = 0

    def run(self, step, count):
        if self.steps is not None:
            count = min(count, self.steps - self.position)
        if count == 1:  # also the first step of all: should XLA refuse it, the batch is still in hand
            batch = next(self.iterator, None)
            logs, ran = (None, 0) if batch is None else (step.on_batch(batch), 1)
        else:
            logs, ran = step.on_iterator(self.iterator, count)
            ran = int(ran)
        self.position += ran
        if ran < count:
            self.iterator = None
        return logs, ran

    def batches(self):
        while self.steps is None or self.position < self.steps:
            batch = self.iterator.get_next_as_optional()
            if not batch.has_value():
                self.iterator = None
                return
            self.position += 1
            yield batch.get_value()


class PythonFeed:
    """Batches from a generator, an iterator, or an object with `__len__` and `__getitem__`."""

    def __init__(self, prepare, source, steps):
        self.prepare, self.source = prepare, source
        self.is_sequence = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.steps = steps if steps is not None else len(source) if self.is_sequence else None
        if self.steps == 0:
            raise ValueError(f"The {type(source).__name__} is empty: it gives no batches.")
        self.limited = steps is not None
        self.iterator, self._ahead = None, []
        self.start(0)
        first = next(self._source_batches(), None)
        if first is None:
            raise ValueError(f"The {type(source).__name__} gave no batches. A generator can be used up only once.")
        self._ahead = [first]  # looked at for its spec, and kept for the first step
        self.spec = relax(first)

    def start(self, epoch):
        self.position = 0
        if self.iterator is None or self.is_sequence and not self._ahead:
            batches = (self.source[i] for i in range(len(self.source))) if self.is_sequence else self.source
            self.iterator = iter(batches)

    def _source_batches(self):
        for data in self.iterator:
            data = tuple(data) if isinstance(data, list) else data
            yield self.prepare(tf.nest.map_structure(self.prepare.array, data))

    def batches(self):
        source = self._source_batches()
        while self.steps is None or self.position < self.steps:
            batch = self._ahead.pop() if self._ahead else next(source, None)
            if batch is None:
                self.iterator = None if self.is_sequence else self.iterator
                return
            self.position += 1
            yield batch

    def run(self, step, count):
        logs, ran = None, 0
        for batch in self.batches():
            logs, ran = step.on_batch(batch), ran + 1
            if ran == count:
                break
        return logs, ran
