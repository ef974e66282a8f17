"""What to write instead of names of Keras that are not here."""

_TF = "write tf: layers, models and losses take its functions, on symbols too"
_SESSIONS = "leave it out: TensorFlow 2 has no sessions"
_IMAGES = "tf.image in the tf.data pipeline, or a Layer of your own"
_QUANTIZED = "quantize the exported model, with the tools for where it will run"
_WORKERS = "utils.PyDataset(workers=...)"

# Packages whose layers and models are Keras's.
_ON_KERAS = {"autokeras", "efficientnet", "spektral", "tensorflow_addons", "tensorflow_hub", "tensorflow_model_optimization",
             "tensorflow_recommenders", "tf_agents"}  # fmt: skip

# A path, for all that is below it too: what to write. What is here after all is passed over.
_INSTEAD = {
    "Function": "Model(inputs, outputs)", "Operation": "layers.Layer", "Quantizer": _QUANTIZED,
    "RematScope": "layers.Remat(layer)", "remat": "layers.Remat(layer)",
    "StatelessScope": "leave it out: variables are changed where they are", "SymbolicScope": "leave it out",
    "FloatDTypePolicy": "DTypePolicy",
    "applications": "build the network with Keras once; engine.saving.model_from_json(network.to_json()), then "
                    "set_weights(network.get_weights()), brings it here",
    "backend": _TF,
    "backend.backend": "'tensorflow'", "backend.batch_normalization": "tf.nn.batch_normalization",
    "backend.experimental": "leave it out: random numbers are drawn by stateless operations",
    "backend.get_session": _SESSIONS, "backend.set_session": _SESSIONS, "backend.tf": "import tensorflow as tf",
    "backend.get_uid": "itertools.count()", "backend.reset_uids": "utils.clear_session()", "backend.placeholder": "Input(shape)",
    "backend.manual_variable_initialization": _SESSIONS, "backend.set_epsilon": "epsilon= of the layer or optimizer",
    "backend.rnn": "layers.RNN(cell)", "backend.result_type": "tf.experimental.numpy.result_type",
    "backend.standardize_dtype": "tf.as_dtype(dtype).name", "backend.is_float_dtype": "tf.as_dtype(dtype).is_floating",
    "backend.is_int_dtype": "tf.as_dtype(dtype).is_integer",
    "callbacks.BaseLogger": "leave it out: fit does it", "callbacks.RemoteMonitor": "a LambdaCallback that sends the logs",
    "callbacks.OrbaxCheckpoint": "callbacks.Checkpoint(directory)", "callbacks.SidecarEvaluatorModelExport": "callbacks.ModelCheckpoint",
    "callbacks.UpdateEmbeddingCallback": "a Callback of your own",
    "config": "leave it out: there is one way, and nothing to set",
    "config.backend": "'tensorflow'", "config.set_epsilon": "epsilon= of the layer or optimizer",
    "config.set_image_data_format": "data_format= of each layer", "config.set_max_epochs": "epochs= of fit",
    "config.set_max_steps_per_epoch": "steps_per_epoch= of fit",
    "config.disable_interactive_logging": "verbose=0", "config.enable_interactive_logging": "verbose=1",
    "constraints.RadialConstraint": "a Constraint of your own", "constraints.radial_constraint": "a Constraint of your own",
    "device": "tf.device", "distillation": "a train_step of your own, with two models",
    "distribution": "tf.distribute: docs/scaling.md", "dtensor": "tf.distribute: docs/scaling.md",
    "dtype_policies": "DTypePolicy(name), or its name",
    "estimator": "compile and fit the model itself",
    "experimental": "a Model of your own, of today's layers",
    "experimental.LinearCosineDecay": "a LearningRateSchedule of your own",
    "experimental.LinearModel": "Sequential([layers.Dense(units)])", "experimental.SequenceFeatures": "layers.Embedding for each column",
    "experimental.PeepholeLSTMCell": "a cell of your own for layers.RNN", "experimental.SidecarEvaluator": "callbacks.ModelCheckpoint",
    "experimental.WideDeepModel": "layers.Add()([linear, deep]) of two branches, and a Model around them",
    "export": "model.export(path)",
    "layers.AbstractRNNCell": "layers.Layer with state_size and call(inputs, states)",
    "layers.AugMix": "the layers that it chooses from, one after the other: layers.Pipeline([...])",
    "layers.ContrastLimitedAdaptiveHistogramEqualization": "layers.Equalization, or tf.image in the tf.data pipeline",
    "layers.CuDNNGRU": "layers.GRU", "layers.CuDNNLSTM": "layers.LSTM",
    "layers.DenseFeatures": "an input for each column, through Normalization, CategoryEncoding or Embedding, then Concatenate",
    "layers.experimental": "the layer of that name in layers", "layers.experimental.RandomFourierFeatures": "a Layer of your own: tf.cos(inputs @ w + b)",
    "layers.experimental.SyncBatchNormalization": "layers.BatchNormalization(synchronized=True)",
    "layers.PreprocessingLayer": "layers.Layer",
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
    "legacy": "utils.serialize_keras_object, utils.deserialize_keras_object",
    "metrics.MeanRelativeError": "a Mean of tf.abs(y_true - y_pred) / normalizer", "metrics.MeanTensor": "a Metric of your own",
    "metrics.experimental": "a Metric of your own",
    "models.experimental": "a train_step of your own", "models.model_from_yaml": "models.model_from_json",
    "objectives": "losses",
    "ops": "write tf: the function of that name in tf, tf.nn, tf.linalg or tf.experimental.numpy; on symbols too",
    "optimizers.MultiOptimizer": "a train_step with two optimizers: docs/recipes.md",
    "optimizers.OptimizerMap": "a train_step with two optimizers: docs/recipes.md",
    "preprocessing.image": "the random layers in a model or a tf.data pipeline; tf.image",
    **dict.fromkeys([f"preprocessing.image.{name}" for name in (
        "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift", "random_brightness", "random_channel_shift",
        "random_rotation", "random_shear", "random_shift", "random_zoom")],
        "ImageDataGenerator().apply_transform(image, {...}), or a random layer such as layers.RandomRotation"),
    **dict.fromkeys([f"preprocessing.image.{name}" for name in (
        "DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator")], "what the flows of ImageDataGenerator return"),
    "protobuf": "leave it out",
    "quantizers": _QUANTIZED,
    "saving.KerasFileEditor": "saving.read_arrays(path)",
    "tree": "tf.nest",
    "utils.audio_dataset_from_directory": "tf.data, tf.io.read_file and tf.audio.decode_wav",
    "utils.bounding_boxes": "tf.image, or functions of your own on tf", "utils.Config": "a dict",
    "utils.disable_interactive_logging": "verbose=0", "utils.enable_interactive_logging": "verbose=1",
    "utils.is_interactive_logging_enabled": "verbose=",
    "utils.experimental": "tf.data: docs/scaling.md", "utils.FeatureSpace": "an input for each column, through the preprocessing layers",
    "utils.GeneratorEnqueuer": _WORKERS, "utils.OrderedEnqueuer": _WORKERS, "utils.SequenceEnqueuer": _WORKERS,
    "utils.TimedThread": "threading.Thread", "utils.StepsPerExecutionTuner": "steps_per_execution= of compile",
    "utils.SidecarEvaluator": "callbacks.ModelCheckpoint",
    "utils.get_source_inputs": "model.inputs", "utils.legacy": "utils.serialize_keras_object, utils.deserialize_keras_object",
    "utils.multi_gpu_model": "tf.distribute: docs/scaling.md",
    "utils.Progbar": "tqdm", "utils.standardize_dtype": "tf.as_dtype(dtype).name",
    "utils.to_ordinal": "tf.sequence_mask(numbers, num_classes - 1)", "utils.warmstart_embedding_matrix": "embedding.set_weights",
    "version": "__version__",
    "visualization": "matplotlib",
    "wrappers": "the package scikeras, around a Keras model",
}  # fmt: skip


def told():
    """[(path, what to write instead)], sorted."""
    return sorted(_INSTEAD.items(), key=lambda row: row[0].lower())


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
