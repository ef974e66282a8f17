"""Layers of several inputs: broadcasting, ranks that differ, masks of some or all."""

import numpy as np

from engine.study.parity import row

ONE = np.array([[1, 1, 0], [1, 0, 0]], bool)
TWO = np.array([[0, 1, 0], [1, 0, 1]], bool)
SAME, BOTH = [(2, 3, 5), (2, 3, 5)], [ONE, TWO]

ELEMENTWISE = [
    made
    for name, smooth in dict(Add=True, Subtract=True, Multiply=True, Average=True, Maximum=False, Minimum=False).items()
    for made in [
        row(name, x=SAME, smooth=smooth),
        row(name, x=SAME, masks=BOTH, smooth=smooth),
        row(name, x=SAME, masks=[ONE, None], smooth=smooth),
        row(name, x=[(2, 3, 5), (2, 1, 5)], smooth=smooth),
        row(name, x=[(2, 3, 4, 5), (2, 5)], smooth=smooth),
        row(name, x=[(2, 3, 5), (2, 4, 5)], raises="broadcast to each other"),
        row(name, x=[(2, 3, 5), (1, 3, 5)], raises="broadcast to each other"),
        row(name, x=(2, 3, 5), raises="takes a list"),
    ]
] + [
    row(name, x=[(2, 3, 5)] * 3, masks=[ONE, TWO, ONE], smooth=name != "Maximum")
    for name in ("Add", "Multiply", "Average", "Maximum")
] + [
    row("Add", x=[(2, 3, 5)]),
    row("Subtract", x=[(2, 3, 5)] * 3, raises="list of 2 inputs"),
]  # fmt: skip

CONCATENATIONS = [
    row("Concatenate", x=[(2, 3, 5), (2, 3, 4), (2, 3, 1)]),
    row("Concatenate", dict(axis=1), x=[(2, 3, 5), (2, 4, 5)]),
    row("Concatenate", x=SAME, masks=BOTH),
    row("Concatenate", x=SAME, masks=[ONE, None]),
    row("Concatenate", dict(axis=1), x=SAME, masks=BOTH),
    row("Concatenate", dict(axis=1), x=SAME, masks=[None, TWO]),
    row("Concatenate", dict(axis=0), x=[(2, 3, 5), (2, 3, 5)], masks=BOTH),
    row("Concatenate", x=[(2, 3, 5), (2, 4, 5)], raises="agree in all axes but -1"),
    row("Concatenate", x=[(2, 3, 5), (2, 5)], raises="agree in all axes but -1"),
    row("Concatenate", dict(axis=4), x=SAME, raises="agree in all axes but 4"),
    row("Concatenate", x=(2, 3, 5), raises="takes a list"),
]  # fmt: skip

PRODUCTS = [
    row("Dot", dict(axes=1), x=[(3, 5), (3, 5)]),
    row("Dot", dict(axes=1, normalize=True), x=[(3, 5), (3, 5)]),
    row("Dot", dict(axes=2), x=[(2, 3, 5), (2, 4, 5)]),
    row("Dot", dict(axes=-1, normalize=True), x=[(2, 3, 5), (2, 4, 5)]),
    row("Dot", dict(axes=1), x=[(2, 3, 5), (2, 3, 4)]),
    row("Dot", dict(axes=(2, 1)), x=[(2, 3, 5), (2, 5)]),
    row("Dot", dict(axes=[1, 2]), x=[(2, 5), (2, 3, 5)]),
    row("Dot", dict(axes=(2, 2)), x=[(2, 6, 5, 4), (2, 3, 5, 7)]),
    row("Dot", dict(axes=(3, 2)), x=[(2, 6, 3, 5), (2, 4, 5)]),
    row("Dot", dict(axes=2), x=SAME, masks=BOTH),
    row("Dot", dict(axes=1), x=[(2, 3, 5), (2, 4, 5)], raises="sums over axes 1"),
    row("Dot", dict(axes=0), x=SAME, raises="not the batch"),
    row("Dot", dict(axes=(1, 2, 1)), raises="a pair of axes"),
    row("Dot", dict(axes=1), x=[(3, 5)], raises="list of 2 inputs"),
]  # fmt: skip

ROWS = ELEMENTWISE + CONCATENATIONS + PRODUCTS
