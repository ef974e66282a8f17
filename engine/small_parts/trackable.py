"""What TensorFlow asks an object for when it writes or reads its own kind of checkpoint: its parts, by name.

Here they are found by a walk when TensorFlow asks, and are stored nowhere. Values that were read before their variables were
made wait, and are assigned when these are.
"""

import tensorflow as tf

_walk = []  # the function that finds the parts; on a higher floor


def register(parts):
    """`parts(owner, save_type)` gives {name: part}."""
    _walk[:] = [parts]


class Trackable(tf.__internal__.tracking.Trackable):
    """Base of what may be given to `tf.train.Checkpoint` and `tf.saved_model.save`."""

    def _trackable_children(self, save_type="checkpoint", **_):
        return _walk[0](self, save_type) if _walk else {}

    def _lookup_dependency(self, name, cached_dependencies=None):
        return (cached_dependencies or self._trackable_children()).get(name)

    def __getstate__(self):
        """What goes into a copy: not what TensorFlow notes here about values that wait."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_self_")}

    def _restore_waiting(self):
        """Give new variables the values that wait for them."""
        waiting = vars(self).get("_self_unconditional_deferred_dependencies")
        if waiting:
            with tf.init_scope():
                for name, part in self._trackable_children().items():
                    if name in waiting:
                        self._handle_deferred_dependencies(name, part)
