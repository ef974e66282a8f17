"""Where training runs: on devices of this machine, or in several processes that train one model together.

The processes, *workers*, find each other by the environment variable TF_CONFIG, which TensorFlow's strategies read:

    {"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}

The first one is the *chief*: it alone writes files and shows progress.
"""

import json
import os
import re
import socket

import tensorflow as tf

from engine.distribute import patience


class WorkerError(RuntimeError):
    """Another worker is gone, and this one cannot go on without it."""


def make_strategy(kind, devices=None):
    """The strategy of this name: "none" (gives None), "mirrored", "multiworker". Before TensorFlow has done anything else.

    `devices`: how many of this machine (None: all GPUs, or else one CPU; without GPUs, as many CPU devices as asked for).
    """
    if kind == "none":
        return None
    if kind == "multiworker":
        check_config()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and devices:
        tf.config.set_visible_devices(gpus[:devices], "GPU")
    if kind == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if gpus:
        return tf.distribute.MirroredStrategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * (devices or 1))
    if devices and not tf.config.threading.get_intra_op_parallelism_threads():
        # Each computes on its share of the cores: operations that all use all of them wait for each other.
        tf.config.threading.set_intra_op_parallelism_threads(max(1, os.cpu_count() // devices))
    here = tf.distribute.ReductionToOneDevice()  # devices of one CPU share its memory: to go around them copies more
    return tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(devices or 1)], cross_device_ops=here)


def check_config():
    """A ValueError unless TF_CONFIG is as above, or not set: then this process is the only worker."""
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        config = json.loads(text)
        cluster, task = config.get("cluster", {}), config.get("task", {})
        sizes = {kind: len(addresses) for kind, addresses in cluster.items() if isinstance(addresses, list)}
        kind, index = task.get("type"), task.get("index")
        named = all(isinstance(address, str) and ":" in address for kind in sizes for address in cluster[kind])
        good = len(sizes) == len(cluster) and named
        if cluster or task:
            good &= kind in sizes and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < sizes[kind]
    except (ValueError, AttributeError, TypeError):  # no JSON, or no dicts
        good = False
    if not good:
        raise ValueError(
            f'TF_CONFIG does not say who is who; received {text!r:.200}. Expected {{"cluster": {{"worker": ["host:port", ...]}}, '
            '"task": {"type": "worker", "index": i}}, with an index below the number of workers.'
        )


def is_chief(strategy=None):
    """Whether this process is the one of all workers that writes files and shows progress."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    return resolver is None or resolver.task_type in (None, "", "chief") or (
        resolver.task_id in (None, 0) and "chief" not in resolver.cluster_spec().jobs
    )


def lost(error):
    """The WorkerError that names the workers to which `error` of an exchange is due; None if it is due to none.

    A process that ended does not answer. One that was stopped, or whose machine is out of reach, is named in the error,
    unless it is the chief, who listens to the heartbeats of all. One that is busy with something else is not named.
    """
    config = json.loads(os.environ.get("TF_CONFIG") or "{}")
    cluster, own = config.get("cluster", {}), config.get("task", {})
    addresses = {(kind, index): address for kind, all_of_it in cluster.items() for index, address in enumerate(all_of_it)}
    addresses.pop((own.get("type"), own.get("index")), None)

    def names(tasks, word):
        return f" {word} ".join(f"{kind} {index} ({addresses[kind, index]})" for kind, index in tasks)

    gone = [task for task, address in addresses.items() if not answers(address)]
    named = re.findall(r"/job:(\w+)(?:/replica:\d+)?/task:(\d+)", str(error))
    blamed = [task for task in addresses if (task[0], str(task[1])) in named]
    if gone:
        what = f"{names(gone, 'and')} is gone"
    elif "CoordinationService/Heartbeat" in str(error):
        chiefs = [task for task in (("chief", 0), ("worker", 0)) if task in addresses]
        what = f"{names(chiefs[:1], 'and')} does not answer any more"
    elif blamed:
        what = f"{names(blamed, 'and')} does not take part any more"
    elif isinstance(error, tf.errors.DeadlineExceededError):
        what = f"{names(addresses, 'or')} has not taken part for {patience.SECONDS} s"
    else:
        return None
    return WorkerError(f"{what}. Start all workers again, with --resume where there are checkpoints.")


def answers(address):
    """Whether a process listens at "host:port". One that was killed may do so for a moment more, and hangs up."""
    return _greeting(address, 1) in ("greeted", "silent")


def is_stopped(address):
    """Whether a process listens at "host:port" and does not run: whoever connects gets no greeting from its gRPC server."""
    return _greeting(address, 5) == "silent"


def _greeting(address, seconds):
    """What whoever connects to "host:port" meets: "nobody", a process that has "greeted", is "silent", or has "hung up"."""
    host, _, port = address.rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
    except OSError:
        return "nobody"
    with connection:
        connection.settimeout(seconds)
        try:
            return "greeted" if connection.recv(1) else "hung up"
        except TimeoutError:
            return "silent"
        except OSError:
            return "hung up"
