"""Attention: every kind of mask, alone and together, and the places where no key may be seen."""

import numpy as np

from engine.study.parity import part, row

X = (2, 3, 4)  # batch, queries, features
VALUE = (2, 5, 6)
CALL = dict(value=VALUE)
QUERY_MASK = np.array([[1, 0, 1], [1, 1, 1]], bool)
VALUE_MASK = np.array([[1, 0, 1, 0, 1], [1, 1, 1, 0, 0]], bool)
KEY_MASK = np.array([[1, 1, 0, 0, 1], [0, 1, 1, 1, 0]], bool)
SOME = np.arange(30).reshape(2, 3, 5) % 4 != 0
NOWHERE = SOME & ~(np.arange(3) == 1)[:, None]  # the second query may see nothing
NOT_TRAVELLING = dict(leave_out=("mask",), why="in Keras a mask given by hand also travels on with the outputs")
SCORES_MASKED = dict(leave_out=("mask",), why="Keras leaves the mask of its inner softmax on the scores")
SCORES = dict(return_attention_scores=True)

# Keras rounds the factor of a penalty to float32; a power of two loses nothing.
L2 = part("L2", "regularizers", l2=0.5)
REGULARIZED = dict(
    kernel_regularizer=L2, bias_regularizer=L2, kernel_constraint="unit_norm",
    bias_constraint="non_neg", bias_initializer="ones",
)  # fmt: skip


def head_rows(name, arguments, heads, query_mask):
    """The rows that both layers with heads have in common."""

    def with_call(call, more=None, **settings):
        left = SCORES_MASKED if call.get("return_attention_scores") else {}
        return row(name, {**arguments, **(more or {})}, x=X, call=CALL | call, **left, **settings)

    yield with_call({})
    yield with_call(SCORES)
    yield with_call(dict(key=(2, 5, 7), **SCORES))
    yield with_call(query_mask)
    yield with_call(dict(value_mask=VALUE_MASK))
    yield with_call(dict(key=VALUE, value_mask=VALUE_MASK, key_mask=KEY_MASK, **query_mask, **SCORES))
    yield with_call(dict(attention_mask=SOME))
    yield with_call(dict(attention_mask=SOME[:1, :1]))
    yield with_call(dict(attention_mask=SOME[0]))
    yield with_call(dict(attention_mask=np.stack([SOME, ~SOME] * 3, axis=1)[:, :heads], **SCORES))
    yield with_call(dict(attention_mask=SOME.astype("float64"), value_mask=VALUE_MASK, use_causal_mask=True))
    yield with_call(dict(attention_mask=NOWHERE))
    yield with_call(dict(attention_mask=NOWHERE, **SCORES))
    yield with_call(dict(attention_mask=NOWHERE), dict(dropout=0.3))
    yield with_call(dict(use_causal_mask=True))
    yield with_call(SCORES, dict(sliding_window=2))
    yield with_call(dict(use_causal_mask=True, **SCORES), dict(sliding_window=2))
    yield with_call({}, dict(use_bias=False))
    yield with_call({}, dict(use_gate=True, **REGULARIZED), smooth=False)
    yield with_call({}, dict(activity_regularizer=L2))
    yield with_call({}, dict(dropout=0.25, seed=5), training=True)
    yield row(name, dict(arguments, sliding_window=0), raises="positive integer")
    yield row(name, dict(arguments, flash_attention=True), raises="flash")


FIELD = (2, 3, 4, 5)  # batch, two axes of places, features
FAR = (2, 6, 4, 7)

ROWS = [
    *head_rows("MultiHeadAttention", dict(num_heads=3, key_dim=4), 3, {}),  # Keras ignores a query_mask given by hand
    *(
        row("MultiHeadAttention", dict(num_heads=3, key_dim=4), x=X, call=call, masks=QUERY_MASK, leave_out=("mask",),
            why="Keras loses the mask of the query here")
        for call in (CALL, CALL | SCORES)
    ),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=3), x=X, call=CALL, rtol=1e-6,
        why="Keras rounds √key_dim to float32; of 4 it is exact"),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, value_dim=5, output_shape=7, use_gate=True), x=X, call=CALL),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, output_shape=(2, 7)), x=X, call=CALL),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4), x=FIELD, call=dict(value=FAR, **SCORES), **SCORES_MASKED),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, attention_axes=(1, 2)), x=FIELD,
        call=dict(value=FAR, attention_mask=np.arange(2 * 12 * 24).reshape(2, 3, 4, 6, 4) % 7 > 2)),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, attention_axes=1, use_gate=True, value_dim=5), x=FIELD,
        call=dict(value=FAR, **SCORES), **SCORES_MASKED),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, attention_axes=(2,)), x=FIELD,
        call=dict(value=(2, 3, 6, 7), attention_mask=np.arange(2 * 3 * 24).reshape(2, 3, 4, 6) % 7 > 2, **SCORES),
        **SCORES_MASKED),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4, attention_axes=(-2,)), x=FIELD,
        call=dict(value=(2, 3, 6, 7))),
    row("MultiHeadAttention", dict(num_heads=0, key_dim=4), raises="positive integer"),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=0), raises="positive integer"),
    row("MultiHeadAttention", dict(num_heads=2, key_dim=4), x=X, call=dict(value=VALUE, key=(2, 4, 6)),
        raises="a key for each value"),
    *head_rows("GroupQueryAttention", dict(head_dim=4, num_query_heads=6, num_key_value_heads=2), 6,
               dict(query_mask=QUERY_MASK)),
    row("GroupQueryAttention", dict(head_dim=4, num_query_heads=6, num_key_value_heads=1), x=X, call=CALL | SCORES,
        **SCORES_MASKED),
    row("GroupQueryAttention", dict(head_dim=4, num_query_heads=2, num_key_value_heads=2), x=X, call=CALL),
    row("GroupQueryAttention", dict(head_dim=4, num_query_heads=6, num_key_value_heads=4), raises="divisible"),
    # ---- without heads
    *(
        made
        for name, kinds in (
            ("Attention", [{}, dict(use_scale=True), dict(score_mode="concat"),
                           dict(score_mode="concat", use_scale=True)]),
            ("AdditiveAttention", [{}, dict(use_scale=False)]),
        )
        for kind in kinds
        for made in (
            row(name, kind, x=[X, (2, 5, 4)]),
            row(name, kind, x=[X, (2, 5, 6), (2, 5, 4)], call=dict(mask=[QUERY_MASK, VALUE_MASK], **SCORES),
                **NOT_TRAVELLING),
            row(name, kind, x=[X, (2, 5, 4)], call=dict(mask=[None, VALUE_MASK], use_causal_mask=True)),
        )
    ),
    row("Attention", x=[X, (2, 5, 4)], masks=[QUERY_MASK, VALUE_MASK]),
    row("Attention", dict(dropout=0.25, seed=5), x=[X, (2, 5, 4)], call=SCORES, training=True),
    row("AdditiveAttention", dict(dropout=0.25, seed=5), x=[X, (2, 5, 4)], training=True),
    row("Attention", dict(score_mode="cosine"), raises="score_mode"),
    row("Attention", x=X, raises="a list"),
    row("Attention", x=[X], raises="a list"),
]  # fmt: skip
