"""The products and convolutions of one training step, found from a model's layers, and the time that each takes alone.

    a layer of weights W:  y = x W   the weights' gradient xᵀ dy   the inputs' gradient dy Wᵀ (not of what the model is given)

They are what the mathematics asks for, however a library goes about them. Each is made by all that can make it on this
machine: XLA, TensorFlow's own kernels (oneDNN), and PyTorch where it is installed; the fastest counts.
"""

import collections
import dataclasses
import importlib.util
import math
import os
import time

import tensorflow as tf

_SECONDS = 0.15  # of calls of one product by one library
_UNROLLED = 16  # products in one round of a loop of TensorFlow's, whose rounds cost more than XLA's


@dataclasses.dataclass(frozen=True)
class Product:
    """A matrix product, its factors transposed or not, of `one` and `two`; `more` as `tf.matmul` takes them."""

    one: tuple
    two: tuple
    transposed: tuple = (False, False)

    def tensorflow(self, one, two):
        return tf.matmul(one, two, transpose_a=self.transposed[0], transpose_b=self.transposed[1])

    def torch(self, torch, one, two):
        one, two = (item.mT if swap else item for item, swap in zip((one, two), self.transposed))
        return lambda: torch.matmul(one, two)


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution of images `x` with `kernel`, or its gradient by one of them: `of` is "y", "kernel" or "x"."""

    of: str
    x: tuple
    kernel: tuple
    y: tuple
    strides: int
    padding: str

    @property
    def factors(self):
        return {"y": (self.x, self.kernel), "kernel": (self.x, self.y), "x": (self.y, self.kernel)}[self.of]

    one = property(lambda self: self.factors[0])
    two = property(lambda self: self.factors[1])

    def tensorflow(self, one, two):
        how = dict(strides=[1, self.strides, self.strides, 1], padding=self.padding.upper())
        if self.of == "kernel":
            return tf.raw_ops.Conv2DBackpropFilter(input=one, filter_sizes=self.kernel, out_backprop=two, **how)
        if self.of == "x":
            return tf.raw_ops.Conv2DBackpropInput(input_sizes=self.x, filter=two, out_backprop=one, **how)
        return tf.nn.conv2d(one, two, **how)

    def torch(self, torch, one, two):
        def channels_first(image):
            return image.permute(0, 3, 1, 2)  # a view: the memory stays as it is

        def kernel_first(kernel):
            return kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)

        strides = [self.strides] * 2
        padding = [(size - 1) // 2 if self.padding == "same" else 0 for size in self.kernel[:2]]
        if self.of == "y":
            image, kernel = channels_first(one), kernel_first(two)
            return lambda: torch.conv2d(image, kernel, None, strides, padding)
        x = channels_first(one) if self.of == "kernel" else channels_first(torch.randn(self.x))
        y = channels_first(two if self.of == "kernel" else one)
        kernel = kernel_first(two if self.of == "x" else torch.randn(self.kernel))
        wanted = [self.of == "x", self.of == "kernel", False]
        backward = torch.ops.aten.convolution_backward
        return lambda: backward(y, x, kernel, None, strides, padding, [1, 1], False, [0, 0], 1, wanted)


def of_model(model, batch):
    """Counter of all `Product`s and `Convolution`s of a training step of `model` on a batch of so many rows."""
    given = {symbol.node.operation.name for symbol in model.input_symbols()}
    found = collections.Counter()
    for layer in model.layers:
        if type(layer).__name__ in _KINDS:
            first = tf.nest.flatten(layer.input)[0]
            shape = (batch, *first.shape[1:])
            is_given = first.node.operation.name in given
            for product, count in _KINDS[type(layer).__name__](layer, shape, is_given):
                found[product] += count
    return found


def _weighted(rows, before, after, is_given=False):
    """The three products of a matrix of weights, (before, after), that `rows` rows go through."""
    yield Product((rows, before), (before, after)), 1
    yield Product((rows, before), (rows, after), (True, False)), 1
    if not is_given:
        yield Product((rows, after), (before, after), (False, True)), 1


def _dense(layer, shape, is_given):
    yield from _weighted(math.prod(shape[:-1]), shape[-1], layer.units, is_given)


def _recurrent(layer, shape, is_given):
    """What no step has to wait for is made for all steps at once; the states, one step after the other, there and back."""
    batch, steps, features = shape
    units, gates = layer.units, layer.weights[0].shape[-1]
    yield from _weighted(batch * steps, features, gates, is_given)
    yield Product((batch, units), (units, gates)), steps
    yield Product((batch, gates), (units, gates), (False, True)), steps
    yield Product((batch * steps, units), (batch * steps, gates), (True, False)), 1


def _attention(layer, shape, is_given):
    batch, steps, features = shape
    size = layer.key_dim
    for _ in ("query", "key", "value"):
        yield from _weighted(batch * steps, features, layer.num_heads * size, is_given)
    yield from _weighted(batch * steps, layer.num_heads * size, features)
    narrow, square = (batch, layer.num_heads, steps, size), (batch, layer.num_heads, steps, steps)
    yield Product(narrow, narrow, (False, True)), 2  # scores = query keyᵀ; the weights' gradient = dy valueᵀ
    yield Product(square, narrow), 2  # context = weights value; the query's gradient
    yield Product(square, narrow, (True, False)), 2  # the value's and the key's gradients


def _convolution(layer, shape, is_given):
    kernel, y = tuple(layer.weights[0].shape), (shape[0], *layer.output.shape[1:])
    strides = layer.strides if isinstance(layer.strides, int) else layer.strides[0]
    for of in ("y", "kernel") if is_given else ("y", "kernel", "x"):
        yield Convolution(of, shape, kernel, y, strides, layer.padding), 1


_KINDS = {"Dense": _dense, "LSTM": _recurrent, "GRU": _recurrent, "MultiHeadAttention": _attention, "Conv2D": _convolution}


def fastest(product):
    """(seconds, library) of one product or convolution by the library that makes it fastest."""
    libraries = {"XLA": lambda: _in_xla(product), "TensorFlow": lambda: _in_tensorflow(product)}
    if importlib.util.find_spec("torch"):
        libraries["PyTorch"] = lambda: _in_torch(product)
    return min((seconds(), name) for name, seconds in libraries.items())


def _quickest(run, count=1):
    """Seconds of one of the `count` products that `run` makes: of the best of many calls, as whatever else runs only adds."""
    run()
    times, end = [], time.perf_counter() + _SECONDS
    while len(times) < 5 or time.perf_counter() < end:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times) / count


def _factors(product):
    return [tf.random.stateless_normal(shape, (0, seed)) for seed, shape in enumerate((product.one, product.two))]


def _in_xla(product):
    """One after the other in a loop: each waits for the last, as the smaller factor has a number of it added."""
    first_is_larger = math.prod(product.one) >= math.prod(product.two)

    @tf.function(jit_compile=True, autograph=False)
    def run(one, two, count):
        def body(index, made):
            last = 1e-30 * tf.reshape(made, [-1])[0]
            factors = (one, two + last) if first_is_larger else (one + last, two)
            return index + 1, product.tensorflow(*factors)

        return tf.while_loop(lambda index, made: index < count, body, (0, product.tensorflow(one, two)))[1]

    one, two = _factors(product)
    alone = _quickest(lambda: run(one, two, tf.constant(0)).numpy())
    count = max(1, int(_SECONDS / 10 / alone))
    return _quickest(lambda: run(one, two, tf.constant(count)).numpy(), count + 1)


def _in_tensorflow(product, rounds=4):
    """One after the other: a number of each is read, and the next waits for that."""

    @tf.function(autograph=False)
    def run(one, two):
        def body(index, total):
            for _ in range(_UNROLLED):
                with tf.control_dependencies([total]):
                    total += tf.reshape(product.tensorflow(one, two), [-1])[0]
            return index + 1, total

        return tf.while_loop(lambda index, total: index < rounds, body, (0, tf.zeros([])), parallel_iterations=1)[1]

    one, two = _factors(product)
    return _quickest(lambda: run(one, two).numpy(), rounds * _UNROLLED)


def _in_torch(product):
    import torch

    one, two = torch.randn(product.one), torch.randn(product.two)
    times = []
    for threads in (1, os.cpu_count()):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            times.append(_quickest(product.torch(torch, one, two)))
    return min(times)
