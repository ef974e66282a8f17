"""What the layers of one forward pass share: the training flag, and who is watching.

A call of a layer inside the call of another finds its caller's `Call` here. The outermost
call is the root: it decides `training` for everything below, and it clears what the forward
pass before it left behind (the values of `add_loss`).
"""

import contextlib
import threading
import time
import weakref


class Call:
    """One running `Layer.__call__`: its layer, its training flag, the root of the pass, and when it began (if observed)."""

    __slots__ = ("layer", "training", "parent", "root", "began")

    def __init__(self, layer, training, parent):
        self.layer = layer
        self.training = training
        self.parent = parent
        self.root = parent.root if parent else self
        self.began = time.perf_counter() if state.observers else None


class _State(threading.local):
    """Per thread, because a step that several devices share runs in a thread for each."""

    call = None  # the innermost running Call
    observers = ()  # functions (layer, args, kwargs, outputs), called after each layer

    def __init__(self):
        # Values of add_loss by layer. Empty for most models, and then a forward pass need not look for any.
        self.losses = weakref.WeakKeyDictionary()


state = _State()


@contextlib.contextmanager
def inside(layer):
    """Within the block calls are taken as made by a call of `layer`."""
    outer, state.call = state.call, Call(layer, training(), state.call)
    try:
        yield
    finally:
        state.call = outer


def training():
    """The training flag of the innermost running call, or None outside of any."""
    return state.call.training if state.call else None
