"""The statements of a source file: which lines each takes, and which names stand on them.

    y_pred = self(x, training=True)       lines 41 to 41, names y_pred, x
    for layer in self.layers:             the head alone; the lines below are statements of their own
"""

import ast
import collections
import linecache

Statement = collections.namedtuple("Statement", "first last names")

_INSIDE = ("body", "orelse", "finalbody", "handlers", "cases")
_SILENT = ("self", "cls")


class Source:
    """A file by its name: `lines`, none where it is not there or no Python, and `statement(line)`."""

    def __init__(self, filename):
        self.filename = filename
        self.lines = [line.rstrip("\n") for line in linecache.getlines(filename)]
        self._statements = {}
        try:
            tree = ast.parse("\n".join(self.lines))
        except SyntaxError:  # code that was taken out of a text, or a file that somebody is writing
            self.lines, tree = [], ast.Module([], [])
        for node in ast.walk(tree):  # outer ones before those inside
            if isinstance(node, ast.stmt):
                self._add(node)
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
        self._ends = {_first_line(node): node.end_lineno for node in reversed(functions)}

    def _add(self, node):
        body = getattr(node, "body", None)
        last = max(node.lineno, _first_line(body[0]) - 1) if body else node.end_lineno
        found = Statement(node.lineno, last, [] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else _names(node))
        for line in range(found.first, last + 1):
            before = self._statements.get(line)
            if before is not None and before.first == found.first and before.last == last:  # `if x: return y`
                found = found._replace(names=list(dict.fromkeys(before.names + found.names)))
            self._statements[line] = found

    def statement(self, line):
        """The innermost statement on a line."""
        return self._statements.get(line) or Statement(line, line, [])

    def end(self, code):
        """The last line of the function with this code."""
        return self._ends.get(code.co_firstlineno, code.co_firstlineno)


def _first_line(node):
    return min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])


def _names(statement):
    """The names and attributes in a statement, but for what is inside of it, and for functions that are called."""
    found, waiting = [], [value for field, value in ast.iter_fields(statement) if field not in _INSIDE]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting[:0] = node
        elif isinstance(node, ast.Call):
            method = [node.func.value] if isinstance(node.func, ast.Attribute) else [] if isinstance(node.func, ast.Name) else [node.func]
            waiting[:0] = [*method, *node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, (ast.Name, ast.Attribute)) and (name := _dotted(node)):
            found.append(name)
        elif isinstance(node, ast.AST) and not isinstance(node, (ast.Lambda, ast.comprehension)):
            waiting[:0] = list(ast.iter_child_nodes(node))
    return [name for name in dict.fromkeys(found) if name not in _SILENT]


def _dotted(node):
    """`self.kernel` as text; None for what is not names and dots alone."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
