"""What programs do beside the model: prepare arrays, fetch files, draw. Names and numbers are those of `keras.utils`.

Reading order: categories (one-hot rows), sequences (lists of different lengths), text (words as numbers), files, images,
directories and series (tf.data pipelines), plotting (pictures of models), backend (TensorFlow under older names),
image_generator (images of older programs), datasets (the sets of `keras.datasets`).
"""

from engine.data.sequences import PyDataset
from engine.random import set_seed as set_random_seed
from engine.small_parts.naming import clear_session
from engine.utils import backend as backend
from engine.utils.categories import normalize, to_categorical
from engine.utils.directories import (
    image_dataset_from_directory,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)
from engine.utils.files import get_file
from engine.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize
from engine.utils.plotting import model_to_dot, plot_model
from engine.utils.sequences import TimeseriesGenerator, make_sampling_table, pad_sequences, skipgrams
from losses.ground.lookup import custom_object_scope, get_custom_objects, register_keras_serializable

Sequence = PyDataset
CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope", "PyDataset", "Sequence", "TimeseriesGenerator", "array_to_img", "clear_session",
    "custom_object_scope", "get_custom_objects", "get_file", "image_dataset_from_directory", "img_to_array", "load_img", "make_sampling_table",
    "model_to_dot", "normalize", "pad_sequences", "plot_model", "register_keras_serializable", "save_img", "set_random_seed", "skipgrams", "smart_resize",
    "text_dataset_from_directory", "timeseries_dataset_from_array", "to_categorical",
]  # fmt: skip
