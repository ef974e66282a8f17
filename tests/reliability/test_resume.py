"""A run that is stopped, and started again, ends as one that was never stopped: tolerance zero."""

import os
import threading

import numpy as np
import pytest
import scenarios
from scenarios import SCENARIOS, Stop, StopAt

from engine import Sequential, set_seed
from engine.callbacks import BackupAndRestore, Callback, Checkpoint, EarlyStopping, LambdaCallback, TerminateOnNaN
from engine.saving import CheckpointError, checkpoint
from layers import Dense

# Where the run is stopped, one after the other: in an epoch, after an uneven number of batches, at an epoch's last
# batch, in a validation. Counted from where each part goes on.
STOPS = [{"batches": 3}, {"batches": 4}, {"batches": 6}, {"validation": 2}]
SO_MANY = {"arrays": 4, "several_optimizers": 3, "several_optimizers_eagerly": 3}  # of these; 2 for others


MOVES = {  # what is to be in the checkpoints, and not to stand still, beside weights
    "stateful": ["s.0.states.1", "s.1.backward_layer.states.0", "s.2.states.1.0", "seeds/"],
    "several_optimizers": ["critics.0/discriminator.layers.0.kernel/velocity", "critics.1/", "optimizer/generator",
                           "seeds/generator.layers.0.noise", "generator.layers.0.memory", "seeds/seeds", "metrics/judging"],
    "scaled": ["optimizer/dynamic_scale", "optimizer/step_counter", "/average", "callbacks/"],
}  # fmt: skip
MOVES |= {f"{name}_eagerly": MOVES[name] for name in ("stateful", "several_optimizers")}


def run_with_stops(scenario, folder):
    """The fingerprint at the end, how many parts the run had, and the arrays of a checkpoint at its beginning."""
    stops, early = STOPS[: SO_MANY.get(scenario, 2)], None
    for part, stop in enumerate(stops):
        scenarios.seed = 5 + part
        try:
            return SCENARIOS[scenario](folder, StopAt(**stop)), part, None
        except Stop:
            early = early or checkpoint.newest(folder / "checkpoints")[1]
    scenarios.seed = 99
    return SCENARIOS[scenario](folder, StopAt()), len(stops), early


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_stopped_and_resumed_is_never_stopped(scenario, tmp_path, figure):
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = SCENARIOS[scenario](tmp_path / "whole", StopAt())
    try:
        found, parts, early = run_with_stops(scenario, tmp_path / "parts")
    finally:
        scenarios.seed = 5
    assert parts == SO_MANY.get(scenario, 2)  # each of them did stop it
    figure("Runs stopped and resumed", f"{len(SCENARIOS)} kinds ({', '.join(SCENARIOS)}): no bit differs")
    assert {key: (whole[key], found[key]) for key in whole if whole[key] != found.get(key)} == {}
    end = checkpoint.newest(tmp_path / "whole/checkpoints")[1]
    moved = [name for name in end if name in early and not np.array_equal(early[name], end[name])]
    assert any(name.endswith("kernel") for name in moved)  # the weights did move, and all else that is to
    assert all(any(part in name for name in moved) for part in MOVES.get(scenario, ()))


def test_a_run_that_was_over_is_over(tmp_path):
    first = SCENARIOS["arrays"](tmp_path)
    assert SCENARIOS["arrays"](tmp_path) == first


def small(directory=None, units=2, callbacks=(), seed=1, rows=12, epochs=2, **arguments):
    set_seed(seed)
    model = Sequential([Dense(units, input_shape=(3,))])
    model.compile("adam", "mse", jit_compile=False)
    x = np.arange(rows * 3.0).reshape(rows, 3) / 9
    own = [Checkpoint(directory, every_steps=1, keep=2, **arguments)] if directory is not None else []
    history = model.fit(x, x[:, :units], batch_size=4, epochs=epochs, verbose=0, callbacks=[*own, *callbacks])
    return model, history


