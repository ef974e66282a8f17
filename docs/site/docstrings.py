"""Docstrings of this project as Markdown: they are written to be read in the source.

    Arguments: `units` (...), `activation` (...)    a list, below its label in bold
    Errors: ...                                     a paragraph, its label in bold
    >>> an example                                  a block of code, up to the next empty line
    `Dense`                                         a link, where it is a public name
    * _ < [ outside of code                         as they are

Equations are indented there, and so blocks of code already.
"""

import itertools
import re

import griffe
from reference import pages

LABELS = (
    "Argument", "Arguments", "Errors", "In the call", "Kinds", "Shapes", "Shapes and weights", "Source", "Sources", "State", "Today",
    "Weights", "Where a stream is", "Your own",
)  # fmt: skip
_LABEL = re.compile(rf"^({'|'.join(LABELS)}): ")
_MIDST = re.compile(rf"(?<=[a-z).`]\.) (?=({'|'.join(LABELS)}): )")  # a label after a sentence on the same line
_CODE = re.compile(r"(`+[^`]+`+)")
_QUIET = re.compile(r"`[^`]*`|\"[^\"]*\"|\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*\)")  # code, quotes, brackets


def markdown(text, links):
    """The docstring `text` as Markdown; `links` has {name in the text: identifier}."""
    kinds, kind = [], ""
    for line in _MIDST.sub("\n", text).split("\n"):
        kind = _kind(line, kind)
        kinds.append((kind, line))
    blocks = []
    for kind, lines in itertools.groupby(kinds, key=lambda item: item[0]):
        lines = [line for _, line in lines]
        if kind == "example":
            lines = ["```pycon", *lines, "```"]
        blocks += _paragraphs(lines, links) if kind == "prose" else ["\n".join(lines)]
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip())


def _kind(line, before):
    """What a line is part of: prose, code (an equation, a list of its own) or an example."""
    if line.startswith(">>> ") or (before == "example" and line.strip()):
        return "example"
    if line.startswith("    ") or (before == "code" and not line.strip()):
        return "code"
    return "prose"


def _paragraphs(lines, links):
    """Paragraphs of prose; one with a label begins anew."""
    paragraphs = [[]]
    for line in lines:
        if not line.strip() or _LABEL.match(line):
            paragraphs.append([])
        paragraphs[-1].append(line)
    for lines in paragraphs:
        text = "\n".join(lines)
        label = _LABEL.match(text)
        if label is None:
            yield _prose(text, links)
        elif label[1].startswith("Argument") and len(items := _items(text[label.end():])) > 1:
            yield "\n".join([f"**{label[1]}:**", "", *(f"- {_prose(item, links)}" for item in items)])
        else:
            yield f"**{label[1]}:** {_prose(text[label.end():], links)}"


def _items(text):
    """The arguments one by one: what comes between two semicolons and begins with a name; without any, between commas."""
    text = " ".join(text.split())
    open_text = _QUIET.sub(lambda match: match[0][0] + "x" * (len(match[0]) - 2) + match[0][-1], text)
    ends = [match for match in re.finditer(r"; (?=`)| · ", open_text)] or [match for match in re.finditer(r", (?=`)", open_text)]
    starts = [0, *(match.end() for match in ends)]
    return [text[start:end].strip().rstrip(".") for start, end in zip(starts, [*(match.start() for match in ends), len(text)])]


def _prose(text, links):
    """Text with its names as links, and nothing else that Markdown could take for more than it is."""
    parts = _CODE.split(text)
    for index, part in enumerate(parts):
        if index % 2 == 0:
            parts[index] = re.sub(r"([*_<\[\]])", r"\\\1", part)
        elif part.strip("`") in links:
            parts[index] = f"[{part}][{links[part.strip('`')]}]"
    return "".join(parts)


class ProjectStyle(griffe.Extension):
    """What mkdocstrings calls for each object that it reads."""

    def __init__(self):
        names = [name for page in pages() for name in page.names]
        self.also = {name.item.path: name.also for name in names if name.also}
        self.beside = {}  # {module: {name in it: identifier}}
        homes = {}  # {short name: identifiers}
        for name in names:
            short = name.path.rpartition(".")[2]
            homes.setdefault(short, set()).add(name.path)
            self.beside.setdefault(name.item.module.path, {})[short] = name.path
        only = {short: min(paths) for short, paths in homes.items() if len(paths) == 1 and short[0].isupper()}
        self.everywhere = {**only, **{name.path: name.path for name in names}}

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            links = {**self.everywhere, **self.beside.get(obj.module.path, {})}
            text = markdown(obj.docstring.value, {name: path for name, path in links.items() if name != obj.name})
            if also := self.also.get(obj.path):
                text += f"\n\nAlso called {', '.join(f'`{name}`' for name in also)}."
            obj.docstring.value = text
