"""Checks from the command line, with exit status 0 if all is right and 1 if not.

    python -m engine.study gradcheck package.module:MyLayer --shape 3,5 [--args units=4] [--second-order]
    python -m engine.study parity Dense --args units=4 --shape 3,5
    python -m engine.study parity package.module:MyDense --args units=4 --shape 3,5 --keras Dense units=4 activation=relu
    python -m engine.study report runs/digits-cnn [runs/digits-mlp ...] [--plots]
"""

import argparse
import ast
import importlib
import os
import sys

import numpy as np

from engine.study.differences import ParityError
from engine.study.gradcheck import check_gradients
from engine.study.parity import check_row, compare, keras_layer, required_arguments, row
from engine.study.run_page import report
from losses.ground.configurable import constructor_arguments


def find(name):
    """The class `package.module:Class`, or a layer of this project by its name alone."""
    module, _, attribute = name.rpartition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    module = importlib.import_module(module or "layers")
    if not hasattr(module, attribute):
        raise ValueError(f"{module.__name__} has no {attribute!r}. Write package.module:Class, or the name of a layer.")
    return getattr(module, attribute)


def arguments_of(words):
    """["units=4", "activation=relu"] → {"units": 4, "activation": "relu"}."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"--args takes name=value, received {word!r}.")
        try:
            found[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def shape_of(text):
    """"3,5" → (3, 5), the batch first."""
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers with commas, the batch first, as in 3,5; received {text!r}") from None


def refuse_what_is_missing(options):
    """A ValueError that names the options without which the layer cannot be made and called."""
    given = arguments_of(options.args)
    needed = required_arguments(find(options.layer), given)
    missing = ["--shape 3,5 (of the input, the batch first)"] * (options.shape is None)
    missing += [f"--args {' '.join(f'{name}=VALUE' for name in needed)} (what its constructor needs)"] * bool(needed)
    if missing:
        raise ValueError(f"{options.layer}: missing {' and '.join(missing)}.")


def layer_and_input(options):
    """The layer, in float64 where its constructor takes a dtype, and numbers to call it on."""
    cls = find(options.layer)
    dtype = {"dtype": "float64"} if "dtype" in constructor_arguments(cls) else {}
    x = np.random.default_rng(options.seed).normal(size=options.shape)
    return cls(**{**dtype, **arguments_of(options.args)}), x


def gradcheck(options):
    """Compare the gradients of a layer with finite differences."""
    refuse_what_is_missing(options)
    found = check_gradients(*layer_and_input(options), second_order=options.second_order, seed=options.seed)
    print(found)
    return 0 if found.ok else 1


def parity(options):
    """Compare a layer with Keras's of the same name, or with the one that --keras says."""
    refuse_what_is_missing(options)
    if ":" in options.layer or options.other:
        layer, x = layer_and_input(options)
        name, *words = options.other or [options.layer.rpartition(":")[2]]
        found = compare(layer, keras_layer(name, layer.compute_dtype, arguments_of(words)), x, seed=options.seed)
        print(found)
        return 0 if found.ok else 1
    try:
        print(check_row(row(options.layer, arguments_of(options.args), x=options.shape)))
    except ParityError as error:
        print(error)
        return 1
    return 0


def main(arguments=None):
    """The program; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.study", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    for run in (gradcheck, parity):
        command = commands.add_parser(run.__name__, help=run.__doc__)
        command.add_argument("layer", help="package.module:Class, or the name of a layer of this project")
        command.add_argument("--shape", type=shape_of, help="of the input, the batch first: 3,5")
        command.add_argument("--args", nargs="*", default=[], metavar="NAME=VALUE", help="of the constructor")
        command.add_argument("--seed", type=int, default=0, help="of inputs and directions; default: %(default)s")
        command.set_defaults(run=run)
        if run is gradcheck:
            command.add_argument("--second-order", action="store_true", help="check the gradient of the gradient too")
        else:
            command.add_argument("--keras", dest="other", nargs="+", metavar=("NAME", "NAME=VALUE"),
                                 help="the Keras layer it should equal, and its arguments")  # fmt: skip
    command = commands.add_parser("report", help="write the page of a run, or of several laid over one another")
    command.add_argument("folder", nargs="+", help="the directory of a run, which has its history.csv")
    command.add_argument("--plots", action="store_true", help="PNG files too, by matplotlib")
    command.set_defaults(run=lambda options: print(report(options.folder[0], plots=options.plots, beside=options.folder[1:])) or 0)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, TypeError, ImportError, FileNotFoundError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    sys.exit(main())
