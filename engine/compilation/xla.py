"""When a step goes through XLA: the one rule, and the counts of steps that it looks at.

XLA makes one program of a step and the loop around it. On a CPU that program runs two to four times as fast, except for
convolutions; but its compiler takes some tenths of a second, for each size of a batch anew. So with jit_compile="auto"

    a step goes through XLA if nothing in it is slow or impossible there, and if, since compile(), it has made or is now
    told to make 200 steps or more on batches of that size (50 where it holds a loop or products of batches of matrices).

A number of steps that nobody can know, such as that of a generator without an end given, counts as the steps are made: the
first ones run on TensorFlow's own kernels, and the waste is never more than about what the compiler would have cost.
Nothing is timed, so that a command that is repeated does the same.
"""

import collections

FEW = 200
FEW_HEAVY = 50
LOOP = 32  # steps of one size: from here on a loop around them earns back what its trace and its start take

# Measured, steps after which XLA had saved what its compiler took: a line 5,100, a small mlp 1,600, a wide one 930,
# 60 layers 400; a transformer 240, GRU 200, LSTM 100.
_HEAVY = ("While", "StatelessWhile", "BatchMatMul")
# On a CPU, XLA runs these several times slower than TensorFlow's own kernels.
_SLOW_IN_XLA = ("Conv2D", "Conv3D", "DepthwiseConv2dNative", "MaxPool", "AvgPool")
# These have no XLA kernel at all: Python, strings, files, iterators.
_NOT_IN_XLA = (
    "PyFunc", "EagerPyFunc", "String", "Regex", "Print", "Iterator", "Unique", "SparseTensor", "SparseToDense", "SparseReorder",
    "SparseConcat", "SparseSegment", "Ragged", "Decode", "Lookup", "Hash",
)  # fmt: skip


def operations(graph):
    """The types of the operations of a traced step, those of the functions that it calls included."""
    definition = graph.as_graph_def()
    nodes = list(definition.node) + [node for function in definition.library.function for node in function.node_def]
    return {node.op for node in nodes}


def obstacle(found):
    """An operation among `found` that speaks against XLA, or None."""
    return next((name for name in sorted(found) if name.startswith(_SLOW_IN_XLA + _NOT_IN_XLA)), None)


def few(found):
    """From how many steps on XLA is worth it for a step of the operations `found`."""
    return FEW_HEAVY if any(name.startswith(_HEAVY) for name in found) else FEW


class Tally:
    """For each size of a batch, how many steps were made, and how many will have been when the calls under way are over.

    It is kept by verb and kind of batch, and part of a checkpoint: a run that goes on decides as it has decided before.
    """

    def __init__(self):
        self.made, self.known = collections.Counter(), collections.Counter()

    def expect(self, plan):
        """A call is going to make these steps: {size: number}."""
        for size, steps in plan.items():
            self.known[size] = max(self.known[size], self.made[size] + steps)

    def steps(self, size):
        """Steps made, or known to come, on batches of that size."""
        return max(self.made[size], self.known[size])

    def are_few(self):
        """Whether the steps of no size are worth a loop."""
        return all(self.steps(size) < LOOP for size in {*self.made, *self.known})

    def get_state(self):
        """The counts as plain data."""
        return [[size, self.made[size], self.known[size]] for size in sorted({*self.made, *self.known}, key=str)]

    def set_state(self, state):
        """Take back what `get_state` gave. ValueError or TypeError for anything else."""
        if not all(type(size) in (int, str) and type(made) is type(known) is int for size, made, known in state):
            raise ValueError(f"expected [size, steps made, steps known] of each size, received {state!r:.80}")
        self.made = collections.Counter({size: made for size, made, _ in state})
        self.known = collections.Counter({size: known for size, _, known in state})
