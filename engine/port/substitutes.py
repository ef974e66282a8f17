"""What to write instead of names of Keras that are not here."""

_TF = "write tf: layers, models and losses take its functions, on symbols too"
_SESSIONS = "leave it out: TensorFlow 2 has no sessions"

# Packages whose layers and models are Keras's.
_ON_KERAS = {"autokeras", "efficientnet", "spektral", "tensorflow_addons", "tensorflow_hub", "tensorflow_model_optimization",
             "tensorflow_recommenders", "tf_agents"}  # fmt: skip

# A path, for all that is below it too: what to write.
_INSTEAD = {
    "__version__": "tf.__version__",
    "applications": "build the network with Keras once; engine.saving.model_from_json(network.to_json()), then "
                    "set_weights(network.get_weights()), brings it here",
    "backend": _TF,
    "backend.get_session": _SESSIONS, "backend.set_session": _SESSIONS, "backend.tf": "import tensorflow as tf",
    "callbacks.RemoteMonitor": "a LambdaCallback that sends the logs",
    "estimator": "compile and fit the model itself",
    "export": "model.export",
    "layers.AugMix": "the layers that it chooses from, one after the other: layers.Pipeline([...])",
    "layers.ContrastLimitedAdaptiveHistogramEqualization": "layers.Equalization, or tf.image in the tf.data pipeline",
    "layers.CuDNNGRU": "layers.GRU", "layers.CuDNNLSTM": "layers.LSTM",
    "layers.DenseFeatures": "an input for each column, through Normalization, CategoryEncoding or Embedding, then Concatenate",
    "layers.FlaxLayer": "a Layer of your own on tf", "layers.JaxLayer": "a Layer of your own on tf",
    "layers.TorchModuleWrapper": "a Layer of your own on tf",
    "layers.LocallyConnected1D": "a Layer of your own: tf.image.extract_patches or slices, then tf.einsum",
    "layers.LocallyConnected2D": "a Layer of your own: tf.image.extract_patches, then tf.einsum",
    "layers.MaxNumBoundingBoxes": "pad and cut the boxes in the tf.data pipeline: tf.pad, boxes[:max_number]",
    "layers.MelSpectrogram": "tf.signal.stft and tf.signal.linear_to_mel_weight_matrix",
    "layers.Merge": "layers.Add, Concatenate, Multiply or another by its own name",
    "layers.RandAugment": "the layers that it chooses from, one after the other: layers.Pipeline([...])",
    "layers.RandomElasticTransform": "layers.RandomShear and RandomRotation, or a Layer of your own",
    "layers.RandomPerspective": "layers.RandomShear, or tf.raw_ops.ImageProjectiveTransformV3 in a Layer of your own",
    "layers.ReversibleEmbedding": "hidden @ tf.transpose(embedding.embeddings)",
    "layers.STFTSpectrogram": "tf.signal.stft",
    "layers.TFSMLayer": "tf.saved_model.load in a Layer of your own",
    "layers.ThresholdedReLU": "layers.ReLU(threshold=theta)",
    "objectives": "losses",
    "ops": _TF,
    "optimizers.MultiOptimizer": "a train_step with two optimizers: docs/recipes.md",
    **dict.fromkeys([f"preprocessing.image.{name}" for name in (
        "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift", "random_brightness", "random_channel_shift",
        "random_rotation", "random_shear", "random_shift", "random_zoom")],
        "ImageDataGenerator().apply_transform(image, {...}), or a random layer such as layers.RandomRotation"),
    **dict.fromkeys([f"preprocessing.image.{name}" for name in (
        "DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator")], "what the flows of ImageDataGenerator return"),
    "quantizers": "quantize the exported model, with the tools for where it will run",
    "utils.multi_gpu_model": "tf.distribute: docs/distribution.md",
    "wrappers": "the package scikeras, around a Keras model",
}  # fmt: skip


def substitute(path):
    """What to write instead of `path`, or of a part of Keras that it is in; None if there is nothing to say."""
    parts = path.split(".")
    return next((_INSTEAD[part] for end in range(len(parts), 0, -1) if (part := ".".join(parts[:end])) in _INSTEAD), None)


def unlike_here(module):
    """The names in a module of Keras that are not here and that something is said about: `import *` may have meant them."""
    return {path.removeprefix(f"{module}.") for path in _INSTEAD if path.rpartition(".")[0] == module}


def built_on_it(package):
    """Whether the layers of a package are Keras's."""
    return package in _ON_KERAS or package.startswith("keras_")
