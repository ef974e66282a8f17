"""Checkpoints as files: whole at every instant, damaged ones seen and skipped, failures loud and without loss."""

import hashlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading

import crashes
import numpy as np
import pytest
import scenarios
from scenarios import StopAt

import train
from engine.callbacks import Callback, Checkpoint
from engine.saving import CheckpointError, FileError, checkpoint, container, run_directory
from engine.signals import Signals

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """[(arrays, info)] of the last two checkpoints of a run."""
    folder = tmp_path_factory.mktemp("run")
    scenarios.fit(folder, [], epochs=1)
    kept = checkpoint.names(folder / "checkpoints")
    return [checkpoint.read(folder / "checkpoints" / name) for name in kept[-2:]]


def same(state, other):
    return (json.dumps(state[1]) == json.dumps(other[1]) and set(state[0]) == set(other[0])
            and all(state[0][name].tobytes() == other[0][name].tobytes() for name in state[0]))  # fmt: skip


def bytes_of(state):
    """A state whose arrays are in memory, so that a forked process needs no TensorFlow."""
    return {name: np.array(array) for name, array in state[0].items()}, state[1]


@pytest.mark.parametrize("again", [False, True], ids=["new step", "the same step again"])
def test_kill_at_each_call_of_a_save(again, states, tmp_path, figure):
    """The save of the second state over the first, with the first deleted after it."""
    old, new = map(bytes_of, states)
    if again:
        new = (new[0], {**new[1], "epoch": old[1]["epoch"], "step": old[1]["step"]})
    found = []
    for fatal in range(1, 100):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        checkpoint.write(folder, *old, keep=1)
        status = crashes.in_child(lambda: (crashes.DieAt(fatal), checkpoint.write(folder, *new, keep=1)))  # noqa: B023
        _, *state = checkpoint.newest(folder)  # a warning, of one that is skipped, would be an error
        assert same(state, old) or same(state, new)
        found.append(same(state, new))
        checkpoint.tidy(folder)
        assert set(os.listdir(folder)) == set(checkpoint.names(folder))
        checkpoint.write(folder, *new, keep=1)  # and the next save finds nothing in its way
        assert same(checkpoint.newest(folder)[1:], new) and len(os.listdir(folder)) == 1
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert 10 < fatal < 99 and found == sorted(found) and not found[0] and found[-1]
    figure("A checkpoint's save killed at each call", f"{fatal - 1} kills: a verified checkpoint each time, none to be skipped")


def test_a_failed_save_is_loud_and_leaves_the_old_one(states, tmp_path):
    old, new = map(bytes_of, states)
    checkpoint.write(tmp_path, *old, keep=1)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / checkpoint.names(tmp_path)[0] / "state.safetensors").stat().st_size
    for limit in (0, size // 2, size - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited[1]))
        try:
            with pytest.raises(OSError, match="this was not saved. The checkpoints before it are untouched"):
                checkpoint.write(tmp_path, *new, keep=1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert same(checkpoint.newest(tmp_path)[1:], old) and len(os.listdir(tmp_path)) == 1


def test_no_place_for_checkpoints_is_an_error_before_the_first_step(tmp_path):
    (tmp_path / "checkpoints").touch()
    with pytest.raises(OSError, match="checkpoints"):
        scenarios.fit(tmp_path, [StopAt(batches=1)], epochs=1)


def test_disk_full_in_the_middle_of_fit(tmp_path):
    class Fill(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))

    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OSError, match="00000000-00000004"):
            scenarios.fit(tmp_path, [Fill()])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert checkpoint.names(tmp_path / "checkpoints") == ["00000000-00000002"]
    assert not [name for name in os.listdir(tmp_path / "checkpoints") if name.startswith(".unfinished")]


# ---- damage -------------------------------------------------------------------------------------


@pytest.fixture
def pair(states, tmp_path):
    """A directory with two checkpoints; (directory, path of the newest, the two states)."""
    for state in states:
        checkpoint.write(tmp_path, *state)
    return tmp_path, tmp_path / checkpoint.names(tmp_path)[-1], states


def falls_back(pair):
    directory, newest, (old, _) = pair
    with pytest.warns(UserWarning, match="is skipped") as warned:
        found = checkpoint.newest(directory)
    assert same(found[1:], old) and str(newest) in str(warned[0].message)


