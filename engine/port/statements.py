"""What a program's tokens say: its imports, its chains of names, its aliases."""

from typing import NamedTuple


class Item(NamedTuple):
    """One part of an import: `dotted`, the name it is `bound` to, and where it stands; `renamed` if it has an `as`."""

    dotted: str
    bound: str
    renamed: bool
    start: int
    end: int


class Import(NamedTuple):
    """An import statement. `module` is None in `import a, b`; its place is `start` to `end`, the module's `place`."""

    module: str | None
    place: tuple
    items: list
    start: int
    end: int
    brackets: bool
    after: int  # the number of the token that follows


def begins(tokens, number):
    """Whether a statement begins at this token."""
    return number == 0 or tokens[number - 1].is_end or tokens[number - 1].text == ":"


def import_at(tokens, number):
    """The import statement that begins at this token, or None."""
    word = tokens[number]
    if word.text not in ("import", "from") or not word.is_name or not begins(tokens, number):
        return None
    after, module, place, brackets = number + 1, None, (0, 0), False
    if word.text == "from":
        module, place, after = _dotted(tokens, after)
        if after >= len(tokens) or tokens[after].text != "import":
            return None
        after += 1
        if brackets := after < len(tokens) and tokens[after].text == "(":
            after += 1
    items = []
    while after < len(tokens) and not tokens[after].is_end and tokens[after].text != ")":
        item, after = _item(tokens, after)
        if item is None:
            return None
        items.append(item)
        if after < len(tokens) and tokens[after].text == ",":
            after += 1
    if not items:
        return None
    after += brackets
    return Import(module, place, items, word.start, tokens[after - 1].end, brackets, after)


def _dotted(tokens, number):
    """`a.b.c` from this token on: the text, its place, and the number of the token after it."""
    first = number
    while number < len(tokens) and (tokens[number].is_name and tokens[number].text != "import" or set(tokens[number].text) == {"."}):
        number += 1
        if tokens[number - 1].is_name and number < len(tokens) and tokens[number].text != ".":
            break
    words = tokens[first:number]
    return "".join(word.text for word in words), (words[0].start, words[-1].end) if words else (0, 0), number


def _item(tokens, number):
    if tokens[number].text == "*":
        return Item("*", "*", False, tokens[number].start, tokens[number].end), number + 1
    dotted, (start, end), after = _dotted(tokens, number)
    if not dotted:
        return None, after
    if after + 1 < len(tokens) and tokens[after].text == "as":
        return Item(dotted, tokens[after + 1].text, True, start, tokens[after + 1].end), after + 2
    return Item(dotted, dotted.split(".")[0], False, start, end), after


def chain_at(tokens, number):
    """The tokens of the names in `a.b.c`, from this token on; [] where no chain begins. A keyword `a=` is none."""
    if not tokens[number].is_name or number and tokens[number - 1].text == ".":
        return []
    names = [tokens[number]]
    while number + 2 < len(tokens) and tokens[number + 1].text == "." and tokens[number + 2].is_name:
        number += 2
        names.append(tokens[number])
    return names


def alias_at(tokens, number):
    """The chain in the statement `name = a.b.c` that begins at this token, or []."""
    if not begins(tokens, number) or number + 2 >= len(tokens) or tokens[number + 1].text != "=" or not tokens[number].is_name:
        return []
    chain = chain_at(tokens, number + 2)
    after = number + 2 + 2 * len(chain) - 1
    return chain if chain and (after >= len(tokens) or tokens[after].is_end) else []
