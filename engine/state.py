"""All state of a model, by path: what a checkpoint writes, and what a step that is undone puts back.

    blocks.0.kernel                        weight    under its path
    seeds/blocks.1.seed_generator          seed      the counter of a SeedGenerator, the state of a tf.random.Generator
    metrics/loss_tracker.total             metric
    optimizer/blocks.0.kernel/momentum     slot      of a weight;  optimizer/iteration: of no single one
    blocks.2.states.0                      kept      all else, such as the states of a stateful recurrent layer

Paths are ways through attributes. They do not depend on the process, nor on what was made before the model.
"""

import collections
import functools

import tensorflow as tf

from engine.core import tracking
from engine.random import SeedGenerator
from losses.ground.autograph import trace, traceable

_PLACES = {"metric": "metrics/", "seed": "seeds/"}

State = collections.namedtuple("State", "variable kind")


def state_of(layer):
    """{path: State} of every variable that `layer`, a layer or a model, has or uses, each once."""
    found = _Found()
    for path, variable, _ in layer.named_weights():
        found.add(path, variable, "weight")
    found.walk(layer, "", "kept")
    return found.states


def beside_training(layer):
    """The variables that a call of `layer` may change: all but those that an optimizer moves, and its slots."""
    trained = {id(variable) for variable in layer.trainable_weights}
    return [variable for variable, kind in state_of(layer).values() if kind != "slot" and id(variable) not in trained]


def make_variables(model, feed, verb="train"):
    """Make what the first step would make, such as slots, metrics and kept states, without any effect on values."""
    trace(functools.partial(traceable, getattr(model, f"{verb}_step")), feed.whole_spec)
    model._clear_losses()


class _Found:
    """What a walk has found so far."""

    def __init__(self):
        self.states, self.paths, self.walked = {}, {}, set()

    def add(self, path, variable, kind):
        if id(variable) in self.paths:
            return
        path = first = _PLACES.get(kind, "") + path
        count = 0
        while path in self.states:  # two weights of one name that no attribute holds, or `_states` beside `states`
            count += 1
            path = f"{first}_{count}"
        self.states[path] = State(variable, kind)
        self.paths[id(variable)] = path

    def walk(self, owner, path, kind):
        """Take in what `owner` holds. A part without a kind of its own (an initializer, a loss) keeps what its owner does."""
        if id(owner) in self.walked:
            return
        self.walked.add(id(owner))
        if getattr(owner, "_keeps", None) == "slot":
            for name, variable in owner.named_variables(self.paths).items():
                self.add(f"{path}/{name}", variable, kind)
        for name, child in tracking.children(owner, all_used=True):
            here = tracking.join(path, name)
            if isinstance(child, tf.Variable):
                self.add(here, child, kind)
            elif isinstance(child, (SeedGenerator, tf.random.Generator)):
                self.add(here, child.state, "seed")
            else:
                self.walk(child, here, getattr(child, "_keeps", kind))
