"""A program that differs, made smaller: whatever can be left out so that it still differs in the same way."""

import copy

from .differing import difference
from .exceptions import exception_for

# A program without these is none.
KEPT = set("seed model style inputs nodes outputs name layer again on shape of kinds shapes optimizer loss deeds do".split())
SIMPLE = {"optimizer": {"optimizers.SGD": {"learning_rate": 0.125}}, "eager": True}


def shrink(program, found):
    """(smallest program, its Difference): nothing in it can be left out by itself."""
    progress = True
    while progress:
        progress, place = False, 0
        while place < len(smaller := list(candidates(program))):
            new = difference_of(smaller[place])
            if new is not None and new.kind == found.kind:
                program, found, progress = smaller[place], new, True  # at this place there is the next candidate now
            else:
                place += 1
    return program, found


def difference_of(program):
    """The Difference of what may be no program any more."""
    try:
        return None if exception_for(program) else difference(program)
    except Exception:
        return None


def candidates(program):
    """Programs with one thing less, the largest things first."""
    for place in range(len(program["deeds"]) - 1, -1, -1):
        yield without(program, ["deeds", place])
    for place in range(len(program["model"]["nodes"])):
        yield bypassing(program, place)
    for key, simple in SIMPLE.items():
        if program.get(key) not in (None, simple):
            yield {**program, key: simple}
    for path in paths(program):
        yield without(program, path)


def paths(value, path=()):
    """Of all items of dicts and lists, the outer ones first."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    is_part = isinstance(value, dict) and len(value) == 1 and "." in str(next(iter(value)))
    for key, _ in items:
        if key not in KEPT and not is_part and not (isinstance(value, list) and isinstance(value[key], int)):
            yield [*path, key]
    for key, item in items:
        if key not in ("on", "shape", "shapes"):
            yield from paths(item, (*path, key))


def without(program, path):
    smaller = copy.deepcopy(program)
    holder = smaller
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return smaller


def bypassing(program, place):
    """Without the node at `place`: who used it, uses what it was called on."""
    smaller = copy.deepcopy(program)
    model = smaller["model"]
    node = model["nodes"].pop(place)
    for other in model["nodes"]:
        other["on"] = [node["on"][0] if name == node["name"] else name for name in other["on"]]
    return smaller
