"""Models as files. What is on the disk is whole, or is not there; what is wrong with it is said, and changes nothing.

Reading order: `disk` (one rename), `container` (safetensors with a checksum), `state` (names of variables),
`weights`, `compiling`, `limits` (what a load may cost), `model_file` (all of it in one file; the model as plain data: `engine/configs/`),
`run_state` and `checkpoint` (a run that goes on), `keras_files`, `export`.
"""

from engine.saving.container import FileError, read_arrays
from engine.saving.export import export
from engine.saving.model_file import load_model, model_from_json
from engine.saving.model_file import save as save_model
from engine.saving.run_state import CheckpointError
from engine.saving.weights import load_weights, save_weights

__all__ = ["CheckpointError", "FileError", "export", "load_model", "load_weights", "model_from_json",
           "read_arrays", "save_model", "save_weights"]  # fmt: skip
