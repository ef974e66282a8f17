"""What `python train.py` was asked for, with what needs TensorFlow: an earlier run's arguments, a strategy, an optimizer."""

from engine import optimizers
from engine.command_line import go_on, parse, refuse
from engine.distribute import cluster
from engine.distribute.place import scope
from engine.saving import FileError, run_directory


def prepare(models, arguments=None):
    """The namespace of command_line.parse, its strategy and its optimizer as objects."""
    args = parse(models, arguments)
    if args.resume:
        try:
            remembered = run_directory.arguments_of(args.out)
        except (OSError, FileError) as error:
            refuse(f"there is no run to go on with in {args.out}: {error}")
        args = go_on(models, arguments, {**remembered, "out": args.out})
    try:
        args.strategy = cluster.make_strategy("none" if args.workers > 1 else args.strategy, args.devices)
    except ValueError as error:
        refuse(str(error))
    with scope(args.strategy):
        try:
            args.optimizer = optimizers.get(args.optimizer)
        except ValueError as error:
            refuse(str(error).partition(" An own ")[0])
    return args
