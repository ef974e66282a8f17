"""Would the tables notice? Each wrong of wrongs.py is done to the code, and the row named beside it must fail.

The wrong is written into the function's own source, compiled, and put in place of its code for the time of one run
of the row. Only a failed comparison counts: code that merely crashes has shown nothing.
"""

import ast
import contextlib
import importlib
import inspect
import pathlib
import textwrap
import types

import pytest
from wrongs import WRONGS

HERE = pathlib.Path(__file__).parent


def find(where):
    """`"layers.dense:Dense.call"` → the plain function, without decorators."""
    module, path = where.split(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    return inspect.unwrap(found)


def code_of(function, right, wrong):
    """The code of `function` with the text `right`, which must occur once in it, replaced by `wrong`."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(right) == 1, f"{right!r} occurs {source.count(right)} times in {function.__qualname__}"
    definition = ast.parse(source.replace(right, wrong)).body[0]
    definition.decorator_list = []
    text, name = ast.unparse(definition), f"<sabotaged {function.__qualname__}>"
    if "__class__" not in function.__code__.co_freevars:
        return nested(compile(text, name, "exec"), function.__name__)
    # A method that says super() has its class as a free variable: give it a function around it to have it from.
    inner = textwrap.indent(text, "    ")
    return nested(nested(compile(f"def around(__class__):\n{inner}", name, "exec"), "around"), function.__name__)


def nested(code, name):
    """The code object `name` inside of `code`."""
    return next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)


@contextlib.contextmanager
def done(wrong):
    """Within the block the code is wrong."""
    function = find(wrong.where)
    before = function.__code__
    function.__code__ = code_of(function, wrong.right, wrong.wrong)
    try:
        yield
    finally:
        function.__code__ = before


class Witness:
    """A plugin that keeps how the tests of a nested run ended."""

    def __init__(self):
        self.ended = []

    def pytest_runtest_makereport(self, item, call):
        if call.when == "call":
            self.ended.append(call.excinfo)


def run(nodes):
    """Run tests in this process: for each the error that it ended with, or None."""
    witness = Witness()
    arguments = [str(HERE / node) for node in nodes]
    pytest.main([*arguments, "--quiet", "--tb=no", "--no-header", "--no-summary"], plugins=[witness])
    assert len(witness.ended) == len(nodes), f"{len(witness.ended)} tests ran for {nodes}"
    return witness.ended


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.name)
def test_wrong_is_caught(wrong):
    with done(wrong):
        (error,) = run([wrong.caught_by])
    assert error is not None, f"{wrong.caught_by} passes although {wrong.name}"
    assert issubclass(error.type, AssertionError), f"crashed instead of differing: {error.value!r}"


def test_enough_wrongs_and_each_row_passes_without_them():
    assert len({wrong.name for wrong in WRONGS}) == len(WRONGS) >= 40
    nodes = sorted({wrong.caught_by for wrong in WRONGS})
    assert run(nodes) == [None] * len(nodes)
