"""What `python train.py` takes on its command line."""

import argparse
import math
import os

from engine import optimizers
from engine.distribute import cluster
from engine.distribute.place import scope
from engine.saving import FileError, run_directory

_WHERE = ("resume", "strategy", "devices", "workers")  # how a run is run, and no part of what is remembered of it


class Parser(argparse.ArgumentParser):
    """Errors on one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse(models, arguments=None):
    """The command line as a namespace; `models` are the names to choose from."""
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
    add("--report", action="store_true", help="write OUT/report.html: curves, mistakes, configuration")
    add("--target-accuracy", type=float, metavar="X", help="exit with status 1 if the test accuracy is below")
    add("--strategy", default="none", choices=("none", "mirrored", "multiworker"),
        help="share each batch among devices (mirrored) or workers (multiworker: TF_CONFIG names them)")  # fmt: skip
    add("--devices", type=int, metavar="N", help="how many devices of this machine; default: all GPUs")
    add("--workers", default=1, type=int, metavar="N", help="start N workers on this machine; their logs are in OUT")
    args = parser.parse_args(arguments)
    out = args.out or os.path.join("runs", f"{args.dataset}-{args.model}".replace("/", "-"))
    if args.resume:
        try:
            parser.set_defaults(**run_directory.arguments_of(out))
        except (OSError, FileError) as error:
            parser.error(f"there is no run to go on with in {out}: {error}")
        args = parser.parse_args(arguments)  # what is given beside --resume wins
    args.given, args.out = {name: value for name, value in vars(args).items() if name not in _WHERE}, out
    for name in ("epochs", "batch_size", "learning_rate", "target_accuracy", "devices", "workers"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a positive number, received {value}")
    if not 0 <= args.seed < 2**32:
        parser.error(f"--seed must be from 0 to 2**32 - 1, received {args.seed}")
    if args.strategy != "none" and (args.eager or args.trace or args.check_gradients):
        parser.error("--eager, --trace and --check-gradients look at one device; leave out --strategy")
    args.strategy = cluster.make_strategy("none" if args.workers > 1 else args.strategy, args.devices)
    with scope(args.strategy):
        try:
            args.optimizer = optimizers.get(args.optimizer)
        except ValueError as error:
            parser.error(str(error).partition(" An own ")[0])
    args.history, args.weights = (os.path.join(args.out, name) for name in ("history.csv", "weights.safetensors"))
    return args
