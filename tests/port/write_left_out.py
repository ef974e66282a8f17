"""Write the table of what is left out into docs/from-keras.md.

    python tests/port/write_left_out.py
"""

import pathlib
import re

from engine.port.names import is_module, left_out

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "from-keras.md"
TABLE = re.compile("<!-- left out -->\n(.*?)<!-- /left out -->", re.DOTALL)


def table():
    """The table as text: names with the same substitute share a row."""
    rows = {}
    for path, text in left_out():
        rows.setdefault(text, []).append(f"the rest of `{path}`" if is_module(path) else f"`{path}`")
    lines = [f"| {', '.join(names)} | {_linked(text)} |\n" for text, names in rows.items()]
    return "".join(["| of Keras | instead |\n|---|---|\n", *lines])


def _linked(text):
    return re.sub(r"docs/(\w+\.md)", r"[\1](\1)", text)


def main():
    """Bring the page up to date."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: f"<!-- left out -->\n{table()}<!-- /left out -->", text), encoding="utf-8")


if __name__ == "__main__":
    main()
