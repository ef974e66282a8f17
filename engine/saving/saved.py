"""What a model can do with files: the methods of `Model` for it, each in a file of its own here."""

import json
import os
from typing import Any

from engine import hints, spellings
from engine.configs.json_data import to_json
from engine.saving import disk, model_file, tensorflow_files, weights
from engine.saving.export import export as export_model
from losses.ground.configurable import serialize_object


class Saved:
    """Half of `Model`: `save`, `save_weights`, `load_weights`, `export`, `to_json`."""

    @spellings.passes_over(*spellings.OF_FORMATS)
    def save(self, filepath: hints.File, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the whole model to one file, for `engine.saving.load_model`. See `engine.saving.model_file`.

        `overwrite=False`: a FileExistsError where there is a file already. There is one format, whatever the name ends in.
        """
        _check_free(filepath, overwrite)
        model_file.save(self, filepath, include_optimizer)

    @spellings.passes_over(*spellings.OF_FORMATS)
    def save_weights(self, filepath: hints.File, overwrite: bool = True) -> None:
        """Write the weights to one safetensors file, under their paths; a checkpoint of TensorFlow where `.ckpt` is in the name.

        The directory is made if there is none. `overwrite=False`: a FileExistsError where there is a file already.
        """
        _check_free(filepath, overwrite)
        if not os.path.exists(folder := os.path.dirname(os.path.abspath(filepath))):
            disk.make_directory(folder)
        (tensorflow_files.save if tensorflow_files.is_one(filepath) else weights.save_weights)(self, filepath)

    @spellings.passes_over("options")
    def load_weights(self, filepath: hints.File, skip_mismatch: bool = False, by_name: bool = False, strict: bool = True) -> Any:
        """Assign the weights of a file; all are checked before any is assigned. See `engine.saving.weights`.

        `strict=False`, or `skip_mismatch=True`: those that fit. `by_name=True`, of an HDF5 file of Keras 2: the layers that both
        have; in all others weights go by their paths.
        """
        strict = strict and not skip_mismatch
        if tensorflow_files.is_one(filepath) and not by_name:
            return tensorflow_files.load(self, filepath, strict)
        return weights.load_weights(self, filepath, strict, by_name)

    @spellings.passes_over("verbose")
    def export(self, filepath: hints.File, format: str = "tf_saved_model", input_signature: hints.Nest = None) -> None:
        """Write a SavedModel for TensorFlow's own tools. See `engine.saving.export`."""
        export_model(self, filepath, format, input_signature)

    def _get_save_spec(self, *_, **__):
        """What TFLiteConverter.from_keras_model asks for when it could write no SavedModel, and does not say why."""
        tensorflow_files.serving(self)
        raise ValueError(f"{self._title}: TensorFlow Lite cannot convert it in this way. Write a SavedModel with tf.saved_model.save(model, "
                         "directory), and convert that with tf.lite.TFLiteConverter.from_saved_model(directory).")  # fmt: skip

    def to_json(self, **kwargs: Any) -> str:
        """`get_config` and the class as JSON, for `engine.saving.model_from_json`; `kwargs` go to json.dumps."""
        return json.dumps(to_json(serialize_object(self)), **kwargs)


def _check_free(filepath, overwrite):
    if not overwrite and os.path.exists(filepath):
        raise FileExistsError(f"{os.fspath(filepath)!r} is there already. Move it away, or say overwrite=True.")
