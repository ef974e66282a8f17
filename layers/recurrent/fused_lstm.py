"""All steps of an LSTM with a backward pass written by hand.

Differentiating a loop automatically makes one small matrix product per step for the gradient of the recurrent kernel,
and adds them up. By hand, the loop back in time carries the gradients of h and c only, and all steps' kernel gradients
are one product at its end:

    forward    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)      z = projected[t] + h @ R
               g = tanh(z_g),   c' = f c + i g,   h' = o tanh(c')
    backward   dc' += dh' o (1 - tanh²(c'))
               dz_i = dc' g i (1 - i),   dz_f = dc' c f (1 - f),   dz_g = dc' i (1 - g²)
               dz_o = dh' tanh(c') o (1 - o)
               dh = dz @ Rᵀ,   dc = dc' f
    at the end dR = Σ_t h[t-1]ᵀ dz[t]

The factors of dh' and dc' do not depend on the gradients: they are computed for all steps at once, before the loop.
Measured (64 units, 80 steps, batch 64, forward and backward, 2 cores): MEASURED
"""

import tensorflow as tf

from layers.recurrent.loop import as_array, empty_array, where
from layers.spatial import sizes_of


def fused_lstm(projected, recurrent_kernel, h, c, mask=None):
    """(h after each step, [h, c] after the last one).

    Shapes: `projected` (time, batch, 4 * units), in the order i, f, g, o; `recurrent_kernel` (units, 4 * units);
    `h`, `c` (batch, units); `mask` bool (time, batch), False where a step leaves h and c alone.
    """

    @tf.custom_gradient
    def run(projected, recurrent_kernel, h, c):
        saved = _forward(projected, recurrent_kernel, h, c, mask)
        hs, cs, *gates = tf.split(saved, 6, axis=-1)

        def gradient(d_hs, d_c):
            before_h, before_c = (tf.concat([first[None], all_[:-1]], 0) for first, all_ in ((h, hs), (c, cs)))
            dz, d_h, d_c = _backward(recurrent_kernel, cs, before_c, gates, mask, d_hs, d_c)
            return dz, tf.tensordot(before_h, dz, ((0, 1), (0, 1))), d_h, d_c

        return (hs, cs[-1]), gradient

    hs, c = run(projected, recurrent_kernel, h, c)
    return hs, [hs[-1], c]


def _forward(projected, recurrent_kernel, h, c, mask):
    """h, c, i, f, g, o of all steps, side by side in one tensor: one write per step."""
    count = sizes_of(projected)[0]
    projected_at = as_array(projected)
    mask_at = None if mask is None else as_array(mask)

    def body(time, h, c, saved):
        i, f, g, o = tf.split(projected_at.read(time) + tf.matmul(h, recurrent_kernel), 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_c = f * c + i * g
        new_h = o * tf.tanh(new_c)
        if mask is not None:
            step_mask = mask_at.read(time)
            new_h, new_c = where(step_mask, new_h, h), where(step_mask, new_c, c)
        return time + 1, new_h, new_c, saved.write(time, tf.concat([new_h, new_c, i, f, g, o], axis=-1))

    saved = empty_array(count, h.dtype, (h.shape[0], 6 * h.shape[1]))
    steps = projected.shape[0]
    return tf.while_loop(lambda time, *_: time < count, body, (0, h, c, saved), maximum_iterations=steps)[3].stack()


def _backward(recurrent_kernel, cs, before_c, gates, mask, d_hs, d_c):
    """(dz of all steps, gradients of the first h and c)."""
    i, f, g, o = gates
    tanh_c = tf.tanh(cs)
    to_c = o * (1 - tanh_c**2)
    to_i, to_f, to_g, to_o = g * i * (1 - i), before_c * f * (1 - f), i * (1 - g**2), tanh_c * o * (1 - o)
    past = None
    if mask is not None:  # a masked step has no part in the gradients, which pass it by
        to_c, to_i, to_f, to_g, to_o = (where(mask, x, tf.zeros_like(x)) for x in (to_c, to_i, to_f, to_g, to_o))
        f = where(mask, f, tf.ones_like(f))
        past = as_array(tf.cast(~mask, f.dtype)[..., None])
    to_c, to_i, to_f, to_g, to_o, f, d_hs = map(as_array, (to_c, to_i, to_f, to_g, to_o, f, d_hs))
    count = sizes_of(cs)[0]
    transposed = tf.transpose(recurrent_kernel)

    def body(time, d_h, d_c, dz):
        d_h = d_h + d_hs.read(time)
        d_c = d_c + d_h * to_c.read(time)
        step_dz = tf.concat(
            [d_c * to_i.read(time), d_c * to_f.read(time), d_c * to_g.read(time), d_h * to_o.read(time)], axis=-1
        )
        before = tf.matmul(step_dz, transposed)
        if mask is not None:
            before = before + d_h * past.read(time)
        return time - 1, before, d_c * f.read(time), dz.write(time, step_dz)

    dz = empty_array(count, d_c.dtype, (d_c.shape[0], 4 * d_c.shape[1]))
    start = (count - 1, tf.zeros_like(d_c), d_c, dz)
    _, d_h, d_c, dz = tf.while_loop(lambda time, *_: time >= 0, body, start, maximum_iterations=cs.shape[0])
    return dz.stack(), d_h, d_c
