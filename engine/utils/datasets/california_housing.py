"""Prices of houses: `keras.datasets.california_housing`."""

from engine.utils.datasets.sources import arrays, fetched, split_by_seed

__all__ = ["load_data"]

_ROWS = {"large": slice(None), "small": slice(0, 600)}


def load_data(version="large", path="california_housing.npz", test_split=0.2, seed=113):
    """`(x_train, y_train), (x_test, y_test)`: 20,640 districts with 8 numbers each, and the median price in dollars, float32.

    The numbers tell of the place, the age of the houses, rooms, people and income.
    Arguments: `version` ("large" or "small": 600 rows), `path` (Keras's file, below ~/.keras/datasets or absolute; it is
    downloaded there if it is not), `test_split` (the part of the rows that is for the test), `seed` (of the order of rows).
    Errors: OSError that says where to put the file, if it cannot be downloaded.
    """
    if version not in _ROWS:
        raise ValueError(f"load_data takes 'large' or 'small' as `version`, received {version!r}.")
    file = arrays(fetched(path, "california_housing.npz"))
    return split_by_seed(file["x"][_ROWS[version]], file["y"][_ROWS[version]], test_split, seed)
