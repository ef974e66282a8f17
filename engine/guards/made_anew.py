"""Does a step make layers that are gone when it ends? Then they are new in each step, and nothing that they learn stays."""

import gc

import tensorflow as tf

from engine.around import Around
from engine.small_parts import creation


class MadeAnew(Around):
    """Refuses the first step of `model` if in it a layer with weights is made that nothing holds: looked at once."""

    def __init__(self, model):
        self.model = model
        self.looked = False

    def step(self, step, data):
        if self.looked or tf.distribute.has_strategy():
            return step(data)
        with creation.noted() as built:
            logs = step(data)
        self.looked = True
        held = {id(layer) for _, layer in self.model.named_layers()}
        if any(layer() is None or id(layer()) not in held for layer, _ in built):
            gc.collect()
        gone = [title for layer, title in built if layer() is None]
        if gone:
            raise ValueError(
                f"{self.model._title} makes {', '.join(dict.fromkeys(gone))} within its step and keeps nothing of it: it is new in "
                "each step, and what it learns is lost. Make it in __init__ or build, as an attribute, and only call it in call()."
            )
        return logs