@pytest.mark.parametrize("name", ["run.json", "state.safetensors"])
def test_damage_is_seen_and_the_one_before_is_taken(name, pair, figure):
    file = pair[1] / name
    data = file.read_bytes()
    places = np.linspace(0, len(data) - 1, 64).astype(int)
    for length in places:
        file.write_bytes(data[:length])
        falls_back(pair)
    for place in RNG.integers(0, len(data), 64):
        flipped = bytearray(data)
        flipped[place] ^= 1 << RNG.integers(8)
        file.write_bytes(flipped)
        falls_back(pair)
    file.write_bytes(data + b"\0")
    falls_back(pair)
    file.unlink()
    falls_back(pair)
    file.symlink_to("/dev/zero")
    falls_back(pair)
    figure(f"A checkpoint with a damaged {name}", "cut at 64 places, 64 bits flipped, longer, missing, a device: all seen, the one "
           "before taken")  # fmt: skip


WRONG = {
    "epoch": [-1, "1", 1.0, None, True], "step": [[], -5], "total": [None], "stopped": [0, "no"], "logs": [[], None],
    "feed": [None, 3], "callbacks": [{}, [1], [["Checkpoint"]], [[1, {}]], [["X", {"is the array": "nowhere"}]]],
    "random": [{}, {"python": [3, [1], None], "numpy": []}, {"python": 3, "numpy": 4}, []],
    "steps": [[], {"train": 3}, {"train": [[32, 1]]}, {"train": [[32, "1", 2]]}, {"train": [[None, 1, 2]]}],
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_valid_json_of_wrong_types(field, value, pair):
    replace(pair[1], {**pair[2][1][1], field: value})
    falls_back(pair)


@pytest.mark.parametrize("info", [[], 3, None, {}, {"epoch": 1}, "[" * 100_000])
def test_valid_json_of_another_shape(info, pair):
    replace(pair[1], info)
    falls_back(pair)


def replace(path, info):
    """Give a checkpoint another run.json, with right checksums."""
    text = info.encode() if isinstance(info, str) else json.dumps(info).encode()
    content = container.read(path / "state.safetensors")
    (path / "run.json").write_bytes(text)
    container.write(path / "state.safetensors", "checkpoint", content.arrays, run_sha256=hashlib.sha256(text).hexdigest())


def test_all_damaged_is_none_and_says_so(pair):
    directory = pair[0]
    for name in checkpoint.names(directory):
        (directory / name / "run.json").write_bytes(b"{}")
    with pytest.warns(UserWarning) as warned:
        assert checkpoint.newest(directory) is None
    assert len(warned) == 2


class Holder(Callback):
    """A callback whose state is what it was given."""

    def __init__(self, state):
        self.state = state

    def get_state(self):
        return self.state

    def set_state(self, state):
        self.state = state


def test_the_state_of_a_callback_comes_back_as_it_was(tmp_path):
    state = {"array": [1, 2.5, None, "x", True], "a/b": np.arange(3.0), "a": {"b": np.arange(4, dtype=">i2")},
             "inner": [{"array": "name"}, (np.float32(2), np.zeros((0, 2)))], "nan": float("inf")}  # fmt: skip
    scenarios.fit(tmp_path, [Holder(state)], epochs=1)
    again = Holder({})
    scenarios.fit(tmp_path, [again], epochs=1)
    assert repr(again.state["inner"]) == repr([{"array": "name"}, [2.0, np.zeros((0, 2))]])
    np.testing.assert_array_equal(again.state["a/b"], state["a/b"])
    np.testing.assert_array_equal(again.state["a"]["b"], state["a"]["b"])
    assert (again.state["array"], again.state["nan"]) == (state["array"], state["nan"])


@pytest.mark.parametrize(
    ("state", "exception", "says"),
    [({"a": {3: 4}}, TypeError, r"callbacks/0/1/a: .* text as keys, received the key 3"),
     ({"is the array": "x"}, TypeError, "received the key 'is the array'"),
     ([{1, 2}], TypeError, r"callbacks/0/1/0: .*arrays, received \{1, 2\}. Return those from get_state"),
     ([b"x"], TypeError, "received b'x'"),
     (np.array(["x"]), ValueError, "callbacks/0/1/.* has the dtype <U1, which cannot be saved"),
     (np.array([1j]), ValueError, "complex128, which cannot be saved")],
)  # fmt: skip
def test_a_state_that_would_not_come_back_is_refused_when_it_is_saved(state, exception, says, tmp_path):
    model = scenarios.network()
    model.compile("sgd", "mse", jit_compile=False)
    with pytest.raises(exception, match=says):
        model.fit(scenarios.X, scenarios.Y, verbose=0, callbacks=[Holder(state), Checkpoint(tmp_path, every_steps=1)])
    assert os.listdir(tmp_path) == [".lock"]


@pytest.mark.parametrize("keep", [1, 2])
def test_a_damaged_one_never_takes_the_place_of_a_good_one(keep, states, tmp_path):
    """A run that goes on from the one before a damaged one writes checkpoints that are older than that by their names."""
    old, new = map(bytes_of, states)
    damaged = checkpoint.write(tmp_path, new[0], {**new[1], "epoch": 7}, keep)
    checkpoint.write(tmp_path, *old, keep)
    pathlib.Path(damaged, "run.json").write_bytes(b"{}")
    for step in range(2):
        last = new[0], {**new[1], "step": new[1]["step"] + step}
        path = checkpoint.write(tmp_path, *last, keep)
        with pytest.warns(UserWarning, match="00000007-.* is skipped"):
            found = checkpoint.newest(tmp_path)
        assert found[0] == path and same(found[1:], last)
    assert len(checkpoint.names(tmp_path)) == keep + 1
    checkpoint.write(tmp_path, new[0], {**new[1], "epoch": 8}, keep)  # the run is past it
    assert len(checkpoint.names(tmp_path)) == keep


def test_a_new_run_does_not_put_a_running_one_aside(tmp_path):
    run_directory.begin(tmp_path, {"epochs": 3})
    os.mkdir(run_directory.checkpoints_of(tmp_path))
    with checkpoint.lock(run_directory.checkpoints_of(tmp_path)):
        with pytest.raises(CheckpointError, match="Another run is writing"):
            run_directory.begin(tmp_path, {"epochs": 5})
        assert run_directory.arguments_of(tmp_path) == {"epochs": 3}
        assert sorted(os.listdir(tmp_path)) == ["args.json", "checkpoints"]
    run_directory.begin(tmp_path, {"epochs": 5})
    assert sorted(os.listdir(tmp_path)) == ["args.json", "checkpoints.old"]


def test_the_training_script_leaves_a_running_one_alone(tmp_path, capsys):
    checkpoints = run_directory.checkpoints_of(tmp_path)
    for resume in ([], ["--resume"]):
        run_directory.begin(tmp_path, {"model": "mlp", "epochs": 1})
        os.mkdir(checkpoints)
        with checkpoint.lock(checkpoints):
            assert train.main(["--model", "mlp", "--epochs", "1", "--out", str(tmp_path), *resume]) == 2
        assert "train.py: Another run is writing checkpoints into" in capsys.readouterr().err
        assert os.listdir(checkpoints) == [".lock"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1, "a": 2}', "[" * 100_000])
def test_damaged_arguments_of_a_run(text, tmp_path):
    (tmp_path / "args.json").write_text(text)
    with pytest.raises(FileError, match="args.json"):
        run_directory.arguments_of(tmp_path)


def test_a_state_that_a_callback_cannot_take_is_undone(tmp_path):
    class Choosy(Callback):
        def set_state(self, state):
            if "own" not in state:
                raise KeyError("own")

    scenarios.fit(tmp_path, [Choosy()], epochs=1)
    with pytest.raises(CheckpointError, match="of another run: 'own'. Nothing was changed"):
        scenarios.fit(tmp_path, [Choosy()], epochs=2)


# ---- signals ------------------------------------------------------------------------------------


class Send(Callback):
    """Send signals to this process after so many batches, or in the first validation."""

    def __init__(self, *numbers, batches=None):
        self.numbers, self.batches, self.seen = numbers, batches, 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.seen == self.batches:
            self._send()

    def on_test_chunk_end(self, step, logs=None):
        if self.batches is None:
            self._send()

    def _send(self):
        numbers, self.numbers = self.numbers, ()
        for number in numbers:
            signal.raise_signal(number)


@pytest.mark.parametrize(
    ("number", "batches"), [(signal.SIGINT, 3), (signal.SIGTERM, 6), (signal.SIGTERM, None)],
    ids=["in an epoch", "at its end", "in validation"],
)  # fmt: skip
def test_the_first_signal_saves_and_returns_the_history(number, batches, tmp_path):
    def run(folder, callback):
        found = []
        end = scenarios.fit(folder, [callback], every_steps=None, epochs=3, validation_data=scenarios.VALIDATION,
                            extra=[Keep(found)])  # fmt: skip
        return end, found[0]

    class Keep(Callback):
        def __init__(self, found):
            self.found = found

        def close(self):
            self.found.append(self.model.history)

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole, history = run(tmp_path / "whole", Send())
    assert history.signal is None
    _, partial = run(tmp_path / "parts", Send(number, batches=batches))
    assert partial.signal == number
    assert partial.history == {name: values[: len(partial.epoch)] for name, values in history.history.items()} or not partial.epoch
    expected = {3: (0, 3), 6: (0, 6), None: (1, 0)}[batches]
    assert checkpoint.names(tmp_path / "parts/checkpoints")[-1] == "{:08d}-{:08d}".format(*expected)
    assert run(tmp_path / "parts", Send())[0] == whole
    assert signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL)


