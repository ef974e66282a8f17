"""One step after another: the loop over time, and what a mask means in it.

Everything here is *time major*, (time, batch, ...), because a loop reads one whole time step at a time and memory is
laid out so that the first axis is read in one piece.

A step that is masked leaves the states as they were; its output is the one before it (zeros at the start), or zeros.
"""

import tensorflow as tf

from layers.spatial import sizes_of


def scan(step, inputs, states, mask=None, zero_output=False, unroll=False):
    """(outputs of all steps, states after the last one).

    `step(inputs[t], states)` gives (output, new states); `states`: a list of tensors (batch, ...); `mask`: bool
    (time, batch) or None; `zero_output`: masked outputs are zero; `unroll`: write every step into the graph, which
    needs a known number of steps.
    """
    unroll = unroll or tf.executing_eagerly()
    return (_unrolled if unroll else _looped)(step, inputs, list(states), mask, zero_output)


def _unrolled(step, inputs, states, mask, zero_output):
    outputs = []
    masks = [None] * inputs.shape[0] if mask is None else tf.unstack(mask)
    for step_inputs, step_mask in zip(tf.unstack(inputs), masks):
        before = outputs[-1] if outputs and not zero_output else None
        output, states = _advance(step, step_inputs, states, step_mask, before)
        outputs.append(output)
    return tf.stack(outputs), states


def _looped(step, inputs, states, mask, zero_output):
    """The first step runs ahead of the loop: it shows the shape and dtype of the outputs."""
    count = sizes_of(inputs)[0]
    inputs_at = as_array(inputs)
    mask_at = None if mask is None else as_array(mask)
    output, states = _advance(step, inputs[0], states, None if mask is None else mask[0], None)
    outputs = empty_array(count, output.dtype, output.shape).write(0, output)

    def body(time, before, states, outputs):
        step_mask = None if mask is None else mask_at.read(time)
        output, new_states = _advance(step, inputs_at.read(time), states, step_mask, None if zero_output else before)
        for old, new in zip([before, *states], [output, *new_states]):
            new.set_shape(old.shape)  # an axis that was known stays known
        return time + 1, output, new_states, outputs.write(time, output)

    _, _, states, outputs = tf.while_loop(
        lambda time, *_: time < count, body, (1, output, states, outputs),
        maximum_iterations=inputs.shape[0],  # XLA differentiates a loop only if it knows how long it may run
    )  # fmt: skip
    return outputs.stack(), states


def _advance(step, inputs, states, mask, before):
    """One step under its mask (batch,). `before`: the output to repeat where masked; None: zeros."""
    output, new_states = step(inputs, states)
    if mask is None:
        return output, list(new_states)
    output = where(mask, output, tf.zeros_like(output) if before is None else before)
    return output, [where(mask, new, old) for new, old in zip(new_states, states)]


def hold(states, mask, zero_output):
    """Outputs under `mask` where the output of a step is its first state, from that state after each step.

    A masked step leaves the state alone, so the output to repeat is there already, except before the first real step.
    """
    if mask is None:
        return states
    shown = mask if zero_output else tf.cumsum(tf.cast(mask, tf.int32)) > 0
    return where(shown, states, tf.zeros_like(states))


def where(mask, yes, no):
    """`tf.where` with a mask that lacks the last axes of the tensors."""
    missing = yes.shape.rank - mask.shape.rank
    return tf.where(mask[(..., *[None] * missing)], yes, no)


def time_major(tensor):
    """(batch, time, ...) → (time, batch, ...), and back."""
    return tf.transpose(tensor, (1, 0, *range(2, tensor.shape.rank)))


def as_array(tensor):
    """`tensor` as a TensorArray: one entry per time step."""
    return empty_array(sizes_of(tensor)[0], tensor.dtype, tensor.shape[1:]).unstack(tensor)


def empty_array(size, dtype, element_shape):
    """A TensorArray to write one entry per time step into."""
    return tf.TensorArray(dtype, size=size, element_shape=element_shape)
