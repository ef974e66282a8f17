"""Whole programs, drawn from a seed, run by Keras and by Glassbox, and compared.

    draw.py        a seed → a program as plain data: model, losses, metrics, optimizer, data, what is done with it
    modelling.py   the model of it, from
    families.py    the layers, by the rank of what they are called on
    training.py    the losses, metrics, optimizers and callbacks
    exceptions.py  what is not drawn, each with its reason
    building.py    a program → its objects and data, in either library; own.py: those that are no part of either
    running.py     a program run by both, deed by deed → all numbers that came out
    differing.py   what differs between them
    shrinking.py   a program that differs → the smallest that still does

A *part* is an object as data, {"layers.Dense": {"units": 2}}: the one key says which class, the value holds its arguments.
"""
