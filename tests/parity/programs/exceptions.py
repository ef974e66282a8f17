"""Programs that are not drawn: where Keras is wrong, or where this project says that it differs. Each has its reason."""

import collections
import json

from . import training

LeftOut = collections.namedtuple("LeftOut", "reason applies")


def exception_for(program):
    """The first exception that applies to a program, or None."""
    return next((exception for exception in EXCEPTIONS if exception.applies(program)), None)


def has(program, *words):
    """Whether one of the words is a key of a part, or a value, of the program."""
    text = json.dumps(program)
    return any(f'"{word}"' in text for word in words)


def has_within(value, outer, word):
    """Whether a part `outer` of the program has the word inside of it."""
    if not isinstance(value, dict | list):
        return False
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return any(key == outer and has(item, word) or has_within(item, outer, word) for key, item in items)


def style(program):
    return program["model"]["style"]


def optimizer(program):
    """(name, arguments)."""
    ((key, arguments),) = program["optimizer"].items()
    return key.split(".")[-1], arguments


def fills_no_update(program):
    """Whether micro-batches are gathered that do not make up whole updates of equal batches in each epoch."""
    rows, batch = program.get("rows", 4), program.get("batch", 4)
    return rows % (2 * batch) > 0 or has(program, "end_at") or any(deed["do"] == "train_on_batch" or deed.get("validate") == "split"
                                         for deed in program["deeds"])  # fmt: skip


def freezes_all(program):
    """Whether a deed freezes each layer that makes an output, and so, as the first layer alone is ever frozen, all."""
    return any(deed["do"] == "freeze" and set(program["model"]["outputs"]) <= set(deed["nodes"]) for deed in program["deeds"])


def merges_an_input(program):
    """Whether an input of the model is one side of a Maximum, Minimum or Multiply."""
    return any({"layers.Maximum", "layers.Minimum", "layers.Multiply"} & set(node["layer"])
               and set(node["on"]) & set(program["model"]["inputs"]) for node in program["model"]["nodes"] if "layer" in node)  # fmt: skip


ADAPTIVE = [f"optimizers.{name}" for name in ("Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lamb")]

KERAS_IS_WRONG = [
    LeftOut(
        "constants of optimizers that are no sums of few powers of two are rounded to float32, defaults too",
        lambda program: not training.FIXED.get(optimizer(program)[0], {}).keys() <= optimizer(program)[1].keys(),
    ),
    LeftOut(
        "a subclass whose call has no `training` argument is trained as if in inference",
        lambda program: style(program) == "subclass" and not program["model"].get("takes_training")
        and has(program, "layers.BatchNormalization", "own.Scale"),
    ),
    LeftOut(
        "Softmax takes the mask of steps, which travels with its inputs, for one of its logits, and fails",
        lambda program: has(program, "layers.Softmax") and has(program, "layers.Masking", "mask_zero"),
    ),
    LeftOut(
        "a penalty of activities inside of TimeDistributed does not count",
        lambda program: has_within(program, "layers.TimeDistributed", "activity_regularizer"),
    ),
    LeftOut(
        "the activity_regularizer of a SimpleRNN does not count",
        lambda program: has_within(program, "layers.SimpleRNN", "activity_regularizer"),
    ),
    LeftOut(
        "Maximum, Minimum and Multiply leave masked steps out where they are called, and do not in a graph",
        lambda program: merges_an_input(program) and has(program, "layers.Masking", "mask_zero"),
    ),
    LeftOut(
        "an RNN of a list of cells fails under a mask",
        lambda program: has(program, "layers.RNN") and has(program, "layers.Masking", "mask_zero"),
    ),
    LeftOut("log_cosh rounds log 2 to float32", lambda program: has(program, "log_cosh")),
    LeftOut("Nadam's 0.96 is rounded to float32", lambda program: optimizer(program)[0] == "Nadam"),
    LeftOut(
        "Huber loses its delta in a file",
        lambda program: has(program, "losses.Huber") and any(deed["do"] == "save" for deed in program["deeds"]),
    ),
    LeftOut(
        "class weights of steps fail",
        lambda program: program.get("class_weight") and any(program["shapes"][name][1:] for name in program["shapes"]),
    ),
    LeftOut(
        "class weights of labels given by name fail, also of one output",
        lambda program: program.get("class_weight") and program.get("names"),
    ),
    LeftOut(
        "with averages of weights, `fit` fails at its end where nothing is left to train",
        lambda program: "use_ema" in optimizer(program)[1] and freezes_all(program) and program["deeds"][-1]["do"] == "fit",
    ),
    LeftOut(
        "F1Score and its like refuse steps",
        lambda program: has(program, "metrics.F1Score") and any(len(shape) > 1 for shape in program["shapes"].values()),
    ),
    LeftOut(
        "top-k metrics fail in float64",
        lambda program: has(program, "metrics.SparseTopKCategoricalAccuracy", "metrics.TopKCategoricalAccuracy"),
    ),
]  # fmt: skip

DOCUMENTED = [
    LeftOut(
        "micro-batches count by their rows here, and what is gathered at the end of an epoch is applied",
        lambda program: "gradient_accumulation_steps" in optimizer(program)[1] and fills_no_update(program),
    ),
    LeftOut(
        "with gradient accumulation constraints are applied at updates only",
        lambda program: "gradient_accumulation_steps" in optimizer(program)[1] and "_constraint" in json.dumps(program),
    ),
    LeftOut(
        "with gradient accumulation a schedule counts updates, as that of one large batch does",
        lambda program: "gradient_accumulation_steps" in optimizer(program)[1]
        and isinstance(optimizer(program)[1]["learning_rate"], dict),
    ),
    LeftOut(
        "with gradient accumulation averages of weights follow the updates, not the micro-batches",
        lambda program: {"gradient_accumulation_steps", "use_ema"} <= optimizer(program)[1].keys(),
    ),
    LeftOut(
        "Lamb makes steps of a weight's own size, also of a gradient that is rounding alone, as of attention's keys and of cosines",
        lambda program: optimizer(program)[0] == "Lamb"
        and has(program, "layers.MultiHeadAttention", "layers.GroupQueryAttention", "cosine_similarity", "losses.CosineSimilarity"),
    ),
    LeftOut(
        "Dice sums over the batch: weights for rows, and masks, are refused here",
        lambda program: has(program, "losses.Dice")
        and has(program, "sample_weight", "class_weight", "layers.Masking", "mask_zero"),
    ),
    LeftOut(
        "optimizers and clipping take each part of an embedding's gradient by itself, where one row is looked up twice",
        lambda program: has(program, "layers.Embedding")
        and has(program, *ADAPTIVE, "clipnorm", "clipvalue", "global_clipnorm"),
    ),
]  # fmt: skip

EXCEPTIONS = KERAS_IS_WRONG + DOCUMENTED
