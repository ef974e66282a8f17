"""All steps of a GRU with a backward pass written by hand; the idea is explained in fused_lstm.py.

    forward    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)           h_z, h_r, h_n = split(h @ R + b)
               n = tanh(x_n + r h_n),   h' = z h + (1 - z) n
    backward   a_z = (h - n) z (1 - z),   a_n = (1 - z) (1 - n²),   a_r = a_n h_n r (1 - r)
               dx = dh' [a_z, a_r, a_n],   ds = dh' [a_z, a_r, a_n r]      (ds: of split's argument)
               dh = ds @ Rᵀ + dh' z
    at the end dR = Σ_t h[t-1]ᵀ ds[t],   db = Σ_t ds[t]

Every gradient is dh' times a factor known beforehand.
MEASURED
"""

import tensorflow as tf

from layers.recurrent.loop import as_array, empty_array, for_each_step, where
from layers.spatial import sizes_of


def fused_gru(projected, recurrent_kernel, recurrent_bias, h, options):
    """(h after each step, or after the last one without `options.all_outputs`; [h after the last one]).

    Shapes: `projected` (time, batch, 3 * units), in the order z, r, n; `recurrent_kernel` (units, 3 * units);
    `recurrent_bias` (3 * units,); `h` (batch, units); `options.mask` bool (time, batch) or None, False where a step
    leaves h alone.
    """
    mask, all_outputs = options.mask, options.all_outputs

    @tf.custom_gradient
    def run(projected, recurrent_kernel, recurrent_bias, h):
        hs, *gates = _forward(projected, recurrent_kernel, recurrent_bias, h, mask)

        def gradient(d_output):
            before = tf.concat([h[None], hs[:-1]], 0)
            d_hs, d_h = (d_output, tf.zeros_like(h)) if all_outputs else (None, d_output)
            ds, d_n, d_h = _backward(recurrent_kernel, _factors(before, *gates), mask, d_hs, d_h)
            d_projected = tf.concat([ds[..., : 2 * h.shape[1]], d_n], axis=-1)
            d_kernel = tf.tensordot(before, ds, ((0, 1), (0, 1)))
            return d_projected, d_kernel, tf.reduce_sum(ds, axis=(0, 1)), d_h

        return hs if all_outputs else hs[-1], gradient

    output = run(projected, recurrent_kernel, recurrent_bias, h)
    return output, [output[-1] if all_outputs else output]


def _forward(projected, recurrent_kernel, recurrent_bias, h, mask):
    """h, z, r, n, h_n of all steps."""
    units = h.shape[1]
    projected_at = as_array(projected)
    mask_at = None if mask is None else as_array(mask)

    def body(time, h, *saved):
        x_gates, x_n = tf.split(projected_at.read(time), [2 * units, units], axis=-1)
        h_gates, h_n = tf.split(tf.matmul(h, recurrent_kernel) + recurrent_bias, [2 * units, units], axis=-1)
        z, r = tf.split(tf.sigmoid(x_gates + h_gates), 2, axis=-1)
        n = tf.tanh(x_n + r * h_n)
        new_h = n + z * (h - n)
        if mask is not None:
            new_h = where(mask_at.read(time), new_h, h)
        return new_h, *(array.write(time, value) for array, value in zip(saved, (new_h, z, r, n, h_n)))

    saved = [empty_array(sizes_of(projected)[0], h.dtype, h.shape) for _ in range(5)]
    return [array.stack() for array in for_each_step(body, (h, *saved), projected)[1:]]


def _factors(before, z, r, n, h_n):
    """What dh' is multiplied with in each step: a_z, a_r, a_n; then r and z."""
    to_z = tf.raw_ops.SigmoidGrad(y=z, dy=before - n)  # dy * y * (1 - y) in one pass over memory
    to_n = tf.raw_ops.TanhGrad(y=n, dy=1 - z)  # dy * (1 - y²)
    return to_z, tf.raw_ops.SigmoidGrad(y=r, dy=to_n * h_n), to_n, r, z


def _backward(recurrent_kernel, factors, mask, d_hs, d_h):
    """(ds and its part dx_n of all steps, the gradient of the first h), from those of each step's h and the last h."""
    if mask is not None:  # a masked step has no part in the gradients, which pass it by
        *factors, r, z = factors
        factors = [where(mask, factor, tf.zeros_like(factor)) for factor in factors]
        factors = [*factors, r, where(mask, z, tf.ones_like(z))]
    factors_at = [as_array(factor) for factor in factors]
    d_hs_at = None if d_hs is None else as_array(d_hs)
    transposed = tf.transpose(recurrent_kernel)

    def body(time, d_h, ds, d_n):
        if d_hs_at is not None:
            d_h = d_h + d_hs_at.read(time)
        to_z, to_r, to_n, r, z = (factor.read(time) for factor in factors_at)
        step_d_n = d_h * to_n
        step_ds = tf.concat([d_h * to_z, d_h * to_r, step_d_n * r], axis=-1)
        before = tf.matmul(step_ds, transposed) + d_h * z
        return before, ds.write(time, step_ds), d_n.write(time, step_d_n)

    count = sizes_of(factors[0])[0]
    ds = empty_array(count, d_h.dtype, (d_h.shape[0], recurrent_kernel.shape[1]))
    d_n = empty_array(count, d_h.dtype, d_h.shape)
    d_h, ds, d_n = for_each_step(body, (d_h, ds, d_n), factors[0], backwards=True)
    return ds.stack(), d_n.stack(), d_h
