"""Files made by somebody who wants harm: all refused with one class of error, quickly, with nothing touched."""

import json
import os
import pathlib

import corpus
import costly
import forked
import pytest

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """What happened to each file of the corpus, and their sizes."""
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("good", "files"):
        (folder / name).mkdir()
    harmless = {"harmless.safetensors": corpus.harmless(), "harmless.keras": corpus.archive(),
                "harmless.weights.h5": corpus.good_hdf5()}  # fmt: skip
    for name, data in harmless.items():
        (folder / "good" / name).write_bytes(data)
        (folder / "files" / name).write_bytes(data)
    for name, data in {**corpus.everything(), **costly.everything()}.items():
        (folder / "files" / name).write_bytes(data)
    (folder / "files" / "device.safetensors").symlink_to("/dev/zero")
    printed = forked.output(HERE / "guarded_loads.py", folder, cwd=folder, timeout=240)
    assert sorted(os.listdir(folder)) == ["files", "good"]  # nothing was made
    sizes = {path.name: path.stat().st_size for path in (folder / "files").iterdir() if path.is_file()}
    return json.loads(printed.splitlines()[-1]), sizes


def test_harmless_files_load(attempts):
    found, _ = attempts
    harmless = {name: result for name, result in found.items() if name.startswith("harmless")}
    assert len(harmless) == 3 and {result["outcome"] for result in harmless.values()} == {"loaded"}


def test_all_others_are_refused(attempts):
    found, _ = attempts
    outcomes = {name: result["outcome"] for name, result in found.items() if not name.startswith("harmless")}
    assert len(outcomes) == len(corpus.everything()) + len(costly.everything()) + 1
    assert {name: outcome for name, outcome in outcomes.items() if not outcome.startswith("refused: ")} == {}


def test_nothing_is_run_imported_or_opened(attempts):
    assert {name: result["offences"] for name, result in attempts[0].items() if result["offences"]} == {}


def test_each_takes_little_time_and_memory(attempts, figure):
    found, sizes = attempts
    long = set(costly.everything())  # among them are descriptions of megabytes
    seconds = {name: 2 + (sizes[name] / 1e6 if name in long else 0) for name in found}
    assert {name: result["seconds"] for name, result in found.items() if result["seconds"] > seconds[name]} == {}
    slowest = max(result["seconds"] for result in found.values())
    figure("Hostile files", f"{len(found) - 3} of {len(found) - 3} refused, nothing run, imported or opened; the slowest took "
           f"{slowest:.2f} s, the largest {max(result['memory'] for result in found.values()) >> 20} MiB")  # fmt: skip
    allowed = {name: 2 * sizes.get(name, 0) + (64 << 20) for name in found}
    assert {name: result["memory"] >> 20 for name, result in found.items() if result["memory"] > allowed[name]} == {}


def test_messages_name_the_file_and_the_reason(attempts):
    for name, result in attempts[0].items():
        if not name.startswith("harmless"):
            assert name in result["outcome"] and len(result["outcome"]) < 3000, result["outcome"]
