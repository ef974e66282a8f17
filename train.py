"""Train a model on real images: `python train.py`. Read this first; it shows how the parts are put together.

    load       images as arrays                             engine/datasets
    build      a model, in one of the styles below          layers/, engine/
    compile    what to minimise, how, and what to report    losses/, engine/optimizers, engine/metrics
    fit        many steps                                   engine/core
    evaluate   on images the model has not seen
    save       the weights and the history
"""

import contextlib
import errno
import os
import sys
import tempfile

from engine.command_line import parse

MODELS = ("mlp", "cnn", "resnet", "quadratic")  # functions of this file, for --model
PAGES = {"step": "looked into", "walk": "line by line"}  # of --trace and --walk

if __name__ == "__main__":  # help and mistakes are answered before TensorFlow starts, which takes seconds
    parse(MODELS)

import numpy as np  # noqa: E402

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
try:  # TensorFlow's start is noisy, and no setting stops all of it
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import tensorflow as tf
finally:
    os.dup2(stderr, 2)

from engine import Input, Layer, Model, Sequential, set_seed  # noqa: E402
from engine.callbacks import Checkpoint, CSVLogger, GradientStats, LambdaCallback  # noqa: E402
from engine.datasets import DatasetError, fits_in_memory, load, stream  # noqa: E402
from engine.distribute.cluster import WorkerError, is_chief  # noqa: E402
from engine.distribute.place import scope  # noqa: E402
from engine.distribute.workers import launch  # noqa: E402
from engine.run_arguments import prepare  # noqa: E402
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


def run(args):
    """Load, build, train, test, save. Returns the exit status."""
    os.makedirs(args.out, exist_ok=True)
    with tempfile.TemporaryFile(dir=args.out):  # better an error now than after an hour of training
        pass
    if os.path.isdir(args.weights):
        raise IsADirectoryError(errno.EISDIR, "a directory is where the weights are to go", args.weights)
    training, test, first, info = images(args)
    kind = "" if "y" in training else ", streamed from disk"
    say(f"{info.name}: {info.rows[0]} images to train on, {info.rows[1]} for the test, {info.num_classes} classes{kind}")

    set_seed(args.seed)
    model = globals()[args.model](info.image_shape, info.num_classes)
    set_rate(args)
    model.compile(args.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=args.eager)
    say(f"{args.model}: {model.count_params()} parameters, {type(args.optimizer).__name__}, seed {args.seed}")

    if args.check_gradients and not gradients_are_right(model, *(part[:8] for part in first())):
        return 1

    looks = {"step": model.inspect_step} if args.trace else {}
    looks |= {"walk": model.walk_step} if args.walk else {}
    pages = {name: look(*first()) for name, look in looks.items()}  # of a step that is undone again
    with run_directory.held(args.out) if is_chief() else contextlib.nullcontext():
        return train_and_save(args, model, training, test, pages, about={"dataset": info.name})


def train_and_save(args, model, training, test, pages, about):
    """Everything that writes into the directory of the run, which no other process does meanwhile."""
    if not args.resume and is_chief():
        run_directory.begin(args.out, args.given)
    checkpoints = Checkpoint(run_directory.checkpoints_of(args.out), every_epochs=1, every_seconds=30, about=about)
    start = LambdaCallback(on_resume=lambda run: set_rate(args), on_ready=lambda run: started(args, run, pages))
    callbacks = [*[GradientStats()] * args.report, CSVLogger(args.history), checkpoints, start]
    seen = test if args.report else None  # for the curves; nothing is chosen by it
    history = model.fit(**training, epochs=args.epochs, callbacks=callbacks, validation_data=seen)
    if history.signal is not None:
        say(f"stopped; go on with: python train.py --resume --out {args.out}")
        return 128 + history.signal
    loss, accuracy = model.evaluate(*test, batch_size=256 if "y" in training else None, verbose=0)
    say(f"test accuracy {accuracy:.4f}, loss {loss:.4f}")
    if is_chief():
        model.save_weights(args.weights)
        say(f"saved {args.weights} and {args.history}")
    if is_chief() and args.report:
        record_run(args.out, model, *test, {**args.given, "command": args.command})
        say(f"report: {report(args.out)}")
    if args.target_accuracy is not None and not accuracy >= args.target_accuracy:
        print(f"train.py: missed the target accuracy {args.target_accuracy}", file=sys.stderr)
        return 1
    return 0


def set_rate(args):
    """The learning rate that was asked for; after a checkpoint's too, which has the one of before."""
    if args.learning_rate is not None:
        args.optimizer.learning_rate = args.learning_rate


def started(args, run, pages):
    """All is checked, and training begins: say where, and write what is written at the beginning."""
    if args.resume:
        done = f"{run.epoch} of {args.epochs} epochs" + (f" and {run.step} steps" if run.step else "")
        say(f"goes on after {done}" if run.total else f"no checkpoint in {args.out} yet: from the beginning")
    if is_chief() and args.resume:
        run_directory.remember(args.out, args.given)  # with what was given beside --resume
    elif is_chief():
        run_directory.forget(args.out)
    for name, page in pages.items():
        say(f"one step, {PAGES[name]}: {page.to_html(os.path.join(args.out, f'{name}.html'))}")


def images(args):
    """(arguments of fit, (x, y) for the test, a function for the first batch, info); streamed where memory is too small."""
    if args.stream or not fits_in_memory(args.dataset, args.data_dir):
        train, test, info = stream(args.dataset, args.data_dir, args.batch_size, args.seed)
        return dict(x=train), (test, None), lambda: next(train.as_numpy_iterator()), info
    (x, y), test, info = load(args.dataset, args.data_dir)
    return dict(x=x, y=y, batch_size=args.batch_size), test, lambda: (x[: args.batch_size], y[: args.batch_size]), info


def say(text):
    """Print at once, also into a pipe; of several workers, the chief does."""
    if is_chief():
        print(text, flush=True)


def gradients_are_right(model, x, y):
    """Print the table of the gradients beside finite differences."""
    noise = np.random.default_rng(0).uniform(0.01, 0.1, x.shape)  # exact zeros would leave relu at its kink
    report = check_gradients(model, (x + noise).astype(x.dtype), y)
    say(report)
    return report.ok


def main(arguments=None):
    """The program; returns the exit status: 0, 1 (target missed, gradient wrong), 2 (cannot run), 130 (Ctrl-C), 143 (SIGTERM)."""
    args = prepare(MODELS, arguments)
    try:
        if args.workers > 1:
            with run_directory.held(args.out):  # by the first worker, from when it has started
                pass
            command = [sys.executable, os.path.abspath(__file__), *(sys.argv[1:] if arguments is None else arguments)]
            return launch(args.workers, [*command, "--strategy", "multiworker", "--workers", "1"], args.out)
        with scope(args.strategy):
            return run(args)
    except KeyboardInterrupt:
        print("\ntrain.py: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (DatasetError, FileError, WorkerError) as error:
        print(f"train.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"train.py: {error}. Choose a directory you can write to with --out", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
