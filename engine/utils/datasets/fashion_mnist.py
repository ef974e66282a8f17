"""Pieces of clothing: `keras.datasets.fashion_mnist`."""

from engine.utils.datasets.sources import image_parts

__all__ = ["load_data"]


def load_data(data_dir=None):
    """`(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 pictures, uint8 (rows, 28, 28), and class numbers, uint8 (rows,).

    The classes are T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
    Argument and errors: as of `mnist.load_data`. Today: `engine.datasets.load("fashion_mnist")`.
    """
    return image_parts("fashion_mnist", data_dir=data_dir)
