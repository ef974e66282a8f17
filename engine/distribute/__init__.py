"""The same training on several devices and machines, by `tf.distribute`. It changes no number: docs/scaling.md.

    group               what a batch, an update, a file is where several share it: the seam of losses/ground/whole.py
    place               where a model was made, and so where its steps run: what compiles them
    replicas            a step in which each device has its rows, and all make the same update
    sums                its metrics, exchanged where they are read;  gathering: its gradients, where several make one update
    shares              data of which each process reads its rows alone
    parameter_server    steps that do not wait for each other;  turns: one update after the other
    cluster, workers    the processes, and how to start some on this machine;  patience: how long one waits for another

Nothing below knows of this folder. Where it is imported it puts its group in.
"""

from engine.distribute.group import Replicas
from losses.ground import whole

whole.group = Replicas()
