"""Inline uses: `tf.keras.layers.Dense` becomes `keras.layers.Dense`."""

from engine.port.names import advice, keras_path, missing
from engine.port.statements import alias_at, chain_at, import_at
from engine.port.tokens import Edit


def chain_edits(tokens, names, told):
    """The edits of a text's inline uses; what is not here is left, and `told(place, what)`."""
    number = 0
    while number < len(tokens):
        if statement := import_at(tokens, number):
            number = statement.after
            continue
        if (whole := alias_at(tokens, number)) and names.is_top(whole) and len(whole) > 1:  # keras = tf.keras
            yield Edit(tokens[number].start, whole[-1].end, _import(tokens[number].text))
            number += 2 + 2 * len(whole) - 1
            continue
        if (chain := chain_at(tokens, number)) and chain[0].text in names.bound and not _is_keyword(tokens, number):
            if edit := _edit(chain, names, told):
                yield edit
            number += 2 * len(chain) - 1
            continue
        number += 1


def _import(name):
    return "import glassbox" if name == "glassbox" else f"import glassbox as {name}"


def _is_keyword(tokens, number):
    """Whether the name is an argument's, or is being bound."""
    return number + 1 < len(tokens) and tokens[number + 1].text == "="


def _edit(chain, names, told):
    """The edit of one chain, or None."""
    dotted = names.meaning(chain)
    paths = [keras_path(_start(dotted, len(chain) - length)) for length in range(1, len(chain) + 1)]
    if paths[-1] is None or (paths[0] is not None and missing(paths[0])):
        return None  # not Keras's, or told where it was imported
    if absent := missing(paths[-1]):
        if chain[0].text not in names.others:
            told(chain[0].start, f"{absent} is not here: {advice(absent)}")
        return None
    replaced = 0  # so many names of the chain: up to Keras itself, and up to the last part that has moved
    for length in range(1, len(paths)):
        extended = f"{paths[length - 1]}.{chain[length].text}".lstrip(".")
        if paths[length - 1] is None or paths[length] != extended:
            replaced = length + 1 if paths[length] is not None else replaced
    if not replaced:
        return None
    top = chain[0].text if paths[0] == "" else names.use_top(chain[0].start)
    return Edit(chain[0].start, chain[replaced - 1].end, f"{top}.{paths[replaced - 1]}".rstrip("."))


def _start(dotted, without):
    """`dotted` without its last names."""
    return dotted.rsplit(".", without)[0] if without else dotted
