"""Training by parameter servers: with one worker the numbers of one device, with two nothing lost; processes that die."""

import cases
import pytest
from printed import printed

SOME = ("add_loss", "adamw_average", "dataset", "tutorial")
OTHERS = ("outside", "resumed", "two_optimizers", "scaled", "places")
OF_TWO = ("nothing_lost", "momentum", "accumulated", "learns", "outputs", "goes_on", "refused", "a_bad_step", "bad_data")


def made(workers, *names):
    """What coordinator.py prints; one process for all."""
    return printed("coordinator.py", str(workers), *names)


def by_one(name):
    return made(1, *SOME, *OTHERS)[name]


def by_two(name):
    return made(2, *OF_TWO)[name]


@pytest.mark.parametrize("name", (*SOME, "resumed", "two_optimizers", "scaled"))
def test_one_worker_gives_the_numbers_of_one_device(name):
    difference, where = by_one(name)
    assert difference < 1e-10, where


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(set(cases.CASES) - set(SOME)))
def test_one_worker_in_all_cases(case):
    difference, where = made(1, *cases.CASES)[case]
    assert difference < 1e-10, where


def test_an_optimizer_made_outside_of_the_scope_is_refused():
    message = by_one("outside")
    assert message.startswith("ValueError") and "was made outside of the scope of its ParameterServerStrategy" in message


def test_each_weight_is_computed_on_the_server_that_holds_it():
    held, found = by_one("places")
    assert held == [1, 1]
    for operations in found:
        assert "Mul" in operations and "AssignVariableOp" in operations


def test_two_workers_lose_no_update_and_no_row():
    (difference, where), counts = by_two("nothing_lost")
    assert difference < 1e-10, where
    assert counts == [128, 256, 256]


def test_each_update_goes_on_from_the_slots_of_the_one_before():
    found, expected = by_two("momentum")
    assert found == pytest.approx(expected, rel=1e-10)


def test_two_workers_gather_for_one_update():
    bias, updates = by_two("accumulated")
    assert updates == 2 * 22 and bias == pytest.approx(-0.1 * updates, rel=1e-10)  # 21 of three steps, one of one


def test_two_workers_learn():
    first, last = by_two("learns")
    assert last < 0.8 * first


def test_outputs_of_two_workers_are_in_order():
    difference, where = by_two("outputs")
    assert difference < 1e-10, where


def test_a_run_of_two_workers_goes_on_from_its_checkpoint():
    difference, updates = by_two("goes_on")
    assert difference < 1e-10 and updates == 128


def test_what_two_workers_cannot_do_is_refused():
    says = (
        'fit(on_nan="raise") needs steps that come one after the other; 2 workers',
        "the callback GradientStats needs", "a LossScaleOptimizer (as mixed_float16 makes it) needs",
        "a step that assigns to the trainable weights ['layers.0.kernel'] itself needs",
        "run_eagerly is for one device", "jit_compile=True is for",
    )  # fmt: skip
    for words, message in zip(says, by_two("refused"), strict=True):
        assert message.startswith("ValueError") and words in message, message


def test_the_error_of_a_step_comes_back_from_the_worker():
    message, updates = by_two("a_bad_step")
    assert message.startswith("InvalidArgumentError") and "a bad row" in message, message
    assert updates == 64  # of the training after it


def test_steps_before_an_error_of_the_data_are_finished():
    message, updates = by_two("bad_data")
    assert "the file is gone" in message and updates == 5, message


@pytest.mark.slow
def test_workers_that_die():
    updates, message, seconds = made(2, "workers_die")["workers_die"]
    assert updates in (768, 769)  # the step that it was at may have been done twice
    assert message.startswith("WorkerError: No answer from worker 0 (127.0.0.1:") and "worker 1 (127" in message
    assert seconds < 60


@pytest.mark.slow
def test_a_worker_that_is_stopped():
    updates, message, seconds = made(2, "worker_pauses")["worker_pauses"]
    assert updates == 768  # its step waited for it
    assert message.startswith("WorkerError: No answer from worker 1 (127.0.0.1:") and seconds < 60


@pytest.mark.slow
def test_nothing_begins_while_a_worker_is_stopped():
    """TensorFlow would wait for it as it traces a function, for minutes, whatever was trained before."""
    said, updates = made(2, "worker_is_stopped")["worker_is_stopped"]
    for message, seconds in said:
        assert message.startswith("WorkerError: No answer from worker 1 (127.0.0.1:") and seconds < 10, (message, seconds)
    assert updates == 64


@pytest.mark.slow
def test_a_parameter_server_that_dies():
    message, seconds = made(1, "server_dies")["server_dies"]
    assert message.startswith("WorkerError: No answer from ps 1 (127.0.0.1:") and seconds < 60
