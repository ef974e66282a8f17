"""Handwritten digits: `keras.datasets.mnist`."""

from engine.utils.datasets.sources import image_parts

__all__ = ["load_data"]


def load_data(path="mnist.npz", data_dir=None):
    """`(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 digits, uint8 (rows, 28, 28), and their numbers, uint8 (rows,).

    Arguments: `path`, a file of Keras, which is read if it is there (below ~/.keras/datasets, or absolute); `data_dir`, the
    folder of tensorflow-datasets (None: `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`), which is asked otherwise. Its rows are
    in an order of their own. Errors: DatasetError where the set is not on disk and cannot be downloaded.
    Today: `engine.datasets.load("mnist")`, floats from 0 to 1 with a channel axis.
    """
    return image_parts("mnist", path, data_dir=data_dir)
