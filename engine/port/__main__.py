"""Programs for Keras, rewritten to run here: `glassbox port FILE...`, or `python -m engine.port FILE...`.

Exit status 0 if nothing is left to do by hand, 1 if something is, 2 if a file could not be read or written.
"""

import argparse
import os
import sys

from engine.port import files


def main(arguments=None):
    """The command `glassbox`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="glassbox", description="A training engine with nothing hidden.")
    command = parser.add_subparsers(required=True).add_parser(
        "port", help="rewrite programs for Keras to run here", description=__doc__.partition("\n")[0],
        epilog="Status 0: nothing is left to do by hand; 1: what is printed is; 2: a file could not be read or written.")  # fmt: skip
    command.add_argument("files", nargs="+", metavar="FILE", help="a script (.py) or a notebook (.ipynb)")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--check", action="store_true", help="say what would change, and write nothing")
    where.add_argument("--out", default="ported", metavar="DIR", help="write there; default: %(default)s")
    where.add_argument("--in-place", action="store_true", help="write in the place of the file, which is kept beside it as FILE.orig")
    options = parser.parse_args(arguments)
    paths = [os.path.normpath(path) for path in options.files]
    above = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    return max(_port(path, os.path.relpath(os.path.abspath(path), above), options) for path in paths)


def _port(path, name, options):
    """Port one file, and print what was done; the exit status."""
    try:
        if not path.endswith((".py", ".ipynb")):
            raise ValueError("is neither a script (.py) nor a notebook (.ipynb)")
        old, new, found, notebook = files.ported(path)
        target = path if options.check or options.in_place else os.path.join(options.out, name)
        if options.in_place and new != old:
            files.replace(path, new)
        elif not options.check and not options.in_place:
            files.write_new(target, new)
    except (OSError, ValueError, SyntaxError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    for cell, line, before, after in found.changes:
        change = f"{_shown(before)} → {_shown(after)}" if before and after else f"{'added' if after else 'removed'}: {_shown(before or after)}"
        print(f"{_place(path, cell, line, notebook)}: {change}")
    for cell, line, what in found.left:
        print(f"{_place(path, cell, line, notebook)}: {what}")
    number = len(found.changes)
    changed = f"{number} change{'s' * (number > 1)}" if number else "nothing to change"
    print(f"{path}: {changed}, {len(found.left)} left to do by hand" + ("" if options.check or target == path and new == old else f"; written to {target}"))
    return 1 if found.left else 0


def _place(path, cell, line, notebook):
    return f"{path}:cell {cell + 1}:{line}" if notebook else f"{path}:{line}"


def _shown(text):
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main(["port", *sys.argv[1:]]))
