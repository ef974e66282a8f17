"""Text and categories as numbers, inside the model: saved with it, so that it takes what the world delivers.

Reading order: encoding (numbers as counts or one-hot rows), learned (what a checkpoint compares), vocabulary (a table from tokens to
numbers), lookup, vectorization, hashing, discretization.
"""
