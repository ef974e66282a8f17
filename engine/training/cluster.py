"""Where training runs: on devices of this machine, or in several processes that train one model together.

The processes, *workers*, find each other by the environment variable TF_CONFIG, which TensorFlow's strategies read:

    {"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}

The first one is the *chief*: it alone writes files and shows progress.
"""

import json
import os
import socket

import tensorflow as tf

_EXCHANGE_SECONDS = 600  # for one exchange between workers, of which one may be busy with its files


class WorkerError(RuntimeError):
    """Another worker is gone, and this one cannot go on without it."""


def make_strategy(kind, devices=None):
    """The strategy of this name: "none" (gives None), "mirrored", "multiworker". Before TensorFlow has done anything else.

    `devices`: how many of this machine (None: all GPUs, or else one CPU; without GPUs, as many CPU devices as asked for).
    """
    if kind == "none":
        return None
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and devices:
        tf.config.set_visible_devices(gpus[:devices], "GPU")
    if kind == "multiworker":
        options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=_EXCHANGE_SECONDS)
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    if gpus:
        return tf.distribute.MirroredStrategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * (devices or 1))
    return tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(devices or 1)])


def lost():
    """A WorkerError that names the workers that are gone; None if all answer."""
    config = json.loads(os.environ.get("TF_CONFIG") or "{}")
    own = config.get("task", {})
    silent = [
        f"{kind} {index} ({address})"
        for kind, addresses in config.get("cluster", {}).items() for index, address in enumerate(addresses)
        if (kind, index) != (own.get("type"), own.get("index")) and not _answers(address)
    ]  # fmt: skip
    if not silent:
        return None
    return WorkerError(f"{' and '.join(silent)} is gone. Start all workers again, with --resume where there are checkpoints.")


def _answers(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError:
        return False
    return True
