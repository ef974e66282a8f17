"""Looking without touching: nothing here changes a model.

    summary.py       the layers as a tree;  unchanged.py: run a model and have all its state back
    differences.py   the distance between two numbers that should agree, and tables of it
    objective.py     the scalar whose gradient is checked;  precision.py: a float32 computation in float64
    gradcheck.py     gradients against finite differences
    rows.py          what to compare with Keras, as data;  parity.py: the comparison
"""
