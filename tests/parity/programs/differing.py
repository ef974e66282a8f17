"""What differs between the two runs of a program."""

import collections
import re

import numpy as np

from .running import Refusal, run

RELATIVE, ABSOLUTE = 1e-8, 1e-10
Difference = collections.namedtuple("Difference", "kind text")  # kind: what stays the same while a program shrinks


def difference(program):
    """The first Difference, or None."""
    try:
        results = run(program)
    except Refusal as refusal:
        return Difference(refusal.kind, str(refusal))
    theirs, ours = results["Keras"], results["Glassbox"]
    missing = [name for name in theirs if name not in ours]
    surplus = [name for name in ours if name not in theirs and not is_term(name)]
    if missing or surplus:
        return Difference(("names",), f"names: only in Keras {missing}, only here {surplus}")
    for name, values in theirs.items():
        text = differing(values, ours[name])
        if text:
            return Difference(("numbers",), f"{name}: {text}")
    return None


def is_term(name):
    """Whether it is a term of the loss, which Keras does not report."""
    return re.search(r"_loss(_\d+)?$|regularizer(_\d+)?$", name)


def differing(theirs, ours):
    """In which way two arrays, or lists of them, differ; None if they do not."""
    if isinstance(theirs, list) and np.ndim(theirs[0] if theirs else 0):
        if len(theirs) != len(ours):
            return f"{len(theirs)} arrays in Keras, {len(ours)} here"
        found = [(place, differing(*pair)) for place, pair in enumerate(zip(theirs, ours))]
        return next((f"number {place}: {text}" for place, text in found if text), None)
    theirs, ours = np.asarray(theirs), np.asarray(ours)
    if theirs.shape != ours.shape:
        return f"shape {theirs.shape} in Keras, {ours.shape} here"
    if theirs.size == 0 or np.array_equal(theirs, ours, equal_nan=True):
        return None
    scale = np.max(np.abs(theirs), initial=0, where=np.isfinite(theirs))
    if np.allclose(ours, theirs, rtol=0, atol=RELATIVE * scale + ABSOLUTE, equal_nan=True):
        return None
    return f"Keras {theirs.ravel()[:4]}, here {ours.ravel()[:4]}, largest difference {np.nanmax(np.abs(theirs - ours)):.1e}"
