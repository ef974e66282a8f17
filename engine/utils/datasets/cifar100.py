"""Small photographs of 100 classes: `keras.datasets.cifar100`."""

from engine.utils.datasets.sources import image_parts

__all__ = ["load_data"]


def load_data(label_mode="fine", data_dir=None):
    """`(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 photographs, uint8 (rows, 32, 32, 3), and uint8 (rows, 1).

    Arguments: `label_mode` ("fine": 100 classes; "coarse": the 20 groups they are in), `data_dir` and errors as of
    `mnist.load_data`. Today: `engine.datasets.load("cifar100")`.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"load_data takes 'fine' or 'coarse' as `label_mode`, received {label_mode!r}.")
    label = "label" if label_mode == "fine" else "coarse_label"
    return image_parts("cifar100", label=label, column=True, data_dir=data_dir)
