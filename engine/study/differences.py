"""How far two results that should agree are apart, where, and as a table."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from engine import hints
from engine.study.notebook import fragment, section
from engine.text import table

# Gradients that are zero in mathematics come out as rounding noise, different on the two sides. A tensor whose
# largest value is below this is measured as if it were this large.
SMALLEST_SCALE = 1e-3


class ParityError(AssertionError):
    """Two results that should agree do not."""


@dataclasses.dataclass
class Difference:
    """One quantity compared: the largest relative error, and where it is.

        error = max |ours - theirs| / max(max |theirs|, SMALLEST_SCALE)
    """

    quantity: str
    error: float
    tolerance: float
    index: tuple = ()
    ours: object = None
    theirs: object = None

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance

    def __str__(self):
        where = f" at {list(self.index)}" if self.index else ""
        return f"{self.quantity}{where}: ours {self.ours}, theirs {self.theirs}, relative difference {self.error:.2g}"


def difference(quantity, ours, theirs, tolerance):
    """The Difference of two arrays, or of two values of any other kind, which agree or do not."""
    ours, theirs = (np.asarray(item) if isinstance(item, np.generic) else item for item in (ours, theirs))
    arrays = isinstance(ours, np.ndarray), isinstance(theirs, np.ndarray)
    if not all(arrays):
        return Difference(quantity, 0.0 if not any(arrays) and ours == theirs else np.inf, tolerance, (), ours, theirs)
    if ours.shape != theirs.shape:
        return Difference(f"shape of {quantity}", np.inf, tolerance, (), ours.shape, theirs.shape)
    if ours.dtype != theirs.dtype:
        return Difference(f"dtype of {quantity}", np.inf, tolerance, (), ours.dtype.name, theirs.dtype.name)
    if not ours.size:
        return Difference(quantity, 0.0, tolerance)
    wide = [np.asarray(array, "complex128" if array.dtype.kind == "c" else "float64") for array in (ours, theirs)]
    with np.errstate(invalid="ignore"):
        apart = np.abs(wide[0] - wide[1])
    same = (wide[0] == wide[1]) | (np.isnan(wide[0]) & np.isnan(wide[1]))  # infinities, and NaN on both sides
    apart = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
    finite = np.abs(wide[1][np.isfinite(wide[1])])
    scale = max(finite.max(initial=0.0), SMALLEST_SCALE)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(apart), apart.shape))
    return Difference(quantity, float(apart[index] / scale), tolerance, index, ours[index].item(), theirs[index].item())


class Comparison:
    """All differences of one comparison, in the order in which they were measured."""

    def __init__(self, title: str, leave_out: Sequence[str] = ()) -> None:
        self.title = title
        self.leave_out = leave_out
        self.differences: list[Difference] = []

    def add(self, quantity: str, ours: hints.Values, theirs: hints.Values, tolerance: float) -> None:
        """Measure one quantity, unless a word of `leave_out` is in its name."""
        if not any(word in quantity for word in self.leave_out):
            self.differences.append(difference(quantity, ours, theirs, tolerance))

    @property
    def ok(self) -> bool:
        """Whether all agree, each within its tolerance."""
        return all(item.ok for item in self.differences)

    def largest(self, word: str = "") -> float | None:
        """The largest error of the quantities whose name contains `word`; None if there is none."""
        return max((item.error for item in self.differences if word in item.quantity), default=None)

    def raise_if_different(self) -> None:
        """A ParityError that names the first quantity that differs, unless all agree."""
        wrong = [item for item in self.differences if not item.ok]
        if wrong:
            rest = f"\n({len(wrong) - 1} more of {len(self.differences)} quantities differ)" if len(wrong) > 1 else ""
            raise ParityError(f"{self.title}: {wrong[0]}{rest}")

    def _table(self):
        rows = [
            (item.quantity, f"{item.error:.1e}", str(list(item.index)), _short(item.ours), _short(item.theirs),
             "ok" if item.ok else "DIFFERENT")
            for item in self.differences
        ]  # fmt: skip
        return ("quantity", "relative", "at", "ours", "theirs", ""), rows

    def __str__(self):
        return f"{self.title}\n{table(*self._table())}"

    def _repr_html_(self):
        return fragment(f"{self.title}: {'equal' if self.ok else 'DIFFERENT'}", section("", *self._table()))


def _short(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:40]