def test_checkpoint_of_something_else_changes_nothing(tmp_path):
    small(tmp_path)
    with pytest.raises(CheckpointError, match=r"(?s)another model.*Nothing was changed.*layers.0.kernel.*mismatched"):
        small(tmp_path, units=3)
    with pytest.raises(CheckpointError, match="with the callbacks .*'Checkpoint', 'History'.*same order"):
        small(tmp_path, callbacks=[StopAt()])
    with pytest.raises(CheckpointError, match="of another run: the data had .*'rows': 12.*Nothing was changed"):
        small(tmp_path, rows=16)


def test_two_writers(tmp_path):
    started, go_on = threading.Event(), threading.Event()

    def wait(*_):
        started.set()
        go_on.wait(60)

    first = threading.Thread(target=small, args=(tmp_path,), kwargs={"callbacks": [LambdaCallback(on_epoch_begin=wait)]})
    first.start()
    started.wait(60)
    try:
        with pytest.raises(CheckpointError, match="Another run is writing checkpoints into .*Wait for it, or give another"):
            small(tmp_path)
    finally:
        go_on.set()
        first.join()
    assert len(checkpoint.names(tmp_path)) == 2


def test_backup_is_gone_after_a_good_end_and_used_after_a_bad_one(tmp_path):
    with pytest.raises(Stop):
        small(callbacks=[BackupAndRestore(tmp_path, save_freq=1), StopAt(batches=4)])
    assert len(checkpoint.names(tmp_path)) == 1
    model, history = small(callbacks=[BackupAndRestore(tmp_path, save_freq=1), StopAt()])
    whole, other = small()
    assert history.history == other.history
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), whole.get_weights()))
    assert checkpoint.names(tmp_path) == []


def test_a_backup_is_used_without_the_callback_that_interrupted(tmp_path):
    """As one tries it out: a callback that fails, and then `fit` without it. What remembers something must be there again."""
    keep = EarlyStopping("loss", patience=9)
    with pytest.raises(Stop):
        small(callbacks=[BackupAndRestore(tmp_path, save_freq=1), LambdaCallback(), keep, StopAt(batches=4)])
    for others in ([], [keep, EarlyStopping("loss")], [keep, Adding()]):
        with pytest.raises(CheckpointError, match="with the callbacks.*Nothing was changed"):
            small(callbacks=[BackupAndRestore(tmp_path, save_freq=1), *others])
    model, history = small(callbacks=[keep, TerminateOnNaN(), BackupAndRestore(tmp_path, save_freq=1)])
    whole, other = small()
    assert history.history == other.history
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), whole.get_weights()))


class Adding(Callback):
    """One that remembers something."""

    def get_state(self):
        return {"sum": 1.0}


def test_a_model_whose_fit_failed_can_be_fitted_as_a_fresh_one(tmp_path):
    with pytest.raises(Stop):
        small(callbacks=[StopAt(batches=2)])
    set_seed(1)
    model = Sequential([Dense(2, input_shape=(3,))])
    start = model.get_weights()
    model.compile("adam", "mse", jit_compile=False)
    x = np.arange(36.0).reshape(12, 3) / 9
    with pytest.raises(Stop):
        model.fit(x, x[:, :2], batch_size=4, verbose=0, callbacks=[StopAt(batches=2)])
    model.set_weights(start)
    model.compile("adam", "mse", jit_compile=False)
    again = model.fit(x, x[:, :2], batch_size=4, verbose=0, shuffle=False).history
    set_seed(1)
    other = Sequential([Dense(2, input_shape=(3,))])
    other.compile("adam", "mse", jit_compile=False)
    assert again == other.fit(x, x[:, :2], batch_size=4, verbose=0, shuffle=False).history


@pytest.mark.parametrize("arguments", [{"every_steps": 0}, {"keep": 0}, {"keep": True}, {"every_epochs": 1.5}, {"every_seconds": -1}])
def test_bad_arguments(arguments, tmp_path):
    with pytest.raises(ValueError, match=f"Checkpoint: {next(iter(arguments))} is a positive"):
        Checkpoint(tmp_path, **arguments)
    assert os.listdir(tmp_path) == []
