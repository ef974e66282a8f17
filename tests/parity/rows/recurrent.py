"""Layers over time. In training LSTM and GRU take the backward passes written by hand, else the plain loop."""

import numpy as np

from engine.study.parity import part, row

X = (4, 3, 5)  # batch, time, features
MASK = np.array([[1, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 0]], bool)
MASKED = dict(x=X, masks=MASK)
H = (4, 2)
ALL = dict(return_sequences=True, return_state=True)
TRAIN = dict(training=True)
NOISY = dict(training=True, rtol=1e-6, why="Keras rounds 1 / (1 - rate) to float32")
NOT_TRAVELLING = dict(leave_out=("mask",), why="in Keras a mask given by hand also travels on with the outputs")

# Keras rounds the factor of a penalty to float32; powers of two lose nothing.
L1, L2 = part("L1", "regularizers", l1=0.25), part("L2", "regularizers", l2=0.5)
REGULARIZED = dict(
    kernel_regularizer=L1, recurrent_regularizer=L2, bias_regularizer=L1,
    kernel_constraint="max_norm", recurrent_constraint="unit_norm", bias_constraint="non_neg",
)  # fmt: skip


def shared_rows(name, states, not_compared=(), reason=""):
    """The rows that SimpleRNN, LSTM and GRU have in common; many in inference and in training."""

    def with_units(arguments=None, x=X, leave_out=(), why="", **more):
        left = dict(leave_out=leave_out + not_compared, why=f"{why}; {reason}".strip("; ") or None)
        return row(name, dict(arguments or {}, units=2), x=x, **left, **more)

    start = dict(initial_state=[H] * states)
    masked_start = dict(start, mask=MASK)
    for call in ({}, TRAIN):
        yield with_units(call=call)
        yield with_units(ALL, call=call | start)
        yield with_units(call=call, masks=MASK)
        yield with_units(call=call | masked_start, **NOT_TRAVELLING)
        yield with_units(ALL, call=call | masked_start, **NOT_TRAVELLING)
        yield with_units(dict(zero_output_for_mask=True, **ALL), call=call | masked_start, **NOT_TRAVELLING)
        yield with_units(dict(zero_output_for_mask=True), call=call, masks=MASK)
        yield with_units(dict(go_backwards=True, **ALL), call=call, masks=MASK)
        yield with_units(dict(use_bias=False, go_backwards=True), call=call)
    yield with_units(dict(unroll=True, **ALL), call=start)
    yield with_units(dict(unroll=True, return_sequences=True), masks=MASK, call=TRAIN)
    yield with_units(dict(stateful=True, return_state=True))
    yield with_units(dict(stateful=True), training=True)
    yield with_units(dict(activation="softsign", **ALL), call=TRAIN, smooth=False)
    yield with_units(dict(return_sequences=True, **REGULARIZED), smooth=False)
    yield with_units(dict(dropout=0.4, seed=3), **NOISY)
    yield with_units(dict(recurrent_dropout=0.4, seed=3), **NOISY)
    yield with_units(dict(dropout=0.4, recurrent_dropout=0.3, seed=3, **ALL), masks=MASK, **NOISY)
    yield with_units(dict(bias_initializer="random_normal", recurrent_initializer="he_normal"))
    yield with_units(x=(1, 1, 3), call=TRAIN)
    yield row(name, dict(units=0), raises="positive integer")
    yield row(name, dict(units=2, dropout=1.5), raises="from 0 to 1")
    yield row(name, dict(units=2), x=(3, 4), raises="rank 3")
    yield row(name, dict(units=2), x=X, call=dict(initial_state=[H] * (states + 1)), raises="initial states")
    yield row(name, dict(units=2), x=X, call=dict(initial_state=[(4, 5)] * states), raises="initial states")
    yield row(name, dict(units=2), x=X, call=dict(mask=MASK[0]), raises="mask of shape")


def gate_rows(name):
    """The rows that LSTM and GRU have in common."""
    yield row(name, dict(units=2, recurrent_activation="hard_sigmoid"), x=X, call=TRAIN, smooth=False)
    yield row(name, dict(units=2, activation="relu", recurrent_activation="tanh", **ALL), x=X, smooth=False)


CONV = dict(filters=2, kernel_size=3)

