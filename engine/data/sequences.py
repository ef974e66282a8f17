"""Batches that are asked for by number: `PyDataset`, and anything like it; made ahead by threads if it wants `workers`."""

import collections
from collections.abc import Sized
from concurrent.futures import ThreadPoolExecutor


class PyDataset:
    """Batches by number, for data that Python makes: `len(data)` of them (without an end, if there is no `__len__`).

    Any object with `__len__` and `__getitem__` will do as well. With `workers` > 1 so many threads make batches ahead, at
    most `max_queue_size`; they arrive in order. `use_multiprocessing` is taken for Keras's sake: they are always threads.

    >>> import numpy as np
    >>> from engine.data import PyDataset
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.arange(4.0)[:, None] + 4 * index
    ...         return x, x**2
    >>> data = Squares(workers=2)
    >>> len(data), data[1][0].ravel().tolist()
    (3, [4.0, 5.0, 6.0, 7.0])
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__(). Define it: the batch of that number.")

    def on_epoch_begin(self):
        """Before each pass over the data."""

    def on_epoch_end(self):
        """After each pass over the data: the time to shuffle them."""


def length(source):
    """The number of batches in a pass over `source`, None where it is not known."""
    if isinstance(source, Sized):
        return len(source)
    known = getattr(source, "num_batches", None) if hasattr(source, "__getitem__") else None
    return known if isinstance(known, int) else None


def by_number(source, count):
    """The batches 0 to `count - 1` of `source`, in order, made ahead by as many threads as it has `workers`."""
    workers = getattr(source, "workers", None) or 1
    if not isinstance(workers, int) or workers <= 1:
        yield from (source[index] for index in range(count))
        return
    ahead = max(getattr(source, "max_queue_size", None) or 10, 1)
    pool, waiting = ThreadPoolExecutor(workers), collections.deque()
    try:
        for index in range(count):
            waiting.append(pool.submit(source.__getitem__, index))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
