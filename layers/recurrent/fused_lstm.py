"""All steps of an LSTM with a backward pass written by hand.

Differentiating a loop automatically makes one small matrix product per step for the gradient of the recurrent kernel,
and adds them up. By hand, the loop back in time carries the gradients of h and c only, and all steps' kernel gradients
are one product at its end. Whatever does not depend on those gradients is computed on the way there, where the gates
are at hand: `by_z`, the derivatives of c' (for z_o: of h') by z, and `by_c`, that of h' by c'.

    forward    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)      z = projected[t] + h @ R
               g = tanh(z_g),   c' = f c + i g,   h' = o tanh(c')
               by_z = [g i (1 - i), c f (1 - f), i (1 - g²), tanh(c') o (1 - o)],   by_c = o (1 - tanh²(c'))
    backward   dc' += dh' by_c
               dz = [dc', dc', dc', dh'] by_z
               dh = dz @ Rᵀ,   dc = dc' f
    at the end dR = Σ_t h[t-1]ᵀ dz[t]

`by_z` is written over `projected`, and dz over `by_z`, each entry right after it was read: memory that is in the cache
is written fastest, and a new array would have to be filled with zeros first.
"""

import tensorflow as tf

from layers.recurrent.loop import as_array, flat, flat_array, shaped, side_by_side, states_before, where


def fused_lstm(parts, recurrent_kernel, all_outputs):
    """Of each part of the batch: (h after each step or, without `all_outputs`, after the last one; [h, c] after the last one).

    `parts`: (projected, [h, c], mask) of each. Shapes: `projected` (time, rows, 4 * units), in the order i, f, g, o; `h`,
    `c` (rows, units); `mask` bool (time, rows) or None, False where a step leaves h and c alone.
    `recurrent_kernel`: (units, 4 * units).
    """
    projected, states, masks = zip(*parts)

    @tf.custom_gradient
    def run(recurrent_kernel, projected, states):
        loops = [_forward(recurrent_kernel, *part) for part in zip(projected, states, masks)]
        _, cs, by_z, *saved = zip(*side_by_side(loops))
        hs, by_c, f = ([shaped(every, h) for every, (h, _) in zip(kind, states)] for kind in saved)

        def gradient(*d_results):
            d_outputs, d_cs = d_results[::2], d_results[1::2]
            starts = [(d, tf.zeros_like(d_c), d_c) if all_outputs else (None, d, d_c) for d, d_c in zip(d_outputs, d_cs)]
            loops = [_backward(recurrent_kernel, *part) for part in zip(zip(by_z, by_c, f), masks, starts)]
            d_h, d_c, dz = zip(*side_by_side(loops, backwards=True))
            d_kernel = [
                tf.tensordot(states_before(h, every), d, ((0, 1), (0, 1))) for (h, _), every, d in zip(states, hs, dz)
            ]
            return tf.add_n(d_kernel), dz, tuple(zip(d_h, d_c))

        return [(every if all_outputs else every[-1], c) for every, c in zip(hs, cs)], gradient

    results = run(recurrent_kernel, projected, states)
    return [(output, [output[-1] if all_outputs else output, c]) for output, c in results]


def _forward(recurrent_kernel, projected, states, mask):
    """The loop over h, c, and the arrays by_z, h, by_c, f of all steps."""
    mask_at = None if mask is None else as_array(mask)

    def body(time, h, c, by_z, *saved):
        z = by_z.read(time) + tf.matmul(h, recurrent_kernel)  # `projected` is still there
        i, f, g, o = tf.split(z, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_c = f * c + i * g
        tanh_c = tf.tanh(new_c)
        new_h = o * tanh_c
        step_by_z = tf.concat([d_sigmoid(i, g), d_sigmoid(f, c), d_tanh(g, i), d_sigmoid(o, tanh_c)], axis=-1)
        step_by_c = d_tanh(tanh_c, o)
        if mask is not None:  # a masked step has no part in the gradients, which pass it by
            here = mask_at.read(time)
            new_h, new_c = where(here, new_h, h), where(here, new_c, c)
            step_by_z, step_by_c = (where(here, each, tf.zeros_like(each)) for each in (step_by_z, step_by_c))
            f = where(here, f, tf.ones_like(f))
        saved = [array.write(time, flat(value)) for array, value in zip(saved, (new_h, step_by_c, f))]
        return new_h, new_c, by_z.write(time, step_by_z), *saved

    h, c = states
    return projected, body, (h, c, as_array(projected), *[flat_array(projected, h) for _ in range(3)])


def _backward(recurrent_kernel, saved, mask, starts):
    """The loop over the gradients of h and c, and the array dz of all steps; it begins with those of each h, the last h and c."""
    by_z, *others = saved
    by_c_at, f_at = (as_array(each) for each in others)
    d_hs, d_h, d_c = starts
    d_hs_at = None if d_hs is None else as_array(d_hs)
    mask_at = None if mask is None else as_array(mask)
    transposed = tf.transpose(recurrent_kernel)

    def body(time, d_h, d_c, dz):
        if d_hs is not None:
            d_h = d_h + d_hs_at.read(time)
        f = f_at.read(time)
        d_new_c = d_c + d_h * by_c_at.read(time)
        by_i, by_f, by_g, by_o = tf.split(dz.read(time), 4, axis=-1)  # `by_z` is still there
        step_dz = tf.concat([d_new_c * by_i, d_new_c * by_f, d_new_c * by_g, d_h * by_o], axis=-1)
        before_d_h = tf.matmul(step_dz, transposed)
        before_d_c = d_new_c * f
        if mask is not None:
            before_d_h += where(mask_at.read(time), tf.zeros_like(d_h), d_h)
        return before_d_h, before_d_c, dz.write(time, step_dz)

    return by_z, body, (d_h, d_c, as_array(by_z))


def d_sigmoid(y, d_y):
    """`d_y * y * (1 - y)` in one pass over memory."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=d_y)


def d_tanh(y, d_y):
    """`d_y * (1 - y²)` in one pass over memory."""
    return tf.raw_ops.TanhGrad(y=y, dy=d_y)
