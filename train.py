"""Train a model on real images: `python train.py`. Read this first; it shows how the parts are put together.

    load       images as arrays                             engine/datasets
    build      a model, in one of the styles below          layers/, engine/
    compile    what to minimise, how, and what to report    losses/, engine/optimizers, engine/metrics
    fit        many steps                                   engine/training
    evaluate   on images the model has not seen
    save       the weights and the history
"""

import argparse
import math
import os
import sys
import tempfile

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
try:  # TensorFlow's start is noisy, and no setting stops all of it
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import tensorflow as tf
finally:
    os.dup2(stderr, 2)

from engine import Input, Layer, Model, Sequential, optimizers, set_seed  # noqa: E402
from engine.callbacks import Checkpoint, CSVLogger, GradientStats  # noqa: E402
from engine.datasets import DatasetError, load  # noqa: E402
from engine.saving import FileError, run_directory  # noqa: E402
from engine.study import check_gradients, record_run, report  # noqa: E402
from layers import Activation, Add, BatchNormalization, Conv2D, Dense, Dropout  # noqa: E402
from layers import Flatten, GlobalAveragePooling2D, MaxPooling2D  # noqa: E402


def mlp(image_shape, num_classes):
    """Two dense layers."""
    return Sequential([
        Input(image_shape),
        Flatten(),
        Dense(128, activation="relu"),
        Dropout(0.2),
        Dense(num_classes, activation="softmax"),
    ])  # fmt: skip


def cnn(image_shape, num_classes):
    """Two convolutions, each followed by pooling."""
    return Sequential([
        Input(image_shape),
        Conv2D(32, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(64, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dropout(0.3),
        Dense(num_classes, activation="softmax"),
    ])  # fmt: skip


def resnet(image_shape, num_classes):
    """Residual blocks, x + f(x): a graph, as a list of layers cannot branch."""
    inputs = Input(image_shape)
    x = Conv2D(16, 3, padding="same", activation="relu")(inputs)
    for filters in (16, 32):
        short = Conv2D(filters, 1)(x)
        x = Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = Activation("relu")(BatchNormalization()(x))
        x = Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = Activation("relu")(Add()([short, BatchNormalization()(x)]))
        x = MaxPooling2D()(x)
    x = GlobalAveragePooling2D()(x)
    return Model(inputs, Dense(num_classes, activation="softmax")(x))


class Quadratic(Layer):
    """A layer of one's own: `outputs = (inputs @ A)² + b`, on raw variables that need no registration."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.A = tf.Variable(tf.random.normal((input_shape[-1], self.units), stddev=input_shape[-1] ** -0.5))
        self.b = tf.Variable(tf.zeros([self.units]))

    def call(self, inputs):
        return tf.square(inputs @ self.A) + self.b


def quadratic(image_shape, num_classes):
    """The layer above, and a dense one."""
    return Sequential([Input(image_shape), Flatten(), Quadratic(64), Dense(num_classes, activation="softmax")])


MODELS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "quadratic": quadratic}


def run(args):
    """Load, build, train, test, save. Returns the exit status."""
    os.makedirs(args.out, exist_ok=True)
    with tempfile.TemporaryFile(dir=args.out):  # better an error now than after an hour of training
        pass
    (x_train, y_train), (x_test, y_test), info = load(args.dataset, args.data_dir)
    say(f"{info.name}: {len(x_train)} images to train on, {len(x_test)} for the test, {info.num_classes} classes")

    set_seed(args.seed)
    model = MODELS[args.model](info.image_shape, info.num_classes)
    if args.learning_rate is not None:
        args.optimizer.learning_rate = args.learning_rate
    model.compile(args.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=args.eager)
    say(f"{args.model}: {model.count_params()} parameters, {type(args.optimizer).__name__}, seed {args.seed}")

    if args.check_gradients and not gradients_are_right(model, x_train[:8], y_train[:8]):
        return 1

    if args.trace:
        step = model.inspect_step(x_train[: args.batch_size], y_train[: args.batch_size])
        say(f"one step, looked into: {step.to_html(os.path.join(args.out, 'step.html'))}")
    if not args.resume:
        run_directory.begin(args.out, args.given)
    checkpoints = Checkpoint(run_directory.checkpoints_of(args.out), every_epochs=1, every_seconds=30)
    callbacks = [*[GradientStats()] * args.report, CSVLogger(args.history), checkpoints]
    history = model.fit(x_train, y_train, batch_size=args.batch_size, epochs=args.epochs, callbacks=callbacks)
    if history.signal is not None:
        say(f"stopped; go on with: python train.py --resume --out {args.out}")
        return 128 + history.signal
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=256, verbose=0)
    model.save_weights(args.weights)
    say(f"test accuracy {accuracy:.4f}, loss {loss:.4f}")
    say(f"saved {args.weights} and {args.history}")
    if args.report:
        record_run(args.out, model, x_test, y_test, args.given)
        say(f"report: {report(args.out)}")
    if args.target_accuracy is not None and not accuracy >= args.target_accuracy:
        print(f"train.py: missed the target accuracy {args.target_accuracy}", file=sys.stderr)
        return 1
    return 0


def say(text):
    """Print at once, also into a pipe."""
    print(text, flush=True)


def gradients_are_right(model, x, y):
    """Print the table of the gradients beside finite differences."""
    noise = np.random.default_rng(0).uniform(0.01, 0.1, x.shape)  # exact zeros would leave relu at its kink
    report = check_gradients(model, (x + noise).astype(x.dtype), y)
    say(report)
    return report.ok


class Parser(argparse.ArgumentParser):
    """Errors on one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse(arguments=None):
    """The command line as a namespace."""
    parser = Parser(prog="train.py", description="Train a model on images, test it, and save it.")
    add = parser.add_argument
    add("--dataset", default="digits", metavar="NAME",
        help="an image-classification set of tensorflow-datasets; default: %(default)s, bundled")  # fmt: skip
    add("--data-dir", metavar="DIR", help="where prepared datasets are, and new ones go")
    add("--model", default="cnn", choices=MODELS, help="a function of train.py; default: %(default)s")
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
    args = parser.parse_args(arguments)
    out = args.out or os.path.join("runs", f"{args.dataset}-{args.model}".replace("/", "-"))
    if args.resume:
        try:
            parser.set_defaults(**run_directory.arguments_of(out))
        except (OSError, FileError) as error:
            parser.error(f"there is no run to go on with in {out}: {error}")
        args = parser.parse_args(arguments)  # what is given beside --resume wins
    args.given, args.out = {name: value for name, value in vars(args).items() if name != "resume"}, out
    for name in ("epochs", "batch_size", "learning_rate", "target_accuracy"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a positive number, received {value}")
    if not 0 <= args.seed < 2**32:
        parser.error(f"--seed must be from 0 to 2**32 - 1, received {args.seed}")
    try:
        args.optimizer = optimizers.get(args.optimizer)
    except ValueError as error:
        parser.error(str(error).partition(" An own ")[0])
    args.history, args.weights = (os.path.join(args.out, name) for name in ("history.csv", "weights.safetensors"))
    return args


def main(arguments=None):
    """The program; returns the exit status: 0, 1 (target missed, gradient wrong), 2 (cannot run), 130 (Ctrl-C), 143 (SIGTERM)."""
    args = parse(arguments)
    try:
        return run(args)
    except KeyboardInterrupt:
        print("\ntrain.py: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (DatasetError, FileError) as error:
        print(f"train.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"train.py: {error}. Choose a directory you can write to with --out", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
