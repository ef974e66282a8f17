"""`if`, `for` and `while` on tensors in functions that users wrote.

Functions are traced as they are: what is in a traceback is what the user wrote. Where TensorFlow refuses a tensor as a Python
bool, iterator or number, that function is translated by `tf.autograph` (into tf.cond and tf.while_loop), once, and this is
remembered. Eagerly nothing is refused, and nothing translated: both ways give the same numbers.
"""

import inspect
import os
import re
import threading
import traceback
import weakref

import tensorflow as tf

_OURS = ("losses", "engine", "layers")
_refused = weakref.WeakKeyDictionary()  # by owner: code that TensorFlow has refused to trace as it is
_translated = weakref.WeakKeyDictionary()  # function → what AutoGraph made of it


class _State(threading.local):
    begins_anew = False  # whether the trace under way is made once more when a function turns out to need translation


_state = _State()


class _Again(BaseException):  # passes by whatever handles errors
    """The trace is to be made once more."""


def traceable(function, *args, **kwargs):
    """`function(*args, **kwargs)`, where `function` may have been written by a user with control flow on tensors."""
    if tf.executing_eagerly():
        return function(*args, **kwargs)
    plain, bound = _plain(function)
    if plain is None:
        return function(*args, **kwargs)
    # A method of ours calls what this object was given, such as an activation: for other objects it stays as it is.
    owner = bound[0] if bound and (plain.__module__ or "").split(".")[0] in _OURS else traceable
    refused = _refused.setdefault(owner, set())
    if plain.__code__ not in refused:
        try:
            return function(*args, **kwargs)
        except (TypeError, tf.errors.OperatorNotAllowedInGraphError) as error:
            if not _is_refusal(error) or not _can_translate(plain):
                raise
            refused.add(plain.__code__)
        if _state.begins_anew:  # what the function has done until then, such as assignments, is in the graph
            raise _Again
    translated = _translate(plain)
    try:
        return translated(*bound, *args, **kwargs)
    except Exception as error:
        _end_at_users_line(error, translated)
        raise


def value_of(function, *args, **kwargs):
    """As `traceable`, for a function that has to give something: None, as without `return`, is a ValueError that names it.

    >>> value_of(len, "abc")
    3
    """
    value = traceable(function, *args, **kwargs)
    if value is None:
        raise ValueError(f"{_named(function)} returned None, where a value is expected. Add `return`.")
    return value


def _named(function):
    """The function as its author knows it, with the line that it begins on."""
    plain, bound = _plain(function)
    owner = getattr(bound[0], "_title", type(bound[0]).__name__) + "." if bound else ""
    code = getattr(plain or function, "__code__", None)
    place = f" ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})" if code else ""
    return f"{owner}{getattr(plain or function, '__name__', type(function).__name__)}(){place}"


def trace(function, *specs, jit_compile=None):
    """The concrete function of `function` for `specs`, begun anew where a function in it turns out to need translation."""
    while True:
        before, _state.begins_anew = _state.begins_anew, True
        try:
            return tf.function(function, autograph=False, jit_compile=jit_compile).get_concrete_function(*specs)
        except _Again:
            continue
        finally:
            _state.begins_anew = before


def in_threads(function):
    """`function` for other threads, in which parts of the trace under way here are made, such as those of replicas."""
    here = _state.begins_anew

    def there(*args):
        before, _state.begins_anew = _state.begins_anew, here
        try:
            return function(*args)
        finally:
            _state.begins_anew = before

    return there


def _plain(function):
    """(Python function, what comes before its arguments) of a function, a method or an object that can be called."""
    if inspect.isfunction(function):
        return function, ()
    if inspect.ismethod(function) and inspect.isfunction(function.__func__):
        return function.__func__, (function.__self__,)
    call = type(function).__call__
    return (call, (function,)) if inspect.isfunction(call) else (None, ())


def _is_refusal(error):
    """Whether TensorFlow said that a tensor of a traced function has no value to be a bool, a number or an iterator."""
    if isinstance(error, tf.errors.OperatorNotAllowedInGraphError):
        return True
    known = r"'SymbolicTensor' object cannot be interpreted as an integer|not 'SymbolicTensor'|len is not well defined for a symbolic"
    return re.search(known, str(error)) is not None


def _can_translate(function):
    """Whether the source is there: a function typed into `python -c` has none."""
    try:
        _translate(function)
    except Exception:  # noqa: BLE001 (AutoGraph raises what it likes; the error that led here says what is wrong)
        return False
    return True


def _translate(function):
    if function not in _translated:
        _translated[function] = tf.autograph.to_graph(function)
    return _translated[function]


def _end_at_users_line(error, translated):
    """Let the traceback of `error` end at the line that the user wrote, not in the file that AutoGraph made of it."""
    metadata = getattr(error, "ag_error_metadata", None)  # of functions that the translated one called
    places = [(frame.filename, frame.lineno, frame.function_name)
              for frame in (metadata.translated_stack if metadata else ()) if frame.is_converted]  # fmt: skip
    origins = {(line.filename, line.lineno): origin for line, origin in translated.ag_source_map.items()}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if (frame.filename, frame.lineno) in origins:
            origin = origins[frame.filename, frame.lineno]
            places.append((origin.loc.filename, origin.loc.lineno, origin.function_name))
            break
    if places:
        filename, line, name = places[0]
        code = compile("\n" * (line - 1) + "raise error", filename, "exec").replace(co_name=name or "<lambda>")
        exec(code, {"error": error.with_traceback(None)})  # raises it there
