"""What programs do beside the model: prepare arrays, fetch files, draw. Names and numbers are those of `keras.utils`.

Reading order: categories (one-hot rows), sequences (lists of different lengths), text (words as numbers), files, images,
directories and series (tf.data pipelines), plotting, backend (TensorFlow under older names).
"""

from engine.data.sequences import PyDataset
from engine.random import set_seed as set_random_seed
from engine.small_parts.naming import clear_session
from engine.utils.categories import normalize, to_categorical
from engine.utils.files import get_file
from engine.utils.sequences import TimeseriesGenerator, make_sampling_table, pad_sequences, skipgrams
from losses.ground.lookup import custom_object_scope

Sequence = PyDataset
CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope", "PyDataset", "Sequence", "TimeseriesGenerator", "clear_session", "custom_object_scope", "get_file",
    "make_sampling_table", "normalize", "pad_sequences", "set_random_seed", "skipgrams", "to_categorical",
]  # fmt: skip
