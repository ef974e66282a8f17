"""The parts of layers, metrics and optimizers, by the names that TensorFlow's checkpoints have them under: the paths of attributes."""

import tensorflow as tf

from engine.core import tracking
from engine.core.update_rule import UpdateRule
from engine.random import SeedGenerator
from engine.small_parts.trackable import register


def parts(owner):
    """{name: part}: variables, and what has variables in its turn. Those of an optimizer are numbered, in the order of making."""
    if isinstance(owner, SeedGenerator):
        return {"state": owner.state}
    if isinstance(owner, UpdateRule):
        return {f"variables.{number}": variable for number, variable in enumerate(owner.variables)}
    found = {}
    for name, child in tracking.children(owner, all_used=True):
        if isinstance(child, tf.random.Generator):
            found[name] = child.state
    for name, child in tracking.children(owner):
        free, number = name, 0
        while free in found:  # `_states` beside `states`
            number += 1
            free = f"{name}_{number}"
        found[free] = child.state if isinstance(child, SeedGenerator) else child
    return found


register(parts=parts)
