"""What programs do beside the model: prepare arrays, fetch files, draw. Names and numbers are those of `keras.utils`.

Reading order: categories (one-hot rows), sequences (lists of different lengths), text (words as numbers), files, images,
directories and series (tf.data pipelines), splitting, draws (random numbers), objects (as plain data), plotting (pictures of
models), backend (TensorFlow under older names), image_generator (images of older programs), datasets (those of `keras.datasets`).
"""

from engine.data.sequences import PyDataset
from engine.random import set_seed as set_random_seed
from engine.small_parts.batch import pack as pack_x_y_sample_weight
from engine.small_parts.batch import unpack as unpack_x_y_sample_weight
from engine.small_parts.naming import clear_session
from engine.utils import backend as backend
from engine.utils.backend.tensors import is_keras_tensor
from engine.utils.categories import normalize, to_categorical
from engine.utils.directories import (
    image_dataset_from_directory,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)
from engine.utils.files import get_file
from engine.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize
from engine.utils.objects import deserialize_keras_object, get_registered_name, get_registered_object, serialize_keras_object
from engine.utils.plotting import model_to_dot, plot_model
from engine.utils.sequences import TimeseriesGenerator, make_sampling_table, pad_sequences, skipgrams
from engine.utils.splitting import split_dataset
from losses.ground.lookup import custom_object_scope, get_custom_objects, register_keras_serializable

Sequence = PyDataset
CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope", "PyDataset", "Sequence", "TimeseriesGenerator", "array_to_img", "clear_session",
    "custom_object_scope", "deserialize_keras_object", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object",
    "image_dataset_from_directory", "img_to_array", "is_keras_tensor", "load_img", "make_sampling_table", "model_to_dot",
    "normalize", "pack_x_y_sample_weight", "pad_sequences", "plot_model", "register_keras_serializable", "save_img",
    "serialize_keras_object", "set_random_seed", "skipgrams", "smart_resize", "split_dataset",
    "text_dataset_from_directory", "timeseries_dataset_from_array", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip
