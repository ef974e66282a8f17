"""Where a run of `fit` is, so that it can be written down and continued."""

import dataclasses
from typing import Any


@dataclasses.dataclass
class Run:
    """One `fit`: the model, its data and callbacks, the epoch it is in, and the steps of it that are done."""

    model: Any
    feed: Any
    callbacks: list
    epoch: int = 0
    step: int = 0
