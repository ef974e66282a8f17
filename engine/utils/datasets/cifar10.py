"""Small photographs of 10 classes: `keras.datasets.cifar10`."""

from engine.utils.datasets.sources import image_parts

__all__ = ["load_data"]


def load_data(data_dir=None):
    """`(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 photographs, uint8 (rows, 32, 32, 3), and uint8 (rows, 1).

    The classes are airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.
    Argument and errors: as of `mnist.load_data`. Today: `engine.datasets.load("cifar10")`.
    """
    return image_parts("cifar10", column=True, data_dir=data_dir)
