"""A weight on its way through a step: value → gradient → slots → new value, each with the moment at which it was seen."""

import collections
import dataclasses

import numpy as np
import tensorflow as tf

from engine.small_parts.gradients import as_dense

# kind: value, gradient, formula, new value; `name` on that line and the `number` it holds, in the place that moves most.
Stop = collections.namedtuple("Stop", "kind moment name number")


@dataclasses.dataclass
class WalkedWeight:
    """A weight: arrays before and after, its gradient (None: it got none), its slots as {name: (before, after)}; and its stops."""

    path: str
    value: np.ndarray
    gradient: np.ndarray | None
    slots: dict
    new_value: np.ndarray
    stops: list

    @property
    def index(self):
        """The place of the number that moves most."""
        return _most_moved(self.value, self.new_value)


def _most_moved(value, new_value):
    moved = np.nan_to_num(np.abs(new_value.astype("float64") - value.astype("float64")))
    return tuple(int(place) for place in np.unravel_index(moved.argmax(), moved.shape))


class WeightsSeen:
    """Watches for the weights of `model`, their gradients and what is done with them."""

    def __init__(self, model):
        self.optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        self.weights = [(path, variable) for path, variable, trainable in model.named_weights() if trainable]
        self.known = {id(variable): path for path, variable in self.weights}
        self.before = {path: (variable.numpy(), self._slots(variable)) for path, variable in self.weights}
        self.slot_names = {id(slot): f"{name} of {path}" for path, variable in self.weights
                           for name, slot in self._slots_of(variable).items()}  # fmt: skip
        self.gradients = {}  # path: tensor, of the tape
        self.owners = {}  # id of a gradient, also once it is clipped: path
        self.seen = collections.defaultdict(list)  # path: [(moment, "weight" or "gradient", whether it has changed there)]
        self.updates = {}  # path: the call in which it is updated
        self.assigned = []  # (moment, name, tensor): what is new there
        self._kept = []

    def _slots_of(self, variable):
        """The slots of a weight; none of one that another optimizer moves."""
        return {} if self.optimizer._unknown([variable]) else self.optimizer.slots_of(variable)

    def _slots(self, variable):
        return {name: slot.numpy() for name, slot in self._slots_of(variable).items()}

    def saw(self, moment, items, changed=False):
        """At a moment a name holds these tensors and variables."""
        for item, after in zip(items, [*items[1:], None]):
            if isinstance(item, tf.Variable) and id(item) in self.known:
                self.seen[self.known[id(item)]].append((moment, "weight", changed))
            elif isinstance(item, tf.Tensor) and id(after) in self.known and item.shape == after.shape:
                self._belongs(item, self.known[id(after)])
            if id(item) in self.owners:
                self.seen[self.owners[id(item)]].append((moment, "gradient", False))

    def is_update(self, names):
        """Whether these are the arguments of a function that updates a weight."""
        variable, gradient = names.get("variable"), names.get("gradient")
        return isinstance(variable, tf.Variable) and id(variable) in self.known and isinstance(gradient, tf.Tensor)

    def entered(self, frame, names):
        """A function is called with these arguments: it may be the one that updates a weight."""
        if self.is_update(names):
            path = self.known[id(names["variable"])]
            self._belongs(names["gradient"], path)
            self.updates.setdefault(path, frame)

    def _belongs(self, gradient, path):
        self.gradients.setdefault(path, gradient)
        self.owners.setdefault(id(gradient), path)
        self._kept.append(gradient)

    def finished(self, frames, moments):
        """The WalkedWeights, at the end of the step and before it is undone."""
        found = []
        for path, variable in self.weights:
            value, slots = self.before[path]
            after, gradient = self._slots(variable), self.gradients.get(path)
            pairs = {name: (slots.get(name, np.zeros_like(array)), array) for name, array in after.items()}
            dense = None if gradient is None else as_dense(gradient, variable).numpy()
            found.append(WalkedWeight(path, value, dense, pairs, variable.numpy(), []))
            found[-1].stops = self._stops(found[-1], variable, frames, moments)
        return found

    def _stops(self, walked, variable, frames, moments):
        path, index = walked.path, walked.index
        seen = self.seen[path]  # in the order in which the lines ended
        weights, gradients = ([moment for moment, what, _ in seen if what == kind] for kind in ("weight", "gradient"))
        in_layers = [moment for moment in weights if not frames[moments[moment].frame].file.startswith("engine/")]
        stops = [Stop("value", (in_layers or weights)[0], path, float(walked.value[index]))] if weights else []
        if gradients and walked.gradient is not None:
            stops.append(Stop("gradient", gradients[0], "gradient", float(walked.gradient[index])))
        if path in self.updates:
            call = frames[self.updates[path]]
            stops += [
                Stop("formula", moment, name, float(tensor.numpy()[index])) for moment, name, tensor in sorted(self.assigned, key=lambda item: item[0])
                if call.begin <= moment < call.end and frames[moments[moment].frame] is not call and tensor.shape == variable.shape
            ]  # fmt: skip
        changed = [moment for moment, what, is_new in seen if what == "weight" and is_new]
        return stops + [Stop("new value", moment, path, float(walked.new_value[index])) for moment in changed[:1]]
