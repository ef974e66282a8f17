"""The report: its headline, ticks for people, a logarithmic scale, values under the pointer, runs laid over one another."""

import json
import pathlib
import re

import pytest
from browser import needs_browser, said_of

from engine.study import report
from engine.study.__main__ import main
from engine.study.charts import Line, chart, labels, log_ticks, ticks, whole_ticks
from engine.study.run_page import duration

RECORD = {
    "model": "Sequential 'digits'", "config": {"seed": "7", "epochs": "3", "command": "python train.py --seed 7 --name '<b>'"},
    "versions": {"python": "3.12.1", "tensorflow": "2.21.0"}, "summary": "s", "confusion": [[3, 1], [0, 4]],
    "date": "2026-01-02 03:04", "seconds": 75.25,
}  # fmt: skip
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy,dead\n0,2.5,0.25,2.25,0.5,0\n1,0.5,0.9,0.4,1.0,0\n2,0.05,1.0,0.5,0.95,0\n"


def folder_of(path, history=HISTORY, record=RECORD):
    path.mkdir()
    (path / "history.csv").write_text(history)
    if record:
        (path / "run.json").write_text(json.dumps(record))
    return path


def page(*arguments, **options):
    return pathlib.Path(report(*arguments, **options)).read_text(encoding="utf-8")


def without_tags(text):
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", text))


def test_the_headline(tmp_path):
    text = page(folder_of(tmp_path / "run"))
    said = without_tags(text.partition("<h2>Curves")[0])
    for part in ("0.9500 accuracy (validation) at the end", "1.0000 the best", "2 in epoch", "3 epochs", "75.2 s of training", "7 seed",
                 "2026-01-02 03:04 date", "python 3.12.1 · tensorflow 2.21.0", "python train.py --seed 7 --name"):  # fmt: skip
        assert part in said, part
    assert "--name &#x27;&lt;b&gt;&#x27;" in text


def test_the_headline_of_a_run_without_accuracy_or_record(tmp_path):
    text = page(folder_of(tmp_path / "run", "epoch,loss,mae\n0,2.5,1\n1,nan,nan\n2,0.5,NA\n", None))
    said = without_tags(text.partition("<h2>Curves")[0])
    assert "0.5000 loss at the end 0.5000 the best 3 in epoch 3 epochs" in said
    (tmp_path / "run/history.csv").write_text("epoch\n")
    assert "<h2>Curves" in page(tmp_path / "run")


def test_links_to_the_other_pages_of_the_run(tmp_path):
    run = folder_of(tmp_path / "run")
    assert "href" not in page(run).partition("<body>")[2]
    (run / "step.html").touch()
    assert re.findall('<a href="([^"]*)"', page(run)) == ["step.html"]
    (run / "walk.html").touch()
    assert re.findall('<a href="([^"]*)"', page(run)) == ["step.html", "walk.html"]
    assert re.findall('<a href="([^"]*)"', page(run, path=str(tmp_path / "there.html"))) == ["run/step.html", "run/walk.html"]


def numbers_of(text, title):
    """The ticks of the vertical axis of a chart, on its linear scale."""
    figure = re.search(rf'aria-label="{title} by epoch">(.*?)</figure>', text, re.DOTALL).group(1)
    return re.findall(r'text-anchor="end">([^<]*)<', re.search(r'<g class="linear">(.*)', figure, re.DOTALL).group(1).partition('<g class="log">')[0])


def test_ticks_of_a_run(tmp_path):
    text = page(folder_of(tmp_path / "run"))
    assert numbers_of(text, "loss") == ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]
    assert numbers_of(text, "accuracy") == ["0.2", "0.4", "0.6", "0.8", "1.0"]
    assert numbers_of(text, "dead") == ["0"]


@pytest.mark.parametrize(
    ("low", "high", "most"),
    [(0, 1, 1), (0.013, 1.0, 1.0), (0.98, 1.0, 1.0), (0.1, 0.1, 0.1), (0, 0, 0), (1e-12, 3e-12, 3e-12), (5, 7e9, 8e9), (-3, 8, 10)],
)
def test_ticks_are_round_and_no_wider_than_they_must_be(low, high, most):
    found = ticks(low, high)
    assert found[0] <= low and found[-1] >= high and found[-1] <= most * (1 + 1e-9) and len(found) <= 8
    assert found[0] >= min(low, 0) - 2 and (found[0] >= 0 or low < 0)
    assert len(set(labels(found))) == len(found)


