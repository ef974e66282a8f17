"""The same models in PyTorch and JAX, as optional contenders: only where they are installed.

Both train the way their users would who want speed: PyTorch eagerly, and once more compiled (`torch.compile`, which needs a
C++ compiler, and its fused Adam), on tensors in memory; JAX (dense models) as one compiled scan over an epoch, with Adam
written out.
"""

import functools
import importlib.util
import shutil
import sys

import numpy as np

NAMES = ("PyTorch", "PyTorch compiled", "JAX")


def available():
    """{name: function (workload, x, y) → trainer of one epoch or None} of what is installed."""
    found = {}
    if importlib.util.find_spec("torch"):
        sys.modules["triton"] = None  # PyTorch's compiler for GPUs, which crashes beside TensorFlow's when it is imported
        found["PyTorch"] = torch_trainer
        if shutil.which("g++"):
            found["PyTorch compiled"] = functools.partial(torch_trainer, compiled=True)
    if importlib.util.find_spec("jax"):
        found["JAX"] = jax_trainer
    return found


def torch_trainer(workload, x, y, compiled=False):
    """A function that trains one epoch in PyTorch."""
    import torch

    model = _torch_model(workload.name, torch)
    if workload.name in ("cnn", "resnet"):
        x = np.moveaxis(x, -1, 1).copy()
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters(), fused=compiled)
    loss_function = torch.nn.CrossEntropyLoss()
    if compiled:
        model, loss_function = torch.compile(model), torch.compile(loss_function)

    def epoch():
        order = torch.randperm(len(inputs))
        correct = 0
        for rows in order.split(workload.batch_size):
            logits = model(inputs[rows])
            loss = loss_function(logits, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            correct += (logits.detach().argmax(1) == labels[rows]).sum()
        return int(correct)

    return epoch


def _torch_model(name, torch):
    nn = torch.nn

    class Last(nn.Module):  # the last output of a recurrent layer
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x)[0][:, -1]

    class Block(nn.Module):  # a pre-norm transformer block
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.LayerNorm(64), nn.LayerNorm(64)
            self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
            self.inner = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))

        def forward(self, x):
            normed = self.first(x)
            x = x + self.attention(normed, normed, normed, need_weights=False)[0]
            return x + self.inner(self.second(x))

    class Mean(nn.Module):
        def forward(self, x):
            return x.mean(1)

    class Residual(nn.Module):  # a pre-activation residual block
        def __init__(self, before, filters, strides):
            super().__init__()
            self.first, self.second = nn.BatchNorm2d(before), nn.BatchNorm2d(filters)
            self.short = nn.Conv2d(before, filters, 1, strides, bias=False) if strides > 1 else None
            self.a = nn.Conv2d(before, filters, 3, strides, padding=1, bias=False)
            self.b = nn.Conv2d(filters, filters, 3, padding=1, bias=False)

        def forward(self, x):
            normed = self.first(x).relu()
            short = x if self.short is None else self.short(normed)
            return short + self.b(self.second(self.a(normed)).relu())

    def dense(*units, activation=nn.ReLU):
        parts = []
        for before, after in zip(units, units[1:]):
            parts += [nn.Linear(before, after), activation()]
        return parts[:-1]

    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    if name == "wide-mlp":
        return nn.Sequential(*dense(784, 200, 300, 100, 10))
    if name == "deep-mlp":
        return nn.Sequential(*dense(*[64] * 61, 10, activation=nn.Tanh))
    if name == "transformer":
        return nn.Sequential(Block(), Block(), Mean(), nn.Linear(64, 10))
    if name == "lstm":
        return nn.Sequential(Last(nn.LSTM(32, 64, batch_first=True)), nn.Linear(64, 10))
    if name == "gru":
        return nn.Sequential(Last(nn.GRU(32, 64, batch_first=True)), nn.Linear(64, 10))
    if name == "cnn":
        return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
                             nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1600, 10))  # fmt: skip
    blocks = [Residual(16, 16, 1), Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 32, 1)]
    return nn.Sequential(nn.Conv2d(1, 16, 3, 2, padding=1, bias=False), *blocks, nn.BatchNorm2d(32), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))  # fmt: skip


_JAX_UNITS = {"mlp": (784, 128, 10), "wide-mlp": (784, 200, 300, 100, 10), "deep-mlp": (*[64] * 61, 10)}


def jax_trainer(workload, x, y):
    """A function that trains one epoch in JAX as one compiled scan; None for models that are not dense."""
    if workload.name not in _JAX_UNITS:
        return None
    import jax
    import jax.numpy as jnp

    units = _JAX_UNITS[workload.name]
    activation = jnp.tanh if workload.name == "deep-mlp" else jax.nn.relu
    random = np.random.default_rng(0)
    weights = [
        (random.normal(size=(a, b)).astype("float32") / a**0.5, np.zeros(b, "float32")) for a, b in zip(units, units[1:])
    ]
    zeros = jax.tree.map(np.zeros_like, weights)

    def loss(weights, batch, labels, key):
        for index, (kernel, bias) in enumerate(weights):
            batch = batch @ kernel + bias
            if index < len(weights) - 1:
                batch = activation(batch)
            if index == 0 and workload.name == "mlp":
                batch = jnp.where(jax.random.bernoulli(key, 0.8, batch.shape), batch / 0.8, 0)
        correct = (batch.argmax(-1) == labels).sum()
        return -jnp.take_along_axis(jax.nn.log_softmax(batch), labels[:, None], 1).mean(), correct

    def step(state, rows):
        weights, momentum, velocity, count, key = state
        key, own = jax.random.split(key)
        (_, correct), gradients = jax.value_and_grad(loss, has_aux=True)(weights, inputs[rows], labels[rows], own)
        count = count + 1
        momentum = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, momentum, gradients)
        velocity = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, velocity, gradients)
        rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, momentum, velocity)
        return (weights, momentum, velocity, count, key), correct

    inputs, labels = jnp.asarray(x), jnp.asarray(y)
    epoch = jax.jit(lambda state, order: jax.lax.scan(step, state, order))
    state = [(weights, zeros, zeros, jnp.zeros(()), jax.random.key(0))]
    steps = len(x) // workload.batch_size

    def run():
        order = random.permutation(len(x))[: steps * workload.batch_size].reshape(steps, -1)
        state[0], correct = epoch(state[0], jnp.asarray(order))
        return int(correct.sum())

    return run
