"""Layers over time. In training LSTM and GRU take the backward passes written by hand, else the plain loop."""

import numpy as np

from engine.study.parity import part, row

X = (3, 5, 4)  # batch, time, features
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
MASKED = dict(x=X, masks=MASK)
H = (3, 2)
ALL = dict(return_sequences=True, return_state=True)
TRAIN = dict(training=True)
NOISY = dict(training=True, rtol=1e-6, why="Keras rounds 1 / (1 - rate) to float32")

REGULARIZED = dict(
    kernel_regularizer="l1", recurrent_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2",
    kernel_constraint="max_norm", recurrent_constraint="unit_norm", bias_constraint="non_neg",
)  # fmt: skip


def shared_rows(name, states):
    """The rows that SimpleRNN, LSTM and GRU have in common; each in inference and in training."""
    start = dict(initial_state=[H] * states)
    for call in ({}, TRAIN):
        yield row(name, dict(units=2), x=X, call=call)
        yield row(name, dict(units=2, **ALL), x=X, call=call | start)
        yield row(name, dict(units=2), **MASKED, call=call | start)
        yield row(name, dict(units=2, **ALL), **MASKED, call=call | start)
        yield row(name, dict(units=2, zero_output_for_mask=True, **ALL), **MASKED, call=call | start)
        yield row(name, dict(units=2, zero_output_for_mask=True), x=X, call=call | dict(mask=MASK))
        yield row(name, dict(units=2, go_backwards=True, **ALL), **MASKED, call=call)
        yield row(name, dict(units=2, use_bias=False, go_backwards=True), x=X, call=call)
    yield row(name, dict(units=2, unroll=True, **ALL), **MASKED, call=start)
    yield row(name, dict(units=2, stateful=True, return_state=True), x=X)
    yield row(name, dict(units=2, stateful=True), x=X, training=True)
    yield row(name, dict(units=2, activation="softsign", **ALL), x=X, call=TRAIN, smooth=False)
    yield row(name, dict(units=2, return_sequences=True, **REGULARIZED), x=X, smooth=False)
    yield row(name, dict(units=2, dropout=0.4, seed=3), x=X, **NOISY)
    yield row(name, dict(units=2, recurrent_dropout=0.4, seed=3), x=X, **NOISY)
    yield row(name, dict(units=2, dropout=0.4, recurrent_dropout=0.3, seed=3, **ALL), **MASKED, **NOISY)
    yield row(name, dict(units=2, bias_initializer="random_normal", recurrent_initializer="he_normal"), x=X)
    yield row(name, dict(units=2), x=(1, 1, 3), call=TRAIN)
    yield row(name, dict(units=0), raises="positive integer")
    yield row(name, dict(units=2, dropout=1.5), raises="from 0 to 1")
    yield row(name, dict(units=2), x=(3, 4), raises="rank 3")
    yield row(name, dict(units=2), x=X, call=dict(initial_state=[H] * (states + 1)), raises="initial states")
    yield row(name, dict(units=2), x=X, call=dict(initial_state=[(3, 5)] * states), raises="initial states")
    yield row(name, dict(units=2), x=X, call=dict(mask=MASK[0]), raises="mask of shape")


def gate_rows(name):
    """The rows that LSTM and GRU have in common."""
    yield row(name, dict(units=2, recurrent_activation="hard_sigmoid"), x=X, call=TRAIN, smooth=False)
    yield row(name, dict(units=2, activation="relu", recurrent_activation="tanh", **ALL), x=X, smooth=False)


CONV = dict(filters=2, kernel_size=3)

