"""One step after another: the loop over time, and what a mask means in it.

Everything here is *time major*, (time, batch, ...), because a loop reads one whole time step at a time and memory is
laid out so that the first axis is read in one piece.

A step that is masked leaves the states as they were; its output is the one before it (zeros at the start), or zeros.
"""

import collections

import tensorflow as tf

from engine.small_parts.account import LOOP, UNROLLED, spend
from losses.ground.shapes import sizes_of

# `mask`: bool (time, batch) or None. `zero_output`: masked outputs are zero. `unroll`: write every step into the
# graph, which needs a known number of steps. `all_outputs`: of all steps, else of the last one.
Options = collections.namedtuple("Options", "mask zero_output unroll all_outputs")


def scan(step, inputs, states, options):
    """(outputs, states after the last step): outputs (time, batch, ...), or (batch, ...) without `all_outputs`.

    `step(inputs[t], states)` gives (output, new states); `states`: a list of tensors (batch, ...).
    """
    unroll = options.unroll or tf.executing_eagerly()
    return (_unrolled if unroll else _looped)(step, inputs, list(states), options)


def _unrolled(step, inputs, states, options):
    spend("an unrolled loop", steps=UNROLLED * inputs.shape[0])
    outputs = [None]
    masks = [None] * inputs.shape[0] if options.mask is None else tf.unstack(options.mask)
    for step_inputs, step_mask in zip(tf.unstack(inputs), masks):
        before = None if options.zero_output else outputs[-1]
        output, states = _advance(step, step_inputs, states, step_mask, before)
        outputs.append(output)
    return tf.stack(outputs[1:]) if options.all_outputs else outputs[-1], states


def _looped(step, inputs, states, options):
    """The first step runs ahead of the loop: it shows the shape and dtype of the outputs."""
    spend("a loop", steps=LOOP)
    mask = options.mask
    inputs_at = as_array(inputs)
    mask_at = None if mask is None else as_array(mask)
    output, states = _advance(step, inputs[0], states, None if mask is None else mask[0], None)
    outputs = empty_array(sizes_of(inputs)[0] if options.all_outputs else 1, output.dtype, output.shape)

    def body(time, before, states, outputs):
        step_mask = None if mask is None else mask_at.read(time)
        last_output = None if options.zero_output else before
        output, new_states = _advance(step, inputs_at.read(time), states, step_mask, last_output)
        for old, new in zip([before, *states], [output, *new_states]):
            new.set_shape(old.shape)  # an axis that was known stays known
        return output, new_states, outputs.write(time, output) if options.all_outputs else outputs

    start = (output, states, outputs.write(0, output))
    output, states, outputs = for_each_step(body, start, inputs, first=1)
    return outputs.stack() if options.all_outputs else output, states


def for_each_step(body, start, inputs, first=0, backwards=False):
    """`values = body(time, *values)` for each time step of `inputs`, from `first` on, or back from the last to 0."""
    count = sizes_of(inputs)[0]
    end = (lambda time, *_: time >= 0) if backwards else (lambda time, *_: time < count)
    move = -1 if backwards else 1
    return tf.while_loop(
        end, lambda time, *values: (time + move, *body(time, *values)), (count - 1 if backwards else first, *start),
        maximum_iterations=inputs.shape[0],  # XLA differentiates a loop only if it knows how long it may run
    )[1:]  # fmt: skip


def side_by_side(loops, backwards=False):
    """The last values of several loops (inputs, body, start), each as `for_each_step` takes it, in one loop; arrays as tensors.

    XLA hands a matrix product to another thread, which then goes on with what waits for it. So loops over halves of a
    batch, which do not wait for each other, run on two cores.
    """

    def body(time, *states):
        return [tuple(step(time, *values)) for (_, step, _), values in zip(loops, states)]

    ends = for_each_step(body, [start for _, _, start in loops], loops[0][0], backwards=backwards)
    return [[value.stack() if isinstance(value, tf.TensorArray) else value for value in values] for values in ends]


def halves(tensor, axis):
    """Both halves of a batch that lies along `axis`; of None, two of it."""
    if tensor is None:
        return [None, None]
    rows = sizes_of(tensor)[axis]
    return tf.split(tensor, [rows // 2, rows - rows // 2], axis=axis)


def _advance(step, inputs, states, mask, before):
    """One step under its mask (batch,). `before`: the output to repeat where masked; None: zeros."""
    output, new_states = step(inputs, states)
    if mask is None:
        return output, list(new_states)
    output = where(mask, output, tf.zeros_like(output) if before is None else before)
    return output, [where(mask, new, old) for new, old in zip(new_states, states)]


def hold(output, options):
    """Outputs under the mask of `options` where the output of a step is its first state, from that state.

    A masked step leaves the state alone, so the output to repeat is there already, except before the first real step.
    """
    if options.mask is None:
        return output
    shown = options.mask if options.zero_output else tf.cumsum(tf.cast(options.mask, tf.int32)) > 0
    return where(shown if options.all_outputs else shown[-1], output, tf.zeros_like(output))


def where(mask, yes, no):
    """`tf.where` with a mask that lacks the last axes of the tensors."""
    for _ in range(yes.shape.rank - mask.shape.rank):
        mask = tf.expand_dims(mask, -1)
    return tf.where(mask, yes, no)


def time_major(tensor):
    """(batch, time, ...) → (time, batch, ...), and back."""
    return tf.transpose(tensor, (1, 0, *range(2, tensor.shape.rank)))


def as_array(tensor):
    """`tensor` as a TensorArray: one entry per time step."""
    return empty_array(sizes_of(tensor)[0], tensor.dtype, tensor.shape[1:]).unstack(tensor)


def empty_array(size, dtype, element_shape):
    """A TensorArray to write one entry per time step into."""
    return tf.TensorArray(dtype, size=size, element_shape=element_shape)


def flat_array(inputs, like):
    """`empty_array` for one entry like `like` per step of `inputs`, laid out flat.

    XLA copies a flat entry with vector instructions, but one of short rows number by number.
    """
    return empty_array(sizes_of(inputs)[0], like.dtype, (like.shape.num_elements(),))


def flat(tensor):
    """`tensor` as an entry of `flat_array`."""
    return tf.reshape(tensor, [-1])


def shaped(entries, like):
    """All entries of a `flat_array`, each of the shape of `like` again."""
    return tf.reshape(entries, (sizes_of(entries)[0], *sizes_of(like)))


def states_before(first, every):
    """The states before each step, from the first one and those after `every` step."""
    return tf.concat([first[None], every[:-1]], 0)
