"""Would the tables notice? Each wrong of wrongs.py is done to the code, and the row named beside it must fail.

The wrong is written into the function's own source, compiled, and put in place of its code for the time of one run
of the row. Only a failed comparison counts: code that merely crashes has shown nothing. All runs are in one nested
session of pytest, because collecting the rows takes longer than running a few of them.
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


class Trials:
    """A plugin that runs each row as the code is, and then with the wrong. `found`: {name of the wrong: two errors}."""

    def __init__(self, wrongs):
        self.wrongs, self.found, self.ended = wrongs, {}, []

    def pytest_runtestloop(self, session):
        items = {(item.path, item.name): item for item in session.items}
        for wrong in self.wrongs:
            file, _, name = wrong.caught_by.partition("::")
            item = items[(HERE / file).resolve(), name]
            try:
                before = self.run(item)
                with done(wrong):
                    self.found[wrong.name] = before, self.run(item)
            except Exception as error:  # of doing the wrong, not of the row
                self.found[wrong.name] = error
        return True

    def run(self, item):
        """The error that a test ends with, or None."""
        self.ended.clear()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        (error,) = self.ended
        return error

    def pytest_runtest_makereport(self, item, call):
        if call.when == "call":
            self.ended.append(call.excinfo)


@pytest.fixture(scope="module")
def trials(request):
    """What became of the wrongs that were asked for."""
    asked = [item.callspec.params["wrong"] for item in request.session.items if hasattr(item, "callspec")
             and item.function is test_wrong_is_caught]  # fmt: skip
    plugin = Trials(asked)
    nodes = sorted({str(HERE / wrong.caught_by) for wrong in asked})
    pytest.main([*nodes, "-n", "0", "--quiet", "--tb=no", "--no-header", "--no-summary"], plugins=[plugin])
    return plugin.found


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.name)
def test_wrong_is_caught(wrong, trials):
    if isinstance(trials[wrong.name], Exception):
        raise trials[wrong.name]
    without, error = trials[wrong.name]
    assert without is None, f"{wrong.caught_by} fails without any wrong: {without.value!r}"
    assert error is not None, f"{wrong.caught_by} passes although {wrong.name}"
    assert issubclass(error.type, AssertionError), f"crashed instead of differing: {error.value!r}"


def test_there_are_enough_wrongs():
    assert len({wrong.name for wrong in WRONGS}) == len(WRONGS) >= 40
