"""What a model can do with files: the methods of `Model` for it, each in a file of its own here."""

import json
from typing import Any

from engine import hints
from engine.configs.json_data import to_json
from engine.saving import model_file, tensorflow_files, weights
from engine.saving.export import export as export_model
from losses.ground.configurable import serialize_object


class Saved:
    """Half of `Model`: `save`, `save_weights`, `load_weights`, `export`, `to_json`."""

    def save(self, filepath: hints.File, include_optimizer: bool = True) -> None:
        """Write the whole model to one file, for `engine.saving.load_model`. See `engine.saving.model_file`."""
        model_file.save(self, filepath, include_optimizer)

    def save_weights(self, filepath: hints.File) -> None:
        """Write the weights to one safetensors file, under their paths; or as a checkpoint of TensorFlow, `cp.ckpt`."""
        (tensorflow_files.save if tensorflow_files.is_one(filepath) else weights.save_weights)(self, filepath)

    def load_weights(self, filepath: hints.File, strict: bool = True) -> Any:
        """Assign the weights of a file; all are checked before any is assigned. See `engine.saving.weights`."""
        return (tensorflow_files.load if tensorflow_files.is_one(filepath) else weights.load_weights)(self, filepath, strict)

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