ROWS = [
    *shared_rows("SimpleRNN", 1, ("config",), "Keras leaves the seed of a SimpleRNN out of its config"),
    *shared_rows("LSTM", 2),
    *gate_rows("LSTM"),
    row("LSTM", dict(units=2, unit_forget_bias=False), x=X),
    *shared_rows("GRU", 1),
    *gate_rows("GRU"),
    row("GRU", dict(units=2, reset_after=False, **ALL), x=X, call=TRAIN),
    row("GRU", dict(units=2, reset_after=False, use_bias=False), **MASKED),
    row("GRU", dict(units=2, reset_after=False, dropout=0.3, recurrent_dropout=0.4, seed=5), x=X, **NOISY),
    # ---- cells
    row("SimpleRNNCell", dict(units=2), x=(4, 3), call=dict(states=[H])),
    row("GRUCell", dict(units=2), x=(4, 3), call=dict(states=[H])),
    row("GRUCell", dict(units=2, reset_after=False, use_bias=False), x=(4, 3), call=dict(states=[H])),
    row("LSTMCell", dict(units=2), x=(4, 3), call=dict(states=[H, H])),
    row("LSTMCell", dict(units=2, dropout=0.3, recurrent_dropout=0.2, seed=1), x=(4, 3), call=dict(states=[H, H])),
    row("LSTMCell", dict(units=-1), raises="positive integer"),
    row("StackedRNNCells", dict(cells=[part("LSTMCell", units=2), part("GRUCell", units=5)]), x=(4, 3),
        call=dict(states=[[H, H], [(4, 5)]])),
    # ---- any cell
    row("RNN", dict(cell=part("LSTMCell", units=2), **ALL), **MASKED),
    row("RNN", dict(cell=part("GRUCell", units=2), zero_output_for_mask=True, go_backwards=True), **MASKED, call=TRAIN),
    row("RNN", dict(cell=[part("LSTMCell", units=2), part("GRUCell", units=5)], **ALL), **MASKED),
    row("RNN", dict(cell=[part("LSTMCell", units=2), part("GRUCell", units=5)], **ALL), x=X,
        call=dict(training=True, initial_state=[[H, H], [(4, 5)]], mask=MASK), **NOT_TRAVELLING),
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
    row("Bidirectional", dict(layer=part("LSTM", units=2, **ALL)), x=X, call=dict(initial_state=[H] * 4, mask=MASK),
        **NOT_TRAVELLING),
    row("Bidirectional", dict(layer=part("GRU", units=2, **ALL), merge_mode=None), x=X),
    row("Bidirectional", dict(layer=part("GRU", units=2), backward_layer=part("LSTM", units=5, go_backwards=True)),
        x=X),
    row("Bidirectional", dict(layer=part("GRU", units=2, stateful=True)), x=X),
    row("Bidirectional", dict(layer=part("RNN", cell=part("GRUCell", units=2))), x=X),
    row("Bidirectional", dict(layer=part("LSTM", units=2, dropout=0.4, seed=3)), x=X, **NOISY),
    row("Bidirectional", dict(layer=part("LSTM", units=2), merge_mode="add"), raises="merge_mode"),
    row("Bidirectional", dict(layer=part("Dense", units=2)), raises="recurrent layer"),
    row("Bidirectional", dict(layer=part("LSTM", units=2), backward_layer=part("LSTM", units=2)), raises="directions"),
    row("TimeDistributed", dict(layer=part("Dense", units=2)), x=X),
    row("TimeDistributed", dict(layer=part("Conv1D", filters=2, kernel_size=3)), **(MASKED | dict(x=(4, 3, 6, 5)))),
    row("TimeDistributed", dict(layer=part("LSTM", units=2)), x=(2, 3, 4, 5),
        masks=np.arange(24).reshape(2, 3, 4) % 5 > 0),
    row("TimeDistributed", dict(layer=part("Dense", units=2)), x=(3, 4), raises="batch, time"),
    # ---- over space
    row("ConvLSTM1D", CONV, x=(2, 4, 6, 3)),
    row("ConvLSTM1D", dict(CONV, **ALL), x=(2, 4, 6, 3), call=dict(initial_state=[(2, 4, 2)] * 2)),
    row("ConvLSTM1D", dict(CONV, strides=2, go_backwards=True, **ALL), x=(4, 3, 7, 5), masks=MASK),
    row("ConvLSTM1D", dict(CONV, dropout=0.4, seed=3), x=(2, 4, 6, 3), **NOISY),
    row("ConvLSTM1D", dict(CONV, dropout=0.4, recurrent_dropout=0.3, seed=3), x=(2, 4, 6, 3), **NOISY),
    row("ConvLSTM2D", dict(filters=2, kernel_size=(3, 2), **ALL), x=(2, 4, 5, 6, 3)),
    row("ConvLSTM2D", dict(CONV, padding="same", dilation_rate=(2, 1)), x=(2, 4, 5, 6, 3)),
    row("ConvLSTM2D", dict(CONV, stateful=True, recurrent_dropout=0.3, seed=3, **ALL), x=(2, 4, 5, 6, 3), **NOISY),
    row("ConvLSTM2D", dict(CONV, use_bias=False, recurrent_activation="hard_sigmoid", **REGULARIZED),
        x=(2, 3, 5, 6, 3), smooth=False),
    row("ConvLSTM2D", dict(CONV, strides=2, dilation_rate=2), raises="not both"),
    row("ConvLSTM2D", dict(CONV, padding="causal"), raises="padding"),
    row("ConvLSTM2D", CONV, x=(2, 3, 2, 6, 3), raises="known size"),
    row("ConvLSTM3D", dict(filters=2, kernel_size=(2, 1, 2)), x=(1, 3, 3, 4, 5, 2)),
    # One step: Keras compiles each of its convolutions anew here, which takes half a second apiece.
    row("ConvLSTM3D", dict(filters=2, kernel_size=2, strides=(1, 2, 1), padding="same", data_format="channels_first"),
        x=(1, 1, 3, 3, 4, 5), call=dict(initial_state=[(1, 2, 3, 2, 5)] * 2)),
]  # fmt: skip
