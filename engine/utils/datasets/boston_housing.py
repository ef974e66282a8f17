"""Prices of houses: `keras.datasets.boston_housing`."""

from engine.utils.datasets.sources import arrays, fetched, split_by_seed

__all__ = ["load_data"]


def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
    """`(x_train, y_train), (x_test, y_test)`: 506 places with 13 numbers each, and the median price in thousands of dollars.

    One of the numbers is a wrong idea about the skin colour of neighbours. Take `california_housing` instead.
    Arguments: `path` (Keras's file, below ~/.keras/datasets or absolute; it is downloaded there if it is not), `test_split` (the
    part of the rows that is for the test), `seed` (of the order of rows).
    Errors: OSError that says where to put the file, if it cannot be downloaded.
    """
    file = arrays(fetched(path, "boston_housing.npz"))
    return split_by_seed(file["x"], file["y"], test_split, seed)
