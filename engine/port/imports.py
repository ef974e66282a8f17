"""Imports: `from tensorflow.keras.layers import Dense` becomes `from glassbox.layers import Dense`."""

from engine.port.names import advice, is_module, keras_path, missing
from engine.port.statements import import_at
from engine.port.tokens import Edit


def import_edits(text, tokens, told):
    """The edits of a text's imports; what is not here is left where it comes from, and `told(place, what)`."""
    number = 0
    while number < len(tokens):
        if statement := import_at(tokens, number):
            edits = _modules(statement, told) if statement.module is None else _names(text, statement, told)
            yield from (edit for edit in edits if text[edit.start : edit.end] != edit.text)
            number = statement.after
        else:
            number += 1


def _modules(statement, told):
    """`import keras.backend as K` → `import glassbox.backend as K`."""
    for item in statement.items:
        path = keras_path(item.dotted)
        if path is None or item.dotted.split(".")[0] == "glassbox" and not missing(path):
            continue
        if item.renamed and (absent := missing(path)):
            told(item.start, f"{absent} is not here: {advice(absent)}")
        elif item.renamed:
            here = f"glassbox.{path}".rstrip(".")
            yield Edit(item.start, item.end, here if here == item.bound else f"{here} as {item.bound}")
        elif item.dotted.split(".")[0] == "tensorflow":  # the name that it binds; its uses are replaced inline
            yield Edit(item.start, item.end, "tensorflow")
        else:
            yield Edit(item.start, item.end, f"glassbox as {item.bound}")


def _names(text, statement, told):
    """`from tensorflow.keras.layers import Dense` → `from glassbox.layers import Dense`; what goes elsewhere in another statement."""
    groups = {}  # what the items are imported from: [(item, its name there)]
    for item in statement.items:
        module, name = _home(statement, item, told)
        groups.setdefault(module, []).append((item, name))
    in_place = [module for module, items in groups.items() if module and all(name == item.dotted for item, name in items)]
    staying = max(in_place, key=lambda module: len(groups[module]), default=None)
    others = "; ".join(_statement(module, items) for module, items in groups.items() if module != staying)
    if staying is None:
        yield Edit(statement.start, statement.end, others)
        return
    yield Edit(*statement.place, staying)
    if others:
        yield Edit(statement.start, statement.start, f"{others}; ")
        yield from _without(text, statement, [item for item, _ in groups[staying]])


def _home(statement, item, told):
    """(module, name) of an imported item here; ("", "") stands for all of glassbox; where it was if it is not here."""
    if item.dotted == "*":
        path = keras_path(statement.module)
        if path is None or missing(path) is None and is_module(path):
            return (statement.module if path is None else f"glassbox.{path}".rstrip(".")), "*"
        absent = missing(path) or path
    else:
        path = keras_path(f"{statement.module}.{item.dotted}")
        if path is None:
            return statement.module, item.dotted
        if path == "":
            return "", ""
        if not (absent := missing(path)):
            module, _, name = path.rpartition(".")
            return f"glassbox.{module}".rstrip("."), name
    told(item.start, f"{absent} is not here: {advice(absent)}")
    return statement.module, item.dotted


def _statement(module, items):
    """One import statement of `items`: [(item, its name there)]."""
    if module == "":
        return "; ".join(f"import glassbox as {item.bound}" for item, _ in items)
    words = [name if name == item.bound else f"{name} as {item.bound}" for item, name in items]
    return f"from {module} import {', '.join(words)}"


def _without(text, statement, kept):
    """The edits that leave only the items `kept` in a statement, with the comments and lines around them."""
    for number, item in enumerate(statement.items):
        if item in kept:
            continue
        later = statement.items[number + 1 :]
        if not later or not any(other in kept for other in later):  # the rest: from the last that is kept
            start = next(other.end for other in reversed(statement.items[:number]) if other in kept)
            end = statement.items[-1].end
            yield Edit(start, end, "")
            return
        start, end = item.start, text.index(",", item.end) + 1
        while text[end] in " \t":
            end += 1
        line = text.rfind("\n", 0, start) + 1
        if not text[line:start].strip() and text[end] == "\n":
            start, end = line, end + 1
        yield Edit(start, end, "")