ROWS = [
    *shared_rows("SimpleRNN", 1),
    *shared_rows("LSTM", 2),
    *gate_rows("LSTM"),
    row("LSTM", dict(units=2, unit_forget_bias=False), x=X),
    *shared_rows("GRU", 1),
    *gate_rows("GRU"),
    row("GRU", dict(units=2, reset_after=False, **ALL), x=X, call=TRAIN),
    row("GRU", dict(units=2, reset_after=False, use_bias=False), **MASKED),
    row("GRU", dict(units=2, reset_after=False, dropout=0.3, recurrent_dropout=0.4, seed=5), x=X, **NOISY),
    # ---- cells
    row("SimpleRNNCell", dict(units=2), x=(3, 4), call=dict(states=[H])),
    row("GRUCell", dict(units=2), x=(3, 4), call=dict(states=[H])),
    row("GRUCell", dict(units=2, reset_after=False, use_bias=False), x=(3, 4), call=dict(states=[H])),
    row("LSTMCell", dict(units=2), x=(3, 4), call=dict(states=[H, H])),
    row("LSTMCell", dict(units=2, dropout=0.3, recurrent_dropout=0.2, seed=1), x=(3, 4), call=dict(states=[H, H])),
    row("LSTMCell", dict(units=-1), raises="positive integer"),
    row("StackedRNNCells", dict(cells=[part("LSTMCell", units=2), part("GRUCell", units=5)]), x=(3, 4),
        call=dict(states=[[H, H], [(3, 5)]])),
    # ---- any cell
    row("RNN", dict(cell=part("LSTMCell", units=2), **ALL), **MASKED),
    row("RNN", dict(cell=part("GRUCell", units=2), zero_output_for_mask=True, go_backwards=True), **MASKED, call=TRAIN),
    row("RNN", dict(cell=[part("LSTMCell", units=2), part("GRUCell", units=5)], **ALL), **MASKED),
    row("RNN", dict(cell=[part("LSTMCell", units=2), part("GRUCell", units=5)], **ALL), **MASKED,
        call=dict(training=True, initial_state=[[H, H], [(3, 5)]])),
    row("RNN", dict(cell=[part("GRUCell", units=5), part("SimpleRNNCell", units=2)], stateful=True), x=X),
    row("RNN", dict(cell=[part("GRUCell", units=5, dropout=0.2, seed=1),
                          part("LSTMCell", units=2, recurrent_dropout=0.3, seed=2)]), x=X, **NOISY),
    row("RNN", dict(cell=part("Dense", units=2)), raises="state_size"),
    # ---- both directions
    *(
        row("Bidirectional", dict(layer=part("LSTM", units=2, return_sequences=True), merge_mode=mode), **MASKED)
        for mode in ("concat", "sum", "mul", "ave", None)
    ),
    row("Bidirectional", dict(layer=part("GRU", units=2)), x=X, call=TRAIN),
    row("Bidirectional", dict(layer=part("LSTM", units=2, **ALL)), **MASKED, call=dict(initial_state=[H] * 4)),
    row("Bidirectional", dict(layer=part("GRU", units=2, **ALL), merge_mode=None), x=X),
    row("Bidirectional", dict(layer=part("SimpleRNN", units=2, go_backwards=True, return_sequences=True)), x=X),
    row("Bidirectional", dict(layer=part("GRU", units=2), backward_layer=part("LSTM", units=5, go_backwards=True)), x=X),
    row("Bidirectional", dict(layer=part("GRU", units=2, stateful=True)), x=X),
    row("Bidirectional", dict(layer=part("RNN", cell=part("GRUCell", units=2))), x=X),
    row("Bidirectional", dict(layer=part("LSTM", units=2, dropout=0.4, seed=3)), x=X, **NOISY),
    row("Bidirectional", dict(layer=part("LSTM", units=2), merge_mode="add"), raises="merge_mode"),
    row("Bidirectional", dict(layer=part("Dense", units=2)), raises="recurrent layer"),
    row("Bidirectional", dict(layer=part("LSTM", units=2), backward_layer=part("LSTM", units=2)), raises="directions"),
    row("TimeDistributed", dict(layer=part("Dense", units=2)), x=X),
    row("TimeDistributed", dict(layer=part("Conv1D", filters=2, kernel_size=3)), **(MASKED | dict(x=(3, 5, 6, 4)))),
    row("TimeDistributed", dict(layer=part("LSTM", units=2)), x=(3, 5, 6, 4), masks=np.arange(90).reshape(3, 5, 6) % 4 > 0),
    row("TimeDistributed", dict(layer=part("Dense", units=2)), x=(3, 4), raises="batch, time"),
    # ---- over space
    row("ConvLSTM1D", CONV, x=(2, 4, 6, 3)),
    row("ConvLSTM1D", dict(CONV, data_format="channels_first", **ALL), x=(2, 4, 3, 6),
        call=dict(initial_state=[(2, 2, 4)] * 2)),
    row("ConvLSTM1D", dict(CONV, strides=2, go_backwards=True, **ALL), x=(3, 5, 7, 4), masks=MASK),
    row("ConvLSTM1D", dict(CONV, dropout=0.4, seed=3), x=(2, 4, 6, 3), **NOISY),
    row("ConvLSTM1D", dict(CONV, dropout=0.4, recurrent_dropout=0.3, seed=3, data_format="channels_first"),
        x=(2, 4, 3, 6), **NOISY),
    row("ConvLSTM2D", dict(filters=2, kernel_size=(3, 2), **ALL), x=(2, 4, 5, 6, 3)),
    row("ConvLSTM2D", dict(CONV, padding="same", dilation_rate=(2, 1), data_format="channels_first"), x=(2, 4, 3, 5, 6)),
    row("ConvLSTM2D", dict(CONV, stateful=True, recurrent_dropout=0.3, seed=3, **ALL), x=(2, 4, 5, 6, 3), **NOISY),
    row("ConvLSTM2D", dict(CONV, use_bias=False, recurrent_activation="hard_sigmoid", **REGULARIZED),
        x=(2, 3, 5, 6, 3), smooth=False),
    row("ConvLSTM2D", dict(CONV, strides=2, dilation_rate=2), raises="not both"),
    row("ConvLSTM2D", dict(CONV, padding="causal"), raises="padding"),
    row("ConvLSTM2D", CONV, x=(2, 3, 2, 6, 3), raises="known size"),
    row("ConvLSTM3D", dict(filters=2, kernel_size=(2, 1, 2)), x=(1, 3, 3, 4, 5, 2)),
    row("ConvLSTM3D", dict(filters=2, kernel_size=2, strides=(1, 2, 1), padding="same", data_format="channels_first"),
        x=(1, 2, 3, 3, 4, 5)),
]  # fmt: skip
