"""Activations as layers, Embedding, Masking, Lambda, EinsumDense and their like."""

import numpy as np
import tensorflow as tf

from engine.study.parity import part, row

# Keras rounds the factor of a penalty to float32; powers of two lose nothing.
L1, L2 = part("L1", "regularizers", l1=0.25), part("L2", "regularizers", l2=0.5)
STEPS = np.array([[1, 1, 0], [1, 0, 0]], bool)
PADDED = np.array([[[1.5, 0.0, 2.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, -1.0, 0.0]]])
LOGITS = np.array([[[1, 0, 1, 1]] * 3, [[0, 0, 1, 0]] * 3], bool)
NOT_TRAVELLING = dict(leave_out=("mask",), why="in Keras a mask given by hand also travels on with the outputs")

ACTIVATIONS = [
    row("Activation", dict(activation="relu"), x=(3, 5), smooth=False),
    row("Activation", dict(activation="softmax"), x=(3, 5), masks=np.array([1, 0, 1], bool)),
    row("Activation", dict(activation=None), x=(3, 5)),
    row("Activation", dict(activation="rellu"), raises="Did you mean 'relu'"),
    row("ReLU", x=(3, 5), smooth=False),
    row("ReLU", dict(max_value=0.75, negative_slope=0.25, threshold=0.5), x=(3, 5), smooth=False),
    row("ReLU", dict(max_value=6.0), x=(3, 5), smooth=False),
    row("ReLU", dict(threshold=0.25), x=(3, 5), masks=np.array([1, 0, 1], bool), smooth=False),
    row("ReLU", dict(max_value=-1.0), raises="number from 0 as `max_value`"),
    row("ReLU", dict(negative_slope=None), raises="number from 0 as `negative_slope`"),
    row("LeakyReLU", x=(3, 5), smooth=False),
    row("LeakyReLU", dict(negative_slope=0.125), x=(3, 2, 5), smooth=False),
    row("LeakyReLU", dict(negative_slope=-1.0), raises="number from 0"),
    row("PReLU", x=(3, 5), smooth=False),
    row("PReLU", dict(alpha_initializer="ones", alpha_regularizer=L2, shared_axes=[1]), x=(3, 2, 5), smooth=False),
    row("PReLU", dict(alpha_constraint="non_neg", shared_axes=(1, 2)), x=(3, 2, 4, 5), smooth=False),
    row("ELU", x=(3, 5), smooth=False),
    row("ELU", dict(alpha=2.0), x=(3, 2, 5), smooth=False),
    row("Softmax", x=(3, 5)),
    row("Softmax", dict(axis=1), x=(3, 2, 5)),
    row("Softmax", dict(axis=(1, 2)), x=(3, 2, 5)),
    row("Softmax", x=(2, 3, 4), call=dict(mask=LOGITS), **NOT_TRAVELLING),
    row("Softmax", dict(axis=(1, 2)), x=(2, 3, 4), call=dict(mask=LOGITS), **NOT_TRAVELLING),
    row("Softmax", x=(2, 3, 4), masks=STEPS, raises="mask that broadcasts"),
]  # fmt: skip

LOOKUPS = [
    row("Embedding", dict(input_dim=7, output_dim=4), x=(3, 5), ints=7),
    row("Embedding", dict(input_dim=7, output_dim=4), x=(3,), ints=7),
    row("Embedding", dict(input_dim=7, output_dim=4, mask_zero=True), x=(3, 5), ints=3),
    row("Embedding", dict(input_dim=7, output_dim=4, embeddings_initializer="ones", embeddings_regularizer=L2,
                          embeddings_constraint="unit_norm", activity_regularizer=L1), x=(3, 5), ints=7),
    row("Embedding", dict(input_dim=7, output_dim=4), x=np.array([[1.0, 6.0]])),
    row("Embedding", dict(input_dim=7, output_dim=4, weights=np.arange(28.0).reshape(7, 4)), x=(3, 5), ints=7),
    row("Embedding", dict(input_dim=0, output_dim=4), raises="positive integer as `input_dim`"),
    row("Embedding", dict(input_dim=7, output_dim=4), x=np.array([[1, 7]]),
        raises="from 0 to 6, received some from 1 to 7"),
    row("Masking", x=PADDED),
    row("Masking", dict(mask_value=1.5), x=PADDED),
    row("Identity", x=(3, 5)),
    row("Identity", x=(2, 3, 4), masks=STEPS),
    row("ActivityRegularization", dict(l1=0.25, l2=0.5), x=(3, 5)),
    row("ActivityRegularization", dict(l1=0.25), x=(2, 3, 4), masks=STEPS),
    row("Lambda", dict(function=tf.nn.softplus), x=(3, 5)),
    row("Lambda", dict(function="relu"), raises="takes a function"),
]  # fmt: skip

EINSUMS = [
    row("EinsumDense", dict(equation="ab,bc->ac", output_shape=4, bias_axes="c"), x=(3, 5)),
    row("EinsumDense", dict(equation="ab,bc->ac", output_shape=4, activation="tanh", kernel_regularizer=L2,
                            bias_regularizer=L1, kernel_constraint="unit_norm", activity_regularizer=L2), x=(3, 5)),
    row("EinsumDense", dict(equation="abc,cd->abd", output_shape=(None, 7), bias_axes="d"), x=(3, 2, 5)),
    row("EinsumDense", dict(equation="...x,xy->...y", output_shape=6, bias_axes="y"), x=(3, 2, 4, 5)),
    row("EinsumDense", dict(equation="abc,cde->abde", output_shape=(None, 2, 7), bias_axes="de"), x=(3, 4, 5)),
    row("EinsumDense", dict(equation="abc,cde->abde", output_shape=(None, 2, 7), bias_axes="d"), x=(3, 4, 5)),
    row("EinsumDense", dict(equation="abcd,cde->abe", output_shape=(None, 7), bias_axes="e"), x=(3, 4, 5, 2)),
    row("EinsumDense", dict(equation="abc,bd->adc", output_shape=(7, None), bias_axes="d"), x=(3, 4, 5)),
    row("EinsumDense", dict(equation="ab...,bc->ac...", output_shape=(6, None), bias_axes="c"), x=(3, 4, 5)),
    row("EinsumDense", dict(equation="ab", output_shape=4), x=(3, 5), raises="an equation such as"),
    row("EinsumDense", dict(equation="abc,cd->abd", output_shape=(7, 4)), x=(3, 2, 5), raises="axis 'b'"),
    row("EinsumDense", dict(equation="ab,bc->ac", output_shape=4, bias_axes="z"), x=(3, 5), raises="bias axis 'z'"),
    row("EinsumDense", dict(equation="ab,bc->acd", output_shape=(4, 2)), x=(3, 5), raises="axis 'd'"),
]  # fmt: skip

ROWS = ACTIVATIONS + LOOKUPS + EINSUMS
