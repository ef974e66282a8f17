"""All steps of a GRU with a backward pass written by hand; the idea is explained in fused_lstm.py.

    forward    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)           h_z, h_r, h_n = split(h @ R + b)
               n = tanh(x_n + r h_n),   h' = z h + (1 - z) n
    backward   a_z = (h - n) z (1 - z),   a_n = (1 - z) (1 - n²),   a_r = a_n h_n r (1 - r)
               dx = dh' [a_z, a_r, a_n],   ds = dh' [a_z, a_r, a_n r]
               dh = ds @ Rᵀ + dh' z
    at the end dR = Σ_t h[t-1]ᵀ ds[t],   db = Σ_t ds[t]

Every gradient is dh' times a factor known beforehand, so the loop back in time need only keep dh'.
Measured (64 units, 80 steps, batch 64, forward and backward, 2 cores): MEASURED
"""

import tensorflow as tf

from layers.recurrent.loop import as_array, empty_array, where
from layers.spatial import sizes_of


def fused_gru(projected, recurrent_kernel, recurrent_bias, h, mask=None):
    """(h after each step, [h after the last one]).

    Shapes: `projected` (time, batch, 3 * units), in the order z, r, n; `recurrent_kernel` (units, 3 * units);
    `recurrent_bias` (3 * units,); `h` (batch, units); `mask` bool (time, batch), False where a step leaves h alone.
    """

    @tf.custom_gradient
    def run(projected, recurrent_kernel, recurrent_bias, h):
        hs, z, r, n, h_n = tf.split(_forward(projected, recurrent_kernel, recurrent_bias, h, mask), 5, axis=-1)

        def gradient(d_hs):
            before = tf.concat([h[None], hs[:-1]], 0)
            to_z, to_n = (before - n) * z * (1 - z), (1 - z) * (1 - n**2)
            to_r = to_n * h_n * r * (1 - r)
            to_x, to_s = tf.concat([to_z, to_r, to_n], -1), tf.concat([to_z, to_r, to_n * r], -1)
            past = z
            if mask is not None:  # a masked step has no part in the gradients, which pass it by
                to_x, to_s = (where(mask, factor, tf.zeros_like(factor)) for factor in (to_x, to_s))
                past = where(mask, past, tf.ones_like(past))
            d_hs, d_h = _backward(recurrent_kernel, to_s, past, d_hs)
            tripled = tf.concat([d_hs, d_hs, d_hs], -1)
            ds = tripled * to_s
            d_kernel = tf.tensordot(before, ds, ((0, 1), (0, 1)))
            return tripled * to_x, d_kernel, tf.reduce_sum(ds, axis=(0, 1)), d_h

        return hs, gradient

    hs = run(projected, recurrent_kernel, recurrent_bias, h)
    return hs, [hs[-1]]


def _forward(projected, recurrent_kernel, recurrent_bias, h, mask):
    """h, z, r, n, h_n of all steps, side by side in one tensor: one write per step."""
    count = sizes_of(projected)[0]
    units = h.shape[1]
    projected_at = as_array(projected)
    mask_at = None if mask is None else as_array(mask)

    def body(time, h, saved):
        x_gates, x_n = tf.split(projected_at.read(time), [2 * units, units], axis=-1)
        h_gates, h_n = tf.split(tf.matmul(h, recurrent_kernel) + recurrent_bias, [2 * units, units], axis=-1)
        gates = tf.sigmoid(x_gates + h_gates)
        z, r = tf.split(gates, 2, axis=-1)
        n = tf.tanh(x_n + r * h_n)
        new_h = z * h + (1 - z) * n
        if mask is not None:
            new_h = where(mask_at.read(time), new_h, h)
        return time + 1, new_h, saved.write(time, tf.concat([new_h, gates, n, h_n], axis=-1))

    saved = empty_array(count, h.dtype, (h.shape[0], 5 * units))
    steps = projected.shape[0]
    return tf.while_loop(lambda time, *_: time < count, body, (0, h, saved), maximum_iterations=steps)[2].stack()


def _backward(recurrent_kernel, to_s, past, d_hs):
    """(the whole gradient of h after each step, the gradient of the first h)."""
    count = sizes_of(d_hs)[0]
    shape = d_hs.shape[1:]
    to_s_at, past_at, d_hs_at = map(as_array, (to_s, past, d_hs))
    transposed = tf.transpose(recurrent_kernel)

    def body(time, d_h, whole):
        d_h = d_h + d_hs_at.read(time)
        before = tf.matmul(tf.concat([d_h, d_h, d_h], -1) * to_s_at.read(time), transposed) + d_h * past_at.read(time)
        return time - 1, before, whole.write(time, d_h)

    start = (count - 1, tf.zeros_like(d_hs[0]), empty_array(count, d_hs.dtype, shape))
    steps = d_hs.shape[0]
    _, d_h, whole = tf.while_loop(lambda time, *_: time >= 0, body, start, maximum_iterations=steps)
    return whole.stack(), d_h
