"""One program, in one text or in many, such as the cells of a notebook: what is edited, and what is told."""

from typing import NamedTuple

from engine.port import bindings
from engine.port.chains import chain_edits
from engine.port.imports import import_edits
from engine.port.names import advice, keras_path
from engine.port.statements import alias_at, import_at
from engine.port.substitutes import built_on_it, unlike_here
from engine.port.tokens import Edit, edited, tokens


class Ported(NamedTuple):
    """`texts` as they run here; `changes`: [(text, line, old, new)]; `left`: [(text, line, what to do by hand)]."""

    texts: list
    edits: list
    changes: list
    left: list


class Names:
    """What the names of a program mean, and the one by which it knows glassbox."""

    def __init__(self, texts, found):
        self.bound, self.others, self.stars = bindings.bindings(found)
        self.top, self.known_from = self._first_top(texts, found)
        self.first_use = None
        self.number = 0  # of the text that is being edited

    def meaning(self, chain):
        """What a chain of names is: `"tensorflow.keras.layers"`, or None."""
        return bindings.meaning(chain, self.bound)

    def is_top(self, chain):
        """Whether a chain is Keras as a whole."""
        dotted = self.meaning(chain)
        return dotted is not None and keras_path(dotted) == ""

    def use_top(self, place):
        """The name of glassbox, which is used at `place`: an import is added if there is none before."""
        if self.first_use is None:
            self.first_use = (self.number, place)
        return self.top

    def _first_top(self, texts, found):
        """The first name that a statement at the left margin gives to all of Keras, and where; else a name that is free."""
        for number, (text, words) in enumerate(zip(texts, found)):
            for index, word in enumerate(words):
                if word.start and text[word.start - 1] != "\n":
                    continue
                if (chain := alias_at(words, index)) and len(chain) > 1 and self.is_top(chain):
                    return word.text, (number, word.start)
                for name in _tops(import_at(words, index)):
                    return name, (number, word.start)
        taken = "keras" in self.others or keras_path(self.bound.get("keras", "keras")) != ""
        return ("glassbox" if taken else "keras"), None

    @property
    def needs_import(self):
        """Whether the name of glassbox is used before it is known."""
        return self.first_use is not None and (self.known_from is None or self.first_use < self.known_from)


def _tops(statement):
    """The names that an import gives to all of Keras, as it will read here: `import keras.layers` gives one too."""
    for item in statement.items if statement else ():
        if statement.module is not None or item.renamed:
            dotted = item.dotted if statement.module is None else f"{statement.module}.{item.dotted}"
            if keras_path(dotted) == "":
                yield item.bound
        elif keras_path(item.bound) == "":
            yield item.bound


def port(texts, notebook=False):
    """The texts of one program, changed to run here.

    Arguments: `texts`, one for a script and one for each cell of a notebook; `notebook` (lines of commands, `%` and `!`, are
    left as they are). The result has `texts`, and what could not be changed.

    >>> port(["from tensorflow.keras import layers\\n"]).texts
    ['from glassbox import layers\\n']
    """
    left, found = [], []
    for number, text in enumerate(texts):
        try:
            found.append(tokens(text, notebook))
        except SyntaxError as error:
            found.append([])
            left.append((number, 1, f"left as it is, as it is no Python: {error}"))
    names, edits = Names(texts, found), []
    for number, (text, words) in enumerate(zip(texts, found)):

        def told(place, what, number=number, text=text):
            left.append((number, _line(text, place), what))

        names.number = number
        edits.append([*import_edits(text, words, told), *chain_edits(words, names, told)])
        _tell_stars(words, names, told)
        _tell_what_stays(words, told)
    if names.needs_import:
        number, place, text = _where_to_import(texts, found, names)
        edits[number].append(Edit(place, place, text))
    changes = [(number, _line(texts[number], start), texts[number][start:end], new)
               for number, some in enumerate(edits) for start, end, new in sorted(some)]  # fmt: skip
    return Ported([edited(text, some) for text, some in zip(texts, edits)], edits, changes, sorted(left))


def _line(text, place):
    return text.count("\n", 0, place) + 1


def _tell_stars(words, names, told):
    """Names that `import *` may have meant, and that are not here."""
    meant = {name: f"{module}.{name}" for module in names.stars for name in unlike_here(module)}
    for before, word in zip([None, *words], words):
        if word.is_name and word.text in meant and word.text not in names.bound and (before is None or before.text != "."):
            told(word.start, f"{meant[word.text]} is not here: {advice(meant[word.text])}")


def _tell_what_stays(words, told):
    """Packages whose layers are Keras's, and imports by a name in a string."""
    for index, word in enumerate(words):
        if statement := import_at(words, index):
            for module in {(statement.module or item.dotted).split(".")[0] for item in statement.items}:
                if keras_path(module) is None and built_on_it(module):
                    told(word.start, f"{module} is built on Keras: its layers and models do not fit into those from here")
        called = index >= 2 and words[index - 1].text == "(" and words[index - 2].text in ("import_module", "__import__")
        if called and keras_path(word.text.strip("'\"")) is not None and not word.text.startswith(("'glassbox", '"glassbox')):
            told(word.start, f"{word.text} is imported by its name in a string, and left: write glassbox there")


def _where_to_import(texts, found, names):
    """(text, place, line) of the import: after the first of TensorFlow at the left margin, if that is before all uses; else at the top."""
    line = f"import glassbox as {names.top}" if names.top != "glassbox" else "import glassbox"
    first = None
    for number, (text, words) in enumerate(zip(texts, found)):
        newline = "\r\n" if "\r\n" in text else "\n"
        for index, word in enumerate(words):
            if (number, word.start) > names.first_use:
                return first
            if word.start and text[word.start - 1] != "\n" or index and not words[index - 1].is_end:
                continue  # not at the margin, or not the first of a statement
            statement = import_at(words, index)
            if statement and any(f"{statement.module or item.dotted}.".startswith("tensorflow.") for item in statement.items):
                end = text.find("\n", statement.end)
                if (number, end) > names.first_use or end < 0 and number == names.first_use[0]:  # on the same line
                    return number, statement.end, f"; {line}"
                return (number, end + 1, line + newline) if end >= 0 else (number, len(text), newline + line)
            is_docstring = index == 0 and word.text[-1] in "'\"" and words[1].is_end
            if first is None and not is_docstring and not (statement and statement.module == "__future__"):
                first = (number, word.start, line + newline)
    return first
