"""Looking without touching: nothing here changes a model.

    differences.py   the distance between two numbers that should agree, and tables of it
    gradcheck.py     gradients against finite differences;  precision.py: a float32 computation in float64
    rows.py          what to compare with Keras, as data;  parity.py: the comparison
"""