def test_ticks_that_are_near_one_another_can_be_told_apart():
    for low, high in ((1000.0001, 1000.0003), (0.99999, 1.0), (-1e-7, 1e-7)):
        assert len(set(labels(ticks(low, high)))) == len(ticks(low, high))
    assert whole_ticks(1, 1000) == [200, 400, 600, 800, 1000] and whole_ticks(4, 4) == [4]
    for low, high in ((1e-9, 10.0), (0.5, 0.6), (3.0, 4000.0), (2e-5, 2.1e-5)):
        found = log_ticks(low, high)
        assert found[0] <= low and found[-1] >= high and len(found) <= 9


def test_a_chart_of_what_can_not_be_drawn():
    assert chart("loss", [Line("loss", [(1, float("nan"))])]) == "" and chart("loss", []) == ""
    assert "<button" not in chart("loss", [Line("loss", [(1, 0.0), (2, 1.0)])])  # zero has no logarithm
    text = chart("</script><b>", [Line("</script>", [(1, 1.0), (2, 3.0)])])
    assert text.count("</script>") == 1 and "<button" in text
    long = chart("loss", [Line("loss", [(epoch, 1 / epoch) for epoch in range(1, 100_001)])])
    assert len(long) < 100_000 and "100000" in long


def test_runs_laid_over_one_another(tmp_path, capsys):
    other = {**RECORD, "config": {**RECORD["config"], "seed": "8"}}
    runs = [folder_of(tmp_path / "one"), folder_of(tmp_path / "two", record=other), folder_of(tmp_path / "three", record=None)]
    assert main(["report", *map(str, runs)]) == 0
    path = pathlib.Path(capsys.readouterr().out.strip())
    assert path == runs[0] / "comparison.html"
    text = path.read_text(encoding="utf-8")
    assert text.count('class="chart"') == 3 and "3 runs" in text
    for name in ("1 one training", "1 one validation", "2 two validation", "3 three training", "3 three"):
        assert name in text
    assert "<td>seed</td><td>7</td><td>8</td><td></td>" in text and "<td>epochs</td><td>3</td><td>3</td><td></td>" in text
    assert main(["report", str(runs[0])]) == 0
    assert '<a href="report.html">' in page(runs[0], beside=runs[1:2])
    with pytest.raises(SystemExit) as end:
        main(["report", str(runs[0]), str(tmp_path / "nowhere")])
    assert end.value.code == 2 and "nowhere" in capsys.readouterr().err


def test_durations():
    assert [duration(seconds) for seconds in (1.25, 99, 100, 3723, 7400)] == ["1.2 s", "99.0 s", "2 min", "62 min", "2 h 3 min"]


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(tmp_path, width):
    script = """
      const first = document.querySelector(".chart"), plot = first.querySelector(".plot"), box = plot.getBoundingClientRect();
      plot.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + 0.55 * box.width, clientY: box.top + 50}));
      said.read = first.querySelector("output").innerText.replace(/\\n/g, "; ");
      plot.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
      said.next = first.querySelector("output").innerText.replace(/\\n/g, "; ");
      first.querySelector("button").click();
      said.log = getComputedStyle(first.querySelector(".log")).display + " " + getComputedStyle(first.querySelector(".linear")).display;
      said.wide = document.documentElement.scrollWidth;
    """
    found = said_of(report(folder_of(tmp_path / "run")), script, tmp_path, width)
    assert found["read"] == "epoch 2; training: 0.5; validation: 0.4" and found["next"] == "epoch 3; training: 0.05; validation: 0.5"
    assert found["log"] == "inline none" and found["wide"] <= width


def test_marks_at_the_ends_of_lines_are_not_over_one_another():
    lines = [Line(f"run {number}", [(1, 2.0), (2, 1 + number / 100)], number, mark=str(number)) for number in range(1, 6)]
    text = chart("loss", [*lines, Line("short", [(1, 2.0)], 6, mark="6")]).partition('<g class="log">')[0]
    found = re.findall(r'<text class="f\d" x="([^"]*)" y="([^"]*)">(\d)', text)
    heights = sorted(float(y) for _, y, mark in found if mark != "6")
    assert len(found) == 6 and min(b - a for a, b in zip(heights, heights[1:])) > 10
