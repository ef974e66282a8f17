"""A cluster on this machine: parameter servers and workers, each a child of this process, which is the coordinator.

They are forked after TensorFlow was imported, which takes milliseconds and not one import for each; so TensorFlow must not
have done anything before.
"""

import contextlib
import os
import signal
import time

import tensorflow as tf

from engine.distribute.workers import _free_ports


@contextlib.contextmanager
def cluster(workers, servers=1):
    """({"worker": pids, "ps": pids}, strategy); they are ended after the block."""
    ports = [f"127.0.0.1:{port}" for port in _free_ports(workers + servers + 1)]
    addresses = {"worker": ports[:workers], "ps": ports[workers:-1], "chief": ports[-1:]}
    spec = tf.train.ClusterSpec(addresses)
    children = {job: [_fork(spec, job, index) for index in range(len(addresses[job]))] for job in ("worker", "ps")}
    try:
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(spec, task_type="chief", task_id=0, rpc_layer="grpc")
        yield children, tf.distribute.ParameterServerStrategy(resolver)
    finally:
        for child in [*children["worker"], *children["ps"]]:
            kill(child)


def kill(child):
    """End a process without a word."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _fork(spec, job, index):
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        server = tf.distribute.Server(spec, job_name=job, task_index=index, protocol="grpc")
        while os.getppid() == parent:  # server.join() would outlive it
            time.sleep(0.5)
        del server
        os._exit(0)
    return child
