"""One worker of a cluster, named by TF_CONFIG; the chief writes DIR/numbers.npz. Of several cases, CASE,CASE: in DIR/CASE.

    python worker.py DIR CASE EPOCHS [STEP HOW WHO]     HOW: a signal that WHO (0: the chief) sends itself after STEP, or "busy";
                                                        "unsaved": without checkpoints, and it says where the chunks ended,
                                                        and how many threads came after the first epoch
"""

import os
import signal
import sys
import time

import cases
import numpy as np

from engine.callbacks import Callback, Checkpoint, LambdaCallback
from engine.distribute import cluster, patience
from engine.distribute.cluster import is_chief


class Fail(Callback):
    """After so many steps, no more from this process, without a word."""

    def __init__(self, steps, how):
        self.every_steps, self.left, self.how = 1, steps, how

    def on_train_chunk_end(self, step, logs=None):
        self.left -= 1
        if not self.left and self.how == "busy":
            time.sleep(600)
        elif not self.left:
            os.kill(os.getpid(), getattr(signal, self.how))


def main(directory, case, epochs, step=0, how=None, who=1):
    patience.SECONDS = 15 if how == "busy" else 60
    strategy = cluster.make_strategy("multiworker")
    for name in case.split(","):
        train(strategy, os.path.join(directory, name) if "," in case else directory, name, epochs, step, how, who)
    print("done", flush=True)


def train(strategy, directory, case, epochs, step, how, who):
    os.makedirs(directory, exist_ok=True)
    model = cases.make(case, strategy)
    callbacks = [Checkpoint(os.path.join(directory, "checkpoints"), every_steps=1)]
    callbacks.append(Fail(int(step) if strategy.cluster_resolver.task_id == int(who) else 0, how))
    ends, threads = [], []
    if how == "unsaved":
        callbacks = [LambdaCallback(
            on_train_chunk_end=lambda step, logs: ends.append(step),
            on_epoch_end=lambda epoch, logs: threads.append(len(os.listdir("/proc/self/task"))),
        )]  # fmt: skip
    history = cases.fit(model, case, epochs=int(epochs), callbacks=callbacks)
    if is_chief(strategy):
        np.savez(os.path.join(directory, "numbers.npz"), **cases.numbers(model, history))
    if how == "unsaved":
        print(f"chunks {ends[:4]}\nthreads {threads[-1] - threads[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
