"""Scripts and notebooks: the texts in them, and what is written where. Nothing is overwritten."""

import io
import json
import os
import re
import shutil
import tokenize

from engine.port.program import port
from engine.port.tokens import Edit, edited


class _Placed(str):
    """A string of a JSON document that knows where it stands."""


def ported(path):
    """(the file's bytes, those of what runs here, what `port` found, whether it is a notebook)."""
    with open(path, "rb") as file:
        raw = file.read()
    if path.endswith(".ipynb"):
        document = raw.decode("utf-8")
        cells = _cells(document)
        found = port(["".join(cell) for cell in cells], notebook=True)
        new = edited(document, [edit for cell, edits in zip(cells, found.edits) for edit in _literals(document, cell, edits)])
        return raw, new.encode("utf-8"), found, True
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    found = port([raw.decode(encoding)])
    return raw, found.texts[0].encode(encoding), found, False


def _cells(document):
    """The lines of each cell of code, as strings that know their places in the document."""
    decoder = json.JSONDecoder()

    def parse_string(text, start, strict=True):
        value, end = json.decoder.scanstring(text, start, strict)
        placed = _Placed(value)
        placed.start, placed.end = start - 1, end
        return placed, end

    decoder.parse_string = parse_string
    decoder.scan_once = json.scanner.py_make_scanner(decoder)
    notebook = decoder.decode(document)
    try:
        sheets = notebook.get("worksheets", [notebook])  # format 3 has sheets of cells
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        sources = [cell["source"] if "source" in cell else cell["input"] for cell in cells]
        found = [[source] if isinstance(source, _Placed) else list(source) for source in sources]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("is no notebook") from error
    if not all(isinstance(line, _Placed) for lines in found for line in lines):
        raise ValueError("is no notebook: the source of a cell is not text")
    return found


def _literals(document, lines, edits):
    """The edits of a cell as edits of the document: of the literals of those lines that change."""
    start = 0
    for number, line in enumerate(lines):
        end = start + len(line)
        here = [(max(edit.start, start) - start, min(edit.end, end) - start, edit.text if edit.start >= start else "")
                for edit in edits if _is_in(edit, start, end, number == 0, number == len(lines) - 1)]  # fmt: skip
        if here:
            literal = document[line.start : line.end]
            before = re.search(r"[\[,]([ \t\r\n]*)$", document[: line.start])
            new = edited(line, here)
            pieces = re.findall(r"[^\n]*\n|[^\n]+", new) or [""] if len(lines) > 1 else [new]
            texts = [literal if piece == line else json.dumps(piece, ensure_ascii=literal.isascii()) for piece in pieces]
            yield Edit(line.start, line.end, f",{before[1] if before else ' '}".join(texts))
        start = end


def _is_in(edit, start, end, first, last):
    """Whether an edit concerns the line from `start` to `end`. A line that is added comes after the one before it."""
    if edit.start == edit.end and edit.text.endswith("\n"):
        return start < edit.start <= end or (first and edit.start == 0)
    return start <= edit.start < end or edit.start < start < edit.end or (last and edit.start == end)


def write_new(path, data):
    """Write a file that is not there yet; one with the same bytes is all right."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
        raise FileExistsError(f"{path} is there already, and is different: move it away, or choose another --out")
    with open(path, "xb") as file:
        file.write(data)


def replace(path, data):
    """Write `data` in the place of the file `path`, whose original stays beside it as `path`.orig."""
    path = os.path.realpath(path)
    original = f"{path}.orig"
    if os.path.lexists(original):
        raise FileExistsError(f"{original} is there already: move it away, so that this original can be kept too")
    temporary = f"{path}.ported"
    with open(temporary, "xb") as file:
        file.write(data)
    shutil.copymode(path, temporary)
    shutil.copy2(path, original)
    os.replace(temporary, path)