def test_the_second_signal_stops_at_once(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        scenarios.fit(tmp_path, [Send(signal.SIGTERM, signal.SIGINT, batches=3)], every_steps=None)
    assert checkpoint.names(tmp_path / "checkpoints") == []


def test_a_signal_too_late_for_the_run_is_not_swallowed(tmp_path):
    class Late(Callback):
        def close(self):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        scenarios.fit(tmp_path, [], extra=[Late()], epochs=1)
    assert checkpoint.names(tmp_path / "checkpoints")[-1] == "00000001-00000000"


def test_signals_bring_back_what_was_there():
    noted = []
    before = signal.signal(signal.SIGTERM, lambda *_: noted.append("own"))
    try:
        signals = Signals()
        signal.raise_signal(signal.SIGTERM)
        assert signals.received == signal.SIGTERM and noted == []
        signal.raise_signal(signal.SIGTERM)
        assert noted == ["own"]
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first in, first out", "last in, first out"])
def test_of_several_signals_the_last_to_close_brings_back_what_was_there(order):
    there = signal.getsignal(signal.SIGTERM)
    both = [Signals(), Signals()]
    both[order[0]].close()
    assert signal.getsignal(signal.SIGTERM) != there
    both[order[1]].close()
    assert signal.getsignal(signal.SIGTERM) == there


@pytest.mark.parametrize("names", [("one", "other"), ("other", "one")], ids="-".join)
def test_two_checkpoints_of_one_run_both_hear_the_first_signal(names, tmp_path):
    one, other = (Checkpoint(tmp_path / name) for name in names)
    model = scenarios.network()
    model.compile("sgd", "mse", jit_compile=False)
    history = model.fit(scenarios.X, scenarios.Y, verbose=0, callbacks=[one, other, Send(signal.SIGTERM, batches=2)])
    assert history.signal == signal.SIGTERM and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert all(checkpoint.names(tmp_path / name) == ["00000000-00000002"] for name in names)


def test_signals_in_another_thread_neither_note_nor_take_part():
    here, made = Signals(), []
    thread = threading.Thread(target=lambda: made.append(Signals()))
    thread.start()
    thread.join()
    signal.raise_signal(signal.SIGTERM)
    made[0].close()
    assert (here.received, made[0].received) == (signal.SIGTERM, None) and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_without_a_checkpoint_ctrl_c_is_what_it_is_in_python():
    model = scenarios.network()
    model.compile("sgd", "mse", jit_compile=False)
    with pytest.raises(KeyboardInterrupt):
        model.fit(scenarios.X, scenarios.Y, verbose=0, callbacks=[Send(signal.SIGINT, batches=1)])


def test_every_seconds(tmp_path):
    checkpoints = Checkpoint(tmp_path, every_seconds=1e-9, keep=100)
    model = scenarios.network()
    model.compile("sgd", "mse", jit_compile=False, steps_per_execution=2)
    model.fit(scenarios.X, scenarios.Y, batch_size=8, verbose=0, callbacks=[checkpoints])
    assert [name[-1] for name in checkpoint.names(tmp_path)] == ["2", "4", "5", "6", "0"]  # 5 whole batches, one of 4 rows


# ---- whole runs, killed -------------------------------------------------------------------------


def killed(*arguments, timeout):
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    run = subprocess.run([sys.executable, str(HERE / "killed_runs.py"), *map(str, arguments)], env=environment,
                         capture_output=True, text=True, timeout=timeout)  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


# The files and callbacks that a run can have; and all kinds of state that a model and its optimizer can have.
KILLED = {"arrays": "", "odd": ", with all kinds of state (of layers and metrics, averages, gathered gradients, a scaled loss)"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", KILLED)
def test_runs_killed_at_every_call_end_with_the_same_bits(scenario, tmp_path, figure):
    kills = killed("calls", tmp_path, scenario, timeout=3600)["kills"]
    figure(f"Runs of `fit` killed at each call that changes the disk{KILLED[scenario]}", f"{kills} runs, resumed: all ended with the same bits")
    assert kills > 40


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", KILLED)
def test_a_run_killed_100_times_at_random_ends_with_the_same_bits(scenario, tmp_path, figure):
    counts = killed("random", tmp_path, scenario, 100, timeout=3600)
    figure(f"Runs killed at random{KILLED[scenario]}", f"{counts['kills']} kills over {counts['ends']} runs: a verified checkpoint each time, "
           "all ended with the same bits")  # fmt: skip
    assert counts["kills"] >= 100

