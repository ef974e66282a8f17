"""Why is a variable a weight of this model, and why is it trained or not?"""

from engine.core import tracking
from engine.core.layer import Layer
from engine.text import table

_MOST_PATHS = 100  # a model that shares a layer in every block has paths without number


def why_tracked(model, variable):
    """Print every path to `variable`; returns them. The first is its name in summaries, files and errors."""
    paths = [tracking.join(path, name) for path, name, _ in _ways(model, variable)]
    title = f"Variable of shape {tuple(variable.shape)}"
    if not paths:
        print(
            f"{title} is not found in {model._title}. It is a weight if it is an attribute of a layer in it, or in a "
            "list, tuple, dict, set or dataclass on one; not behind a plain object, a closure or a global name."
        )
    for index, path in enumerate(paths):
        print(f"{title}: {path}" if index == 0 else f"{' ' * len(title)}  and also {path}")
    return paths


def explain_trainable(model):
    """Print a table of all weights: trained or not, and why; returns {path: reason}."""
    reasons = {}
    for path, variable, trainable in model.named_weights():
        reasons[path] = "itself and every layer that holds it are trainable" if trainable else _why_frozen(model, variable)
    rows = [(path, "yes" if trainable else "no", reasons[path]) for path, _, trainable in model.named_weights()]
    print(table(("weight", "trained", "why"), rows))
    return reasons


def _why_frozen(model, variable):
    if not variable.trainable:
        return "it is state: made with trainable=False, so no gradient changes it"
    frozen = {}
    for _, _, owners in _ways(model, variable):
        frozen.update({path: layer for path, layer in owners if not layer.trainable})
    path, layer = next(iter(frozen.items()))
    more = f" (and {len(frozen) - 1} more of its owners)" if len(frozen) > 1 else ""
    return f"{path or 'the model'} is frozen{more}: {layer._title} has trainable=False"


def _ways(model, variable):
    """Yield (path of the owner, name on it, [(path, layer), ...] from the model to the owner) for each way there."""
    waiting, count = [[("", model)]], 0
    while waiting and count < _MOST_PATHS:
        owners = waiting.pop()
        path, layer = owners[-1]
        inner = []
        for name, child in tracking.children(layer):
            if child is variable:
                count += 1
                yield path, name, owners
            elif isinstance(child, Layer) and not any(child is owner for _, owner in owners):
                if _holds(child, variable):
                    inner.append([*owners, (tracking.join(path, name), child)])
        waiting += reversed(inner)


def _holds(layer, variable):
    return any(weight.variable is variable for weight in layer.named_weights())
