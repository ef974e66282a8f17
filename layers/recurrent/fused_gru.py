"""All steps of a GRU with a backward pass written by hand; the ideas are explained in fused_lstm.py.

    forward    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)           h_z, h_r, h_n = split(h @ R + b)
               n = tanh(x_n + r h_n),   h' = z h + (1 - z) n
               by_n = (1 - z) (1 - n²),   by_s = [(h - n) z (1 - z), by_n h_n r (1 - r), by_n r]
    backward   ds = dh' by_s, the gradient of what is split,   dx = [ds_z, ds_r, dh' by_n]
               dh = ds @ Rᵀ + dh' z
    at the end dR = Σ_t h[t-1]ᵀ ds[t],   db = Σ_t ds[t]
"""

import tensorflow as tf

from layers.recurrent.fused_lstm import d_sigmoid, d_tanh
from layers.recurrent.loop import as_array, flat, flat_array, shaped, side_by_side, states_before, where


def fused_gru(parts, recurrent_kernel, recurrent_bias, all_outputs):
    """Of each part of the batch: (h after each step or, without `all_outputs`, after the last one; [h] after the last one).

    `parts`: (projected, [h], mask) of each. Shapes: `projected` (time, rows, 3 * units), in the order z, r, n; `h`
    (rows, units); `mask` bool (time, rows) or None, False where a step leaves h alone. `recurrent_kernel`
    (units, 3 * units), `recurrent_bias` (3 * units,).
    """
    projected, states, masks = zip(*parts)

    @tf.custom_gradient
    def run(recurrent_kernel, recurrent_bias, projected, states):
        loops = [_forward(recurrent_kernel, recurrent_bias, *part) for part in zip(projected, states, masks)]
        _, by_s, *saved = zip(*side_by_side(loops))
        hs, by_n, z = ([shaped(every, h) for every, (h,) in zip(kind, states)] for kind in saved)

        def gradient(*d_outputs):
            starts = [(d, tf.zeros_like(h)) if all_outputs else (None, d) for d, (h,) in zip(d_outputs, states)]
            loops = [_backward(recurrent_kernel, *part) for part in zip(zip(by_s, by_n, z), starts)]
            d_h, ds, dx_n = zip(*side_by_side(loops, backwards=True))
            d_projected = [tf.concat([d[..., : -n.shape[-1]], n], axis=-1) for d, n in zip(ds, dx_n)]
            d_kernel = [tf.tensordot(states_before(h, every), d, ((0, 1), (0, 1))) for (h,), every, d in zip(states, hs, ds)]
            d_bias = [tf.reduce_sum(d, axis=(0, 1)) for d in ds]
            return tf.add_n(d_kernel), tf.add_n(d_bias), d_projected, [(d,) for d in d_h]

        return [every if all_outputs else every[-1] for every in hs], gradient

    outputs = run(recurrent_kernel, recurrent_bias, projected, states)
    return [(output, [output[-1] if all_outputs else output]) for output in outputs]


def _forward(recurrent_kernel, recurrent_bias, projected, states, mask):
    """The loop over h, and the arrays by_s, h, by_n, z of all steps."""
    (h,) = states
    units = h.shape[1]
    mask_at = None if mask is None else as_array(mask)

    def body(time, h, by_s, *saved):
        x_gates, x_n = tf.split(by_s.read(time), [2 * units, units], axis=-1)  # `projected` is still there
        h_gates, h_n = tf.split(tf.matmul(h, recurrent_kernel) + recurrent_bias, [2 * units, units], axis=-1)
        z, r = tf.split(tf.sigmoid(x_gates + h_gates), 2, axis=-1)
        n = tf.tanh(x_n + r * h_n)
        new_h = z * h + (1 - z) * n
        step_by_n = d_tanh(n, 1 - z)
        step_by_s = tf.concat([d_sigmoid(z, h - n), d_sigmoid(r, step_by_n * h_n), step_by_n * r], axis=-1)
        if mask is not None:  # a masked step has no part in the gradients, which pass it by
            here = mask_at.read(time)
            new_h, z = where(here, new_h, h), where(here, z, tf.ones_like(z))
            step_by_s, step_by_n = (where(here, each, tf.zeros_like(each)) for each in (step_by_s, step_by_n))
        saved = [array.write(time, flat(value)) for array, value in zip(saved, (new_h, step_by_n, z))]
        return new_h, by_s.write(time, step_by_s), *saved

    return projected, body, (h, as_array(projected), *[flat_array(projected, h) for _ in range(3)])


def _backward(recurrent_kernel, saved, starts):
    """The loop over the gradient of h, and the arrays ds and dx_n of all steps; it begins with those of each h and the last h."""
    by_s, by_n, z = saved
    d_hs, d_h = starts
    z_at = as_array(z)
    d_hs_at = None if d_hs is None else as_array(d_hs)
    transposed = tf.transpose(recurrent_kernel)

    def body(time, d_h, ds, dx_n):
        if d_hs is not None:
            d_h = d_h + d_hs_at.read(time)
        step_ds = tf.concat([d_h * each for each in tf.split(ds.read(time), 3, axis=-1)], axis=-1)  # `by_s` is still there
        before_d_h = tf.matmul(step_ds, transposed) + d_h * z_at.read(time)
        return before_d_h, ds.write(time, step_ds), dx_n.write(time, d_h * dx_n.read(time))

    return by_s, body, (d_h, as_array(by_s), as_array(by_n))
