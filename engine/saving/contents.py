"""What of a model's state its file has: weights, the counters of its random numbers, the state of its optimizer.

The names are those of engine/state.py. A file is read into a model that is made anew from its config: where two
layers share a SeedGenerator, that one has two. So here a counter stands under each of its paths.
"""

from engine.core import tracking
from engine.random import SeedGenerator
from engine.unbuilt import build_known, waiting

OPTIMIZER, SEEDS = "optimizer/", "seeds/"


def weights_of(model, action):
    """{path: variable} of a model that is built, or can be; `action` is what is to be done, for the error of one that is not."""
    build_known(model)
    left = [path for path in waiting(model) if path]
    if left or not (model.built or model.weights):
        names = ", ".join(map(repr, left[:5])) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        raise ValueError(
            f"{model._title} is not built, so it has no weights yet{f' in {names}' if names else ''}. "
            f"Call it on a batch once, model(x), or say model.build((None, ...)) with the shape of a batch, before {action}()."
        )
    weights = {}
    for path, variable, _ in model.named_weights():
        if path in weights:
            raise ValueError(f"{model._title} has two weights at the path {path!r}. Rename one of the attributes.")
        weights[path] = variable
    return weights


def seeds_of(model):
    """{name: variable} of the random state of all layers."""
    found = {}
    for path, layer in model.named_layers():
        for name, child in tracking.children(layer):
            if isinstance(child, SeedGenerator):
                found[SEEDS + tracking.join(path, name)] = child.state
    return found


def optimizer_state_of(model):
    """{name: variable} of all that the optimizer remembers."""
    paths = {id(variable): path for path, variable, _ in model.named_weights()}
    return {OPTIMIZER + name: variable for name, variable in model.optimizer.named_variables(paths).items()}


def joined(model, *parts):
    """Several {name: variable} as one. A ValueError if a weight has been given the name that other state has."""
    together = {}
    for variables in parts:
        twice = next((name for name in variables if name in together), None)
        if twice is not None:
            raise ValueError(f"{model._title} has a weight at the path {twice!r}, which is the name of other state in files. Rename it.")
        together |= variables
    return together


def values_of(variables):
    """The values of {name: variable}, as NumPy arrays."""
    return {name: variable.numpy() for name, variable in variables.items()}
