"""Whole programs, drawn from a seed, run by Keras and by Glassbox, and compared.

    draw.py        a seed → a program as plain data: model, losses, metrics, optimizer, data, what is done with it
    families.py    the layers that it draws from, by the rank of what they are called on
    training.py    the losses, metrics, optimizers and callbacks that it draws from
    building.py    a program → its objects, in either library
    running.py     a program run by both, deed by deed → all numbers that came out
    differing.py   what differs between them
    shrinking.py   a program that differs → the smallest that still does
    exceptions.py  what is not drawn, each with its reason

A *part* is an object as data, {"layers.Dense": {"units": 2}}: the one key says which class, the value holds its arguments.
"""
