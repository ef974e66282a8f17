"""What was given for the outputs of a model, one by one: losses, labels, weights, metrics."""


def spread(what, given, y_pred, names, share=False):
    """`given` as a flat list, one item per output. `share`: a single item is for every output."""
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"`{what}` names {unknown}, which are not outputs. The outputs are {names}.")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and (count > 1 or len(given) == 1):
        if len(given) != count:
            raise ValueError(f"`{what}` has {len(given)} items for {count} outputs {names}. Give one for each, or a dict.")
        return list(given)
    if count > 1 and not share:
        if what != "loss":
            raise ValueError(f"The model has {count} outputs {names}: give `{what}` as a list or dict with one for each.")
        return [given] * count
    return [given] * count
