"""Small wrongs, one an entry: name, place, the text that is right, the text in its stead, the row that must fail."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Wrong:
    """`where`: module:Class.method. `right`: occurs once in its source. `caught_by`: a test, seen from this folder."""

    name: str
    where: str
    right: str
    wrong: str
    caught_by: str


def layer(row):
    return f"test_layers.py::test_row[{row}]"


def slope(row):
    return f"test_gradients.py::test_gradients[{row}]"


def loss(row):
    return f"test_losses.py::test_values_and_gradients_of_the_class[{row}]"


def metric(row):
    return f"test_metrics.py::test_state_and_result_after_each_batch[{row}]"


def optimizer(row):
    return f"test_optimizers.py::test_weights_and_slots_equal_keras_for_100_steps[{row}]"


def part(kind, row):
    return f"test_parts.py::test_{kind}[{row}]"


def weighting(row):
    return f"test_losses.py::test_reduction_with_weights_and_mask[{row}]"


CORE = [
    Wrong("losses of the call before stay", "engine.core.layer:Layer.__call__",
          "self._clear_losses()", "pass", layer("Dense-units=4-activation=tanh-activity_regularizer=L2(l2=0.5)")),
    Wrong("a regularizer counts twice", "engine.core.layer:Layer.named_losses",
          "value_of(regularizer, variable)", "2 * value_of(regularizer, variable)",
          layer("Dense-units=4-kernel_regularizer=L2(l2=0.5)-bias_regularizer=L1(l1=0.25)")),
    Wrong("a regularizer counts for frozen weights", "engine.core.layer:Layer.named_losses",
          "if trainable and regularizer", "if regularizer",
          layer("Dense-units=4-trainable=False-kernel_regularizer=L2(l2=0.5)")),
    Wrong("an activity penalty grows with the batch", "engine.core.layer:Layer._finish_call",
          "penalty / tf.cast(tf.shape(output)[0], penalty.dtype)", "penalty",
          layer("Dense-units=4-activation=tanh-activity_regularizer=L2(l2=0.5)")),
    Wrong("frozen layers are trained", "engine.core.tracking:_collect",
          "trainable = trainable and layer.trainable", "trainable = True",
          layer("Dense-units=4-trainable=False-kernel_regularizer=L2(l2=0.5)")),
    Wrong("the training flag is inverted", "engine.core.calling:resolve_training",
          "own = False if training is None else training", "own = not training",
          layer("BatchNormalization-training")),
    Wrong("a mask does not reach the call", "engine.core.calling:pass_masks",
          "kwargs[name] = mask", "pass", layer("GlobalAveragePooling1D-masked")),
    Wrong("a mask does not travel on", "losses.ground.masks:attach_masks",
          "set_mask(tensor, mask)", "pass", layer("Activation-activation=softmax-masked")),
    Wrong("weights count in no order", "engine.core.tracking:_collect",
          "key=lambda item: not item[1].trainable", "key=lambda item: item[1].trainable",
          layer("BatchNormalization-training")),
]  # fmt: skip

LAYERS = [
    Wrong("dense multiplies by a kernel read in the wrong order", "layers.dense:Dense.call",
          "tf.matmul(inputs, kernel)",
          "tf.matmul(inputs, tf.reshape(tf.transpose(kernel), kernel.shape))",
          layer("Dense-units=4")),
    Wrong("dense forgets its bias", "layers.dense:Dense.call",
          "outputs + cast(self.bias, self.compute_dtype)", "outputs", layer("Dense-units=4")),
    Wrong("dense adds the bias after the activation", "layers.dense:Dense.call",
          "else self.activation(outputs)", "else self.activation(outputs - self.bias) + self.bias",
          layer("Dense-units=4-activation=relu")),
    Wrong("dense starts its bias as its kernel", "layers.dense:Dense.build",
          '"bias", (self.units,)', '"bias", (self.units,), told="kernel"', layer("Dense-units=4")),
    Wrong("a dilated convolution is not dilated", "layers.conv.conv:convolve",
          "dilations=dilation_rate", "dilations=1",
          layer("Conv2D-filters=4-kernel_size=(3,2)-dilation_rate=(1,3)-padding=same")),
    Wrong("the groups of a convolution swap their kernels", "layers.conv.conv:convolve",
          "tf.split(kernel, groups, axis=-1)", "tf.split(kernel, groups, axis=-1)[::-1]",
          layer("Conv2D-filters=6-kernel_size=3-groups=3")),
    Wrong("average pooling counts the padding", "layers.pooling.pooling:Pooling.compute",
          "(inputs, self.pool_size, self.strides, self.padding.upper())",
          '(tf.pad(inputs, [[0, 0], [1, 1], [0, 1], [0, 0]]), self.pool_size, self.strides, "VALID")',
          layer("AveragePooling2D-pool_size=(3,2)-strides=(1,2)-padding=same")),
    Wrong("a masked mean divides by all steps", "layers.pooling.global_pooling:GlobalAveragePooling1D.call",
          "tf.reduce_sum(weights, ", "tf.reduce_sum(tf.ones_like(weights), ",
          layer("GlobalAveragePooling1D-masked")),
    Wrong("batch normalization adds epsilon outside of the root",
          "layers.normalization.batch_normalization:BatchNormalization._normalize",
          "return tf.nn.batch_normalization(x, *factors, self.epsilon)",
          "return factors[3] * (x - factors[0]) / (tf.sqrt(factors[1]) + self.epsilon) + factors[2]",
          layer("BatchNormalization")),
    Wrong("moving statistics stay", "layers.normalization.batch_normalization:BatchNormalization._follow",
          "_move(self.moving_variance, variance, self.momentum)", "pass", layer("BatchNormalization-training")),
    Wrong("the momentum of moving statistics is turned round", "layers.normalization.batch_normalization:_move",
          "variable * momentum + tf.cast(value, variable.dtype) * (1 - momentum)",
          "variable * (1 - momentum) + tf.cast(value, variable.dtype) * momentum",
          layer("BatchNormalization-training")),
    Wrong("a frozen batch normalization uses the batch", "layers.normalization.batch_normalization:BatchNormalization.call",
          "not training or not self.trainable", "not training", layer("BatchNormalization-trainable=False-training")),
    Wrong("layer normalization divides by the standard deviation twice",
          "layers.normalization.layer_normalization:LayerNormalization.call",
          "tf.math.rsqrt(variance + self.epsilon)", "1 / (variance + self.epsilon)", layer("LayerNormalization")),
    Wrong("the mean is a constant of layer normalization's gradient",
          "layers.normalization.layer_normalization:LayerNormalization.call",
          "x - tf.reduce_mean(x, self.axes, keepdims=True)",
          "x - tf.stop_gradient(tf.reduce_mean(x, self.axes, keepdims=True))",
          slope("LayerNormalization")),
    Wrong("dropout does not scale what it keeps", "layers.dropout:Dropout.call",
          "inputs / (1 - self.rate)", "inputs",
          "../unit/test_random_layers.py::test_mean_and_variance[Dropout-arguments0]"),
    Wrong("an embedding is looked up one row further", "layers.embedding:Embedding.call",
          "tf.gather(self.embeddings, inputs)", "tf.gather(tf.roll(self.embeddings, 1, 0), inputs)",
          layer("Embedding-input_dim=7-output_dim=4-mask_zero=True")),
    Wrong("the padding's mask is turned round", "layers.embedding:Embedding.compute_mask",
          "inputs != 0", "inputs == 0",
          layer("Embedding-input_dim=7-output_dim=4-mask_zero=True")),
    Wrong("a mean of inputs is their sum", "layers.merging.merging:Average.merge",
          " / len(inputs)", "", layer("Average-masked0")),
]  # fmt: skip

SEQUENCES = [
    Wrong("an LSTM swaps its input and forget gates", "layers.recurrent.lstm:LSTMCell.step",
          "i, f, g, o =", "f, i, g, o =", layer("LSTM-units=2")),
    Wrong("an LSTM does not start with a wish to remember", "layers.recurrent.lstm:forget_bias",
          "tf.ones((size,), dtype)", "tf.zeros((size,), dtype)", layer("LSTM-units=2")),
    Wrong("an LSTM's hand-written gradient forgets the forget gate", "layers.recurrent.fused_lstm:_backward",
          "before_d_c = d_new_c * f", "before_d_c = d_new_c", slope("LSTM-units=2-call.training-masked")),
    Wrong("a GRU keeps what it should replace", "layers.recurrent.gru:GRUCell.step",
          "z * h + (1 - z) * n", "z * n + (1 - z) * h", layer("GRU-units=2")),
    Wrong("a GRU resets before the product", "layers.recurrent.gru:GRUCell._reset_after",
          "n + r * h_n", "n + h_n * r * r", layer("GRU-units=2")),
    Wrong("a masked step changes the state", "layers.recurrent.loop:_advance",
          "[where(mask, new, old) for new, old in zip(new_states, states)]", "list(new_states)",
          layer("RNN-cell=LSTMCell(units=2)-return_sequences=True-return_state=True-masked")),
    Wrong("a backward layer's outputs stay in its own order", "layers.recurrent.bidirectional:Bidirectional.call",
          "tf.reverse(backward, (1,))", "backward",
          layer("Bidirectional-layer=LSTM(units=2,return_sequences=True)-merge_mode=concat-masked")),
    Wrong("attention scores are not scaled", "layers.attention.multi_head_attention:MultiHeadAttention.call",
          " / math.sqrt(self.key_dim)", "",
          layer("MultiHeadAttention-num_heads=3-key_dim=4-use_bias=False-call.value")),
    Wrong("a query sees its future", "layers.attention.attention:causal_mask",
          ">=", "<=", layer("MultiHeadAttention-num_heads=3-key_dim=4-call.value-call.use_causal_mask")),
    Wrong("a causal mask hides the present too", "layers.attention.attention:causal_mask",
          ">=", ">", layer("Attention-call.mask-call.use_causal_mask")),
]  # fmt: skip

LOSSES = [
    Wrong("a mean over the batch divides by one too many", "losses.reduction:reduce_weighted",
          "tf.cast(tf.size(values), values.dtype)", "tf.cast(tf.size(values) + 1, values.dtype)",
          weighting("shape0-None-None-sum_over_batch_size")),
    Wrong("a weighted mean divides by the weights", "losses.reduction:reduce_weighted",
          'reduction == "mean_with_sample_weight" and weights', "weights",
          weighting("shape2-weights2-None-sum_over_batch_size")),
    Wrong("huber is linear from twice the delta", "losses.robust:huber",
          "error <= delta", "error <= 2 * delta", loss("Huber(delta=0.3)-real-5x4x3")),
    Wrong("crossentropy forgets the wrong class", "losses.crossentropy:binary_terms",
          "+ (1.0 - y_true) * tf.math.log(1.0 - p)", "", loss("BinaryCrossentropy()-binary-5x3")),
    Wrong("logits are taken for probabilities", "losses.crossentropy:binary_terms",
          "if from_logits", "if not from_logits", loss("BinaryCrossentropy()-binary-5x3")),
    Wrong("label smoothing takes too much", "losses.ground.labels:smooth",
          "(1.0 - label_smoothing) + ", "(1.0 - label_smoothing) + 2 * ",
          loss("CategoricalCrossentropy(label_smoothing=0.3)-one_hot-5x4x3")),
    Wrong("a divergence runs the other way", "losses.probabilistic:kl_divergence",
          "tf.math.log(y_true / y_pred)", "tf.math.log(y_pred / y_true)", loss("KLDivergence()-probability-5x3")),
    Wrong("a squared error is halved", "losses.regression:mean_squared_error",
          "return tf.reduce_mean(", "return 0.5 * tf.reduce_mean(", loss("MeanSquaredError()-real-5x3")),
]  # fmt: skip

METRICS = [
    Wrong("a mean counts its batches", "engine.core.metric:Mean.update_state",
          "tf.cast(tf.size(values), values.dtype)", "tf.ones((), values.dtype)", metric("MeanSquaredError()-real-5x3")),
    Wrong("false positives and negatives are swapped", "engine.metrics.confusion:count",
          "positives[..., 0], negatives[..., 0], negatives[..., 1]",
          "negatives[..., 1], negatives[..., 0], positives[..., 0]",
          metric("Precision()-binary-5x3")),
    Wrong("a prediction at the threshold counts as positive", "engine.metrics.confusion:below_evenly",
          "tf.math.ceil(y_pred * steps)", "tf.math.floor(y_pred * steps) + 1",
          metric("AUC(num_thresholds=6)-edges-5x7")),
]  # fmt: skip

OPTIMIZERS = [
    Wrong("momentum pushes back", "engine.core.gradient_descent:momentum_sgd",
          "momentum * velocity - ", "-momentum * velocity - ", optimizer("SGD-learning_rate=0.1-momentum=0.9")),
    Wrong("adam adds epsilon inside of the root", "engine.optimizers.adam:adam",
          "(tf.sqrt(velocity) + epsilon)", "tf.sqrt(velocity + epsilon)", optimizer("Adam-")),
    Wrong("adam does not correct its second average", "engine.optimizers.adam:adam_step_size",
          "tf.sqrt(1 - beta_2**step)", "1.0", optimizer("Adam-")),
    Wrong("adam counts its steps from zero and a half", "engine.optimizers.adam:Adam.prepare_step",
          "self.iterations + 1", "self.iterations + 2", optimizer("Adam-")),
    Wrong("rmsprop adds epsilon outside of the root", "engine.optimizers.rmsprop:rmsprop",
          "gradient * tf.math.rsqrt(velocity + epsilon)", "gradient / (tf.sqrt(velocity) + epsilon)",
          optimizer("RMSprop-")),
    Wrong("weights decay after the update's rate", "engine.optimizers.decay:decay",
          "variable * (rate * weight_decay)", "variable * weight_decay", optimizer("AdamW-")),
    Wrong("gradients are clipped one by one", "engine.optimizers.clipping:clip",
          "tf.clip_by_global_norm(gradients, global_clipnorm)[0]",
          "[tf.clip_by_norm(gradient, global_clipnorm) for gradient in gradients]",
          optimizer("Adam-global_clipnorm=1.0-weight_decay=0.02")),
    Wrong("constraints are not applied", "engine.core.update_rule:UpdateRule._update",
          "variable.assign(value_of(variable.constraint, variable))", "pass",
          layer("Dense-units=4-kernel_constraint=max_norm-bias_constraint=non_neg")),
    Wrong("a moving average moves too fast", "engine.optimizers.averaging:Averages.follow",
          "momentum * average + (1 - momentum) * value", "value",
          optimizer("Adam-use_ema=True-ema_momentum=0.9")),
    Wrong("lion's momentum sees the gradient as its direction does", "engine.optimizers.lion:lion",
          "beta_2 * momentum + (1 - beta_2)", "beta_1 * momentum + (1 - beta_1)", optimizer("Lion-")),
]  # fmt: skip

PARTS = [
    Wrong("relu passes gradients at zero", "engine.activations.piecewise:relu",
          "tf.nn.leaky_relu(x, negative_slope) if negative_slope else tf.nn.relu(x)", "tf.where(x >= 0, x, 0 * x)",
          "test_parts.py::test_slopes_at_the_kinks[relu]"),
    Wrong("glorot's variance is that of half the fans", "engine.initializers.scaling:VarianceScaling.__call__",
          "(fan_in + fan_out) / 2", "fan_in + fan_out", layer("Dense-units=4")),
    Wrong("an L2 penalty is halved", "engine.regularizers:L2.__call__",
          "return self.l2", "return 0.5 * self.l2", part("regularizer", "L2-{'l2': 0.125}")),
    Wrong("unit norm is over the wrong axis", "engine.constraints:UnitNorm.__call__",
          "_norm(w, self.axis)", "_norm(w, None)", part("constraint", "UnitNorm-{}")),
]  # fmt: skip

WRONGS = [*CORE, *LAYERS, *SEQUENCES, *LOSSES, *METRICS, *OPTIMIZERS, *PARTS]
