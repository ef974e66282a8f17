"""One scalar weight worked through in numbers: its gradient → slots → new value, by the optimizer's own formula.

The formula is not written down a second time: the optimizer's `new_values` runs, and each line of it that is executed
is shown as it stands in the source, with the numbers of this one scalar in place of the names.
"""

import ast
import dataclasses
import inspect
import re
import sys
import textwrap

import numpy as np
import tensorflow as tf

_NUMBER = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.\w+)*)(?!\w|\()")

_RETURNED = ("step", "variable")  # what a function without, and with, a `variable` among its arguments gives back


@dataclasses.dataclass
class Worked:
    """The scalar `path[index]`; `lines` are (name, formula, formula in numbers, result)."""

    path: str
    index: tuple
    gradient: float
    clipped: float
    slots: dict  # name: (before, after)
    value: float
    new_value: float
    lines: list

    def __str__(self):
        place = f"{self.path}[{', '.join(map(str, self.index))}]"
        text = [f"{place} = {self.value:.9g}", f"  gradient {self.gradient:.9g}"]
        if self.clipped != self.gradient:
            text.append(f"  gradient after clipping {self.clipped:.9g}")
        for name, formula, in_numbers, result in self.lines:
            text += [f"  {name} = {formula}", f"  {' ' * len(name)} = {in_numbers} = {result:.9g}"]
        text += [f"  slot {name}: {old:.9g} → {new:.9g}" for name, (old, new) in self.slots.items()]
        return "\n".join([*text, f"{place} → {self.new_value:.9g}"])


def formula(optimizer, variable, gradient, index):
    """The executed lines of the optimizer's formula for `variable`, before its update, at the scalar `index`."""
    if optimizer.gradient_accumulation_steps:
        return []  # the formula sees a mean over several batches
    lines, value = [], variable.read_value()
    rate = tf.cast(optimizer.learning_rate, variable.dtype)
    decay = optimizer.weight_decay_of(variable)
    optimizer.begin_step()
    prepared = optimizer.prepare_step(rate)
    if decay and variable not in optimizer._undecayed:
        number, decayed = value.numpy()[index], value - value * (rate * decay)
        numbers = f"{number:.6g} - {number:.6g} * {float(rate):.6g} * {decay:.6g}"
        lines.append(("variable", "variable - variable * learning_rate * weight_decay", numbers, decayed.numpy()[index]))
        value = decayed
    slots = {name: slot.read_value() for name, slot in optimizer._slots[id(variable)].items()}
    watcher = _Watcher(index, tuple(variable.shape), {inspect.getsourcefile(cls) for cls in type(optimizer).__mro__[:-1]})
    try:
        watcher.run(optimizer.new_values, value, gradient, prepared, **slots)
    except NotImplementedError:  # an optimizer of a user's own that overrides update_step
        return lines
    return lines + watcher.lines


class _Watcher:
    """Runs a function and notes the assignments in those functions of `gradient` that are in one of `files`."""

    def __init__(self, index, shape, files):
        self.index, self.shape, self.files, self.lines = index, shape, files, []

    def run(self, function, *args, **kwargs):
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(before)

    def _enter(self, frame, event, _):
        code = frame.f_code
        if "gradient" not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] or code.co_filename not in self.files:
            return None
        statements, pending = _assignments(code), []

        def follow(frame, event, value):
            if pending and event in ("line", "return"):
                name, expression, in_numbers = pending.pop()
                returned = value[0] if isinstance(value, tuple) else value
                result = self._scalar(returned if name in _RETURNED and event == "return" else frame.f_locals.get(name))
                if result is not None:
                    self.lines.append((name, expression, in_numbers, result))
            if event == "line" and frame.f_lineno in statements:
                name, expression = statements[frame.f_lineno]
                pending.append((name, expression, self._in_numbers(expression, frame.f_locals)))
            return follow

        return follow

    def _scalar(self, value):
        """The number that `value` has for the one scalar; None where it has none."""
        if isinstance(value, (bool, str, type(None))) or not isinstance(value, (int, float, tf.Tensor, np.generic)):
            return None
        value = np.asarray(value)
        if value.ndim and value.shape != self.shape:
            return None
        return float(value[self.index] if value.ndim else value)

    def _in_numbers(self, expression, names):
        def number(match):
            value = names.get(match[1].split(".")[0])
            for attribute in match[1].split(".")[1:]:
                value = getattr(value, attribute, None)
            value = self._scalar(value)
            return match[1] if value is None else f"({value:.6g})" if value < 0 else f"{value:.6g}"

        return _NUMBER.sub(number, expression).replace("tf.", "")


def _assignments(code):
    """{line: (name, expression)} of the assignments to one name, and of a first value that is computed and returned."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    found = {}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0) + code.co_firstlineno - 1
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[line] = (node.targets[0].id, ast.unparse(node.value))
        elif isinstance(node, ast.Return):
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
            if isinstance(value, ast.BinOp):
                found[line] = (_RETURNED["variable" in code.co_varnames[: code.co_argcount]], ast.unparse(value))
    return found
