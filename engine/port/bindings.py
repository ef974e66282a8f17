"""Which names of a program mean Keras, or a part of it."""

from engine.port.names import keras_path
from engine.port.statements import alias_at, import_at

_OPEN, _CLOSED = set("([{"), set(")]}")


def bindings(texts):
    """({name: what it is, such as "tensorflow.keras.layers"}, the names that are something else too, modules of `import *`)."""
    bound, stars = {}, set()
    for tokens in texts:
        number = 0
        while number < len(tokens):
            if statement := import_at(tokens, number):
                for item in statement.items:
                    _import(bound, stars, statement.module, item)
                number = statement.after
                continue
            if chain := alias_at(tokens, number):
                dotted = meaning(chain, bound)
                if dotted is not None and keras_path(dotted) is not None:
                    bound[tokens[number].text] = dotted
            number += 1
    others = {name for tokens in texts for name in _other_bindings(tokens, bound)}
    return bound, others, stars


def _import(bound, stars, module, item):
    dotted = item.dotted if module is None else f"{module}.{item.dotted}"
    if item.dotted == "*":
        if (path := keras_path(module)) is not None:
            stars.add(path)
    elif module is None and not item.renamed:  # `import a.b` binds a
        bound[item.bound] = item.bound
    else:
        bound[item.bound] = dotted


def meaning(chain, bound):
    """What a chain of names is, from the meaning of its first; None if that is not known."""
    first, *rest = (token.text for token in chain)
    return ".".join([bound[first], *rest]) if first in bound else None


def _other_bindings(tokens, bound):
    """The names that are bound to other things: by assignment, def, for, with, except, or as parameters."""
    depth, parameters = 0, None
    for number, token in enumerate(tokens):
        before = tokens[number - 1].text if number else ""
        after = tokens[number + 1].text if number + 1 < len(tokens) else ""
        if token.text in _OPEN:
            depth += 1
        elif token.text in _CLOSED:
            depth -= 1
            parameters = None if parameters is not None and depth < parameters else parameters
        elif token.is_end and token.text != ";":
            depth, parameters = 0, None
        elif token.is_name and before in ("def", "class", "for"):
            yield token.text
            parameters = depth + 1 if before == "def" else parameters
        elif token.is_name and parameters == depth and before in ("(", ",", "*", "**"):
            yield token.text
        elif token.is_name and depth == 0 and after == "=" and before != ".":
            chain = alias_at(tokens, number)
            dotted = meaning(chain, bound) if chain else None
            if dotted is None or keras_path(dotted) is None:
                yield token.text
