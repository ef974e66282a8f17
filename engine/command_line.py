"""What `python train.py` takes on its command line. Nothing here needs TensorFlow; what does is in run_arguments.py."""

import argparse
import json
import math
import os
import shlex
import sys

_WHERE = ("resume", "strategy", "devices", "workers")  # how a run is run, and no part of what is remembered of it


FIXED = {  # what cannot be other beside --resume, and why
    "dataset": "the weights and the place in the data are those of its images",
    "stream": "the images would come in another order",
    "model": "the weights are those of another one",
    "batch_size": "the place in the data is counted in batches",
    "optimizer": "the checkpoint has the state of another one",
    "seed": "all that was drawn by chance has been drawn, and goes on from the checkpoint",
    "report": "what it measures is measured from the first step on",
}


class Parser(argparse.ArgumentParser):
    """Errors on one line, which begins with `source` if the words do not come from the command line."""

    source = ""

    def error(self, message):
        refuse(self.source + message)


def refuse(message):
    """End the program: the command line asks for what cannot be."""
    print(f"train.py: {message} (see train.py --help)", file=sys.stderr)
    sys.exit(2)


def parse(models, arguments=None, remembered=None):
    """The command line as a namespace; `models` are the names to choose from, `remembered` the arguments of an earlier run."""
    parser = make_parser(models)
    words = _as_words(parser, remembered or {})
    typed = sys.argv[1:] if arguments is None else arguments
    args = parser.parse_args([*words, *typed])
    args.given = {name: value for name, value in vars(args).items() if name not in _WHERE}
    args.command = shlex.join(["python", "train.py", *typed])
    for name in ("epochs", "batch_size", "learning_rate", "target_accuracy", "devices", "workers"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            refuse(f"--{name.replace('_', '-')} must be a positive number, received {value}")
    if (args.target_accuracy or 0) > 1:
        refuse(f"--target-accuracy is a share of the images, at most 1, received {args.target_accuracy:g}")
    for name in ("out", "data_dir", "dataset", "optimizer"):
        if "\0" in (getattr(args, name) or ""):
            refuse(f"--{name.replace('_', '-')} is no name of a file or a thing: it has the character NUL in it")
    if args.devices is not None and args.strategy == "none" and args.workers == 1:
        refuse("--devices is for a strategy that shares batches among them; add --strategy mirrored")
    if not 0 <= args.seed < 2**32:
        refuse(f"--seed must be from 0 to 2**32 - 1, received {args.seed}")
    if args.strategy != "none" and (args.eager or args.trace or args.walk or args.check_gradients):
        refuse("--eager, --trace and --check-gradients look at one device, and so does --walk; leave out --strategy")
    args.out = args.out or os.path.join("runs", f"{args.dataset}-{args.model}".replace("/", "-"))
    args.history, args.weights = (os.path.join(args.out, name) for name in ("history.csv", "weights.safetensors"))
    return args


def go_on(models, arguments, remembered):
    """The command line beside --resume: what is given there wins over what is `remembered`, unless it is FIXED."""
    then, now = parse(models, ["--resume"], remembered), parse(models, arguments, remembered)
    for name, why in FIXED.items():
        if getattr(now, name) != getattr(then, name):
            refuse(f"--{name.replace('_', '-')} cannot change in a run that goes on, which has {getattr(then, name)}: {why}. "
                   "Leave it out, or begin a run in another directory with --out")  # fmt: skip
    return now


def _as_words(parser, remembered):
    """`remembered` arguments as they would be written on the command line; refused if they could not be."""
    known = vars(parser.parse_args([]))
    parser.source = "args.json, the arguments of the run to go on with: "
    unknown = [name for name in remembered if name not in known]
    if unknown:
        parser.error(f"there is no argument {unknown[0]!r}")
    words = []
    for name, value in remembered.items():
        option, default = f"--{name.replace('_', '-')}", known[name]
        left_out = value is None and default is not None or value is False and not isinstance(default, bool)
        if left_out or (isinstance(value, (list, dict)) and (default is None or isinstance(default, str))):
            parser.error(f"{option} cannot be {json.dumps(value)}")  # which as a word would say nothing, or be a name
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words.append(f"{option}={value}")
    parser.parse_args(words)
    parser.source = ""
    return words


def make_parser(models):
    """The options."""
    parser = Parser(prog="train.py", description="Train a model on images, test it, and save it.")
    add = parser.add_argument
    add("--dataset", default="digits", metavar="NAME",
        help="an image-classification set of tensorflow-datasets; default: %(default)s, bundled")  # fmt: skip
    add("--data-dir", metavar="DIR", help="where prepared datasets are, and new ones go")
    add("--stream", action="store_true", help="read images while training; by itself where memory is too small for all")
    add("--model", default="cnn", choices=models, help="a function of train.py; default: %(default)s")
    add("--epochs", default=30, type=int, metavar="N", help="passes over the training images; default: %(default)s")
    add("--batch-size", default=32, type=int, metavar="N", help="images in a step; default: %(default)s")
    add("--learning-rate", type=float, metavar="X", help="default: the optimizer's own")
    add("--optimizer", default="adam", metavar="NAME", help="sgd, rmsprop, adamw, lion ...; default: %(default)s")
    add("--seed", default=0, type=int, metavar="N", help="the same seed gives the same numbers; default: %(default)s")
    add("--out", metavar="DIR", help="for the weights and the history; default: runs/DATASET-MODEL")
    add("--resume", action="store_true", help="go on with the run in OUT, with the arguments that it was started with")
    add("--eager", action="store_true", help="plain Python steps, slow, for a debugger")
    add("--check-gradients", action="store_true", help="first compare gradients on one batch with finite differences")
    add("--trace", action="store_true", default=bool(os.environ.get("TRACE")), help="look into one step: OUT/step.html")
    add("--walk", action="store_true", help="walk through one step, line by line of the engine's source: OUT/walk.html")
    add("--report", action="store_true", help="write OUT/report.html: curves, mistakes, configuration")
    add("--target-accuracy", type=float, metavar="X", help="exit with status 1 if the test accuracy (0 to 1) is below")
    add("--strategy", default="none", choices=("none", "mirrored", "multiworker"),
        help="share each batch among devices (mirrored) or workers (multiworker: TF_CONFIG names them)")  # fmt: skip
    add("--devices", type=int, metavar="N", help="how many devices of this machine; default: all GPUs")
    add("--workers", default=1, type=int, metavar="N", help="start N workers on this machine; their logs are in OUT")
    return parser
