"""A text as its tokens, with their places in it, so that an edit touches nothing else."""

import io
import re
import tokenize
from typing import NamedTuple

_MARKS = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_BRACES = re.compile(r"(?<!\{)\{([^{}]+)\}")
_MAGIC = re.compile(r"^(?:[ \t]*(?:\w[\w, ]*=[ \t]*)?[%!?]|.*\w\?{1,2}[ \t]*$).*", re.MULTILINE)
_OTHER_LANGUAGE = re.compile(r"\s*%%(?!time|capture|timeit|prun|with)\w+")


class Token(NamedTuple):
    """A token: `text` at `start` to `end` in the whole, and whether it is a name, or ends a statement."""

    text: str
    start: int
    end: int
    is_name: bool = False
    is_end: bool = False


class Edit(NamedTuple):
    """`text` for what is between `start` and `end`."""

    start: int
    end: int
    text: str


def tokens(text, notebook=False):
    """The tokens of a Python text without comments and indents; SyntaxError if it has none. Magics of notebooks are no Python."""
    if not notebook:
        return list(_tokens(text))
    if _OTHER_LANGUAGE.match(text):
        return []
    try:
        return list(_tokens(_MAGIC.sub(lambda match: "#" * len(match[0]), text)))
    except SyntaxError:  # what looked like magics may be the next line of an expression: `% values`
        return list(_tokens(text))


def _tokens(text, offset=0):
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    try:
        for kind, word, begin, end, _ in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            if kind in _MARKS:
                continue
            start = offset + starts[begin[0] - 1] + begin[1]
            if kind == tokenize.STRING and "f" in re.match("[a-zA-Z]*", word)[0].lower():  # one token before Python 3.12
                yield from _inside(word, start)
            else:
                stop = offset + starts[end[0] - 1] + end[1]
                yield Token(word, start, stop, kind == tokenize.NAME, kind == tokenize.NEWLINE or word == ";")
    except (tokenize.TokenError, IndentationError) as error:
        raise SyntaxError(str(error)) from error


def _inside(string, start):
    """The tokens in the braces of an f-string, between brackets of no width, so that they are an expression of their own."""
    yield Token('"', start, start)
    for match in _BRACES.finditer(string):
        try:
            found = list(_tokens(match[1].lstrip(), start + match.end(1) - len(match[1].lstrip())))
        except SyntaxError:
            continue
        yield from (token for token in found if not token.is_end)
        yield Token('"', start + match.end(), start + match.end())


def edited(text, edits):
    """`text` with all `edits` made, which do not overlap."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
