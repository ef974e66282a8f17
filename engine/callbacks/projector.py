"""Embeddings as TensorBoard's projector shows them: a checkpoint of their tables, and a file that says what they are."""

import json
import os

import tensorflow as tf


class Projector:
    """Writes the tables of all layers with `embeddings` into `directory`, as often as asked.

    `metadata` names a file with a label for each row: its path (relative to `directory`), or {name of a layer: path}.
    """

    def __init__(self, model, directory, metadata):
        self.tables = {}  # {path of a table: the table}
        entries = []
        metadata = metadata or {}
        layers = [(path, layer) for path, layer in model.named_layers() if isinstance(getattr(layer, "embeddings", None), tf.Variable)]
        names = [layer.name for _, layer in layers]
        unknown = sorted(set(metadata) - set(names)) if isinstance(metadata, dict) else []
        if unknown:
            raise ValueError(f"TensorBoard: embeddings_metadata names {unknown}; the layers with embeddings are {names}.")
        for path, layer in layers:
            name = f"{path}.embeddings".replace(".", "_")  # checkpoints write dots in a way of their own
            self.tables[name] = layer.embeddings
            fields = {"tensor_name": f"{name}/.ATTRIBUTES/VARIABLE_VALUE"}
            labels = metadata.get(layer.name) if isinstance(metadata, dict) else metadata
            if labels is not None:
                fields["metadata_path"] = os.fspath(labels)
            lines = [f"  {key}: {json.dumps(value)}\n" for key, value in fields.items()]
            entries.append("embeddings {\n" + "".join(lines) + "}\n")
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
            file.write("".join(entries))
        checkpoint = tf.train.Checkpoint(**self.tables)
        self.manager = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=None, checkpoint_name="embeddings")

    def write(self, epoch):
        """The tables as they are now."""
        self.manager.save(checkpoint_number=epoch)
