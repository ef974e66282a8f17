"""One worker of a cluster: `python worker.py DIR CASE EPOCHS [STEP_TO_DIE]`, with TF_CONFIG. The chief writes DIR/numbers.npz."""

import os
import signal
import sys

import numpy as np
import tensorflow as tf

import cases
from engine.callbacks import Callback, Checkpoint
from engine.training.replicas import is_chief


class Die(Callback):
    """Ends this process without a word after so many steps."""

    def __init__(self, steps):
        self.every_steps, self.left = 1, steps

    def on_train_chunk_end(self, step, logs=None):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


def main(directory, case, epochs, die=0):
    communication = tf.distribute.experimental.CommunicationOptions(timeout_seconds=60)
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=communication)
    model = cases.make(case, strategy)
    callbacks = [Checkpoint(os.path.join(directory, "checkpoints"), every_steps=1)]
    callbacks.append(Die(int(die) if strategy.cluster_resolver.task_id == 1 else 0))
    history = cases.fit(model, case, epochs=int(epochs), callbacks=callbacks)
    if is_chief(strategy):
        np.savez(os.path.join(directory, "numbers.npz"), **cases.numbers(model, history))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
