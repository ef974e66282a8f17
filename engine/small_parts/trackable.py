"""What TensorFlow asks an object for when it writes or reads its own kind of checkpoint: its parts, by name.

Here they are found by a walk when TensorFlow asks, and are stored nowhere. Values that were read before their variables were
made wait, and are assigned when these are.

TensorFlow first finds an object for each place in a file, then assigns values one by one. In between all must be compared, and
nothing that TensorFlow calls says what is being read. But an object that says it has no part of some name is given the place in
the file, for later. So each says it of its first part, looks at what is being read, and takes that part then.
"""

import weakref

import tensorflow as tf

_answers = {}  # of higher floors: functions by name
_compared = weakref.WeakSet()  # what is being read, and was looked at


def register(**functions):
    """`parts(owner)` and `serving(owner)` give {name: part}, the latter for a SavedModel alone.

    `compare(reading, bound)` raises a ValueError unless the objects {number in the file: object}, and all below them, fit.
    """
    _answers.update(functions)


def _answer(name, *arguments):
    return _answers[name](*arguments) if name in _answers else {}


class Trackable(tf.__internal__.tracking.Trackable):
    """Base of what may be given to `tf.train.Checkpoint` and `tf.saved_model.save`."""

    def _trackable_children(self, save_type="checkpoint", **_):
        if save_type == "savedmodel":
            return {**_answer("parts", self), **_answer("serving", self)}
        self._maybe_initialize_trackable()
        self._deferred_dependencies.has_seen_the_file = False
        return _answer("parts", self)

    def _maybe_initialize_trackable(self):
        if "_self_unconditional_deferred_dependencies" not in vars(self):
            super()._maybe_initialize_trackable()
            self._self_unconditional_deferred_dependencies = _Waiting(self)

    def _lookup_dependency(self, name, cached_dependencies=None):
        if cached_dependencies is None:
            return _answer("parts", self).get(name)
        return cached_dependencies.get(name) if self._deferred_dependencies.has_seen_the_file else None

    def __getstate__(self):
        """What goes into a copy: not what TensorFlow notes here about values that wait."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_self_")}

    def _restore_waiting(self):
        """Give new variables the values that wait for them."""
        waiting = vars(self).get("_self_unconditional_deferred_dependencies")
        if waiting:
            with tf.init_scope():
                found = {name: part for name, part in _answer("parts", self).items() if name in waiting}
                for name, part in found.items():
                    for place in waiting[name]:
                        _answer("compare", place.checkpoint, {place.proto_id: part})
                for name, part in found.items():
                    self._handle_deferred_dependencies(name, part)


class _Waiting(dict):
    """{name: places in a file} of parts that `owner` does not have yet."""

    has_seen_the_file = True

    def __init__(self, owner):
        super().__init__()
        self.owner = owner

    def setdefault(self, name, default=None):
        """The list for `name`; at first what looks at the file instead."""
        return super().setdefault(name, default) if self.has_seen_the_file else _First(self, name)


class _First:
    """What takes the first place that an object is given."""

    def __init__(self, waiting, name):
        self.waiting, self.name = waiting, name

    def append(self, place):
        """Compare all of the file, once, and take this part of it."""
        self.waiting.has_seen_the_file = True
        if place.checkpoint not in _compared:
            _compared.add(place.checkpoint)
            _answer("compare", place.checkpoint, dict(place.checkpoint.object_by_proto_id.items()))
        part = _answer("parts", self.waiting.owner).get(self.name)
        if part is None:
            self.waiting.setdefault(self.name, []).append(place)
        else:
            place.restore(part)
