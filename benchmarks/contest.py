"""Contenders take turns: the machine is noisy, so only what ran side by side is compared."""

import contextlib
import json
import multiprocessing
import platform
import statistics
import time


def take_turns(contenders, rounds, prepare=None):
    """Seconds of each round of each contender: {name: [seconds, ...]}, after two rounds that are not counted.

    `contenders` is {name: function}. Each round runs all of them, in turn, the order reversed every other round.
    `prepare`, {name: function}, makes the argument of each run, in time that is not counted.
    """
    arguments = {name: (lambda name=name: [prepare[name]()]) if prepare else list for name in contenders}
    for name, run in [*contenders.items()] * 2:
        run(*arguments[name]())  # compiles, fills caches; Glassbox may compile in the second one, when it has seen enough steps
    seconds = {name: [] for name in contenders}
    for turn in range(rounds):
        names = list(contenders)[:: 1 if turn % 2 == 0 else -1]
        for name in names:
            given = arguments[name]()
            started = time.perf_counter()
            contenders[name](*given)
            seconds[name].append(time.perf_counter() - started)
    return seconds


@contextlib.contextmanager
def apart(makers):
    """{name: function} of `makers`, {name: picklable function that makes one}: each in a process of its own, and all of them idle
    but the one that is called. What a library asks of its process, as of the allocator, does not reach the others then."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for name, make in makers.items():
        pipes[name], end = context.Pipe()
        processes.append(context.Process(target=_serve, args=(make, end), daemon=True))
        processes[-1].start()
        end.close()

    def call(pipe):
        pipe.send("run")
        return pipe.recv()

    try:
        yield {name: lambda pipe=pipe: call(pipe) for name, pipe in pipes.items()}
    finally:
        for pipe in pipes.values():
            pipe.close()
        for process in processes:
            process.join()


def _serve(make, pipe):
    run = make()
    with contextlib.suppress(EOFError):
        while pipe.recv():
            run()
            pipe.send("done")


def medians(seconds, per=1, unit=1e6):
    """{name: (median, lowest, highest)} of `seconds / per`, in microseconds unless `unit` says otherwise."""
    scale = unit / per
    return {name: tuple(scale * f(times) for f in (statistics.median, min, max)) for name, times in seconds.items()}


def cell(times, ratio=None, digits=0):
    """What `medians` found of one contender as text, with what `over` found of it."""
    text = "{:,.{d}f} ({:,.{d}f}–{:,.{d}f})".format(*times, d=digits)
    return text if ratio is None else f"{text} {ratio:.2f}×"


def table(title, rows, header):
    """Print `rows` (tuples) under `header`, columns fitted."""
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    print(f"\n{title}")
    for index, row in enumerate(cells):
        print("  ".join(cell.ljust(width) if c == 0 else cell.rjust(width) for c, (cell, width) in
                        enumerate(zip(row, widths))))  # fmt: skip
        if index == 0:
            print("─" * (sum(widths) + 2 * len(widths) - 2))


def bars(path, title, ylabel, groups, line=None):
    """Draw `groups`, {group: {contender: height}}, as a PNG; contenders differ by hatching too. `line`: a height to mark."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(name for heights in groups.values() for name in heights))
    figure, axis = plt.subplots(figsize=(max(5, 1.2 * len(groups) + 2), 4))
    for index, (name, hatch) in enumerate(zip(names, ("", "//", "..", "xx", "--"))):
        places = [place + (index - len(names) / 2 + 0.5) * 0.8 / len(names) for place in range(len(groups))]
        heights = [heights.get(name, 0) for heights in groups.values()]
        axis.bar(places, heights, 0.8 / len(names), label=name, hatch=hatch, edgecolor="black", alpha=0.75)
    if line is not None:
        axis.axhline(line, color="black", linewidth=1)
    axis.set(xticks=range(len(groups)), ylabel=ylabel, title=title)
    axis.set_xticklabels(groups)
    axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"Written: {path}")


def over(first, seconds):
    """{contender: its time over that of `first`}, without `first`: the median of the ratios within each round.

    A machine may be slow for some rounds, and all contenders then: the ratio of two medians would mix its states.
    """
    ratios = {name: [one / other for one, other in zip(times, seconds[first])] for name, times in seconds.items()}
    return {name: statistics.median(each) for name, each in ratios.items() if name != first}


def keep(arguments, results, group, title, quantity="time"):
    """Write `results` where `--json` says, and draw what each is over Glassbox where `--png` says; each has a `group`."""
    if arguments.json:
        write_json(arguments.json, results)
    if arguments.png:
        groups = {result[group]: result["over Glassbox"] for result in results}
        bars(arguments.png, title, f"{quantity}, Glassbox = 1", groups, line=1)


def environment():
    """Versions and the processor's name, to be written beside results."""
    import keras
    import numpy
    import tensorflow

    processor = platform.processor()
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "python": platform.python_version(), "tensorflow": tensorflow.__version__, "keras": keras.__version__,
        "numpy": numpy.__version__, "processor": processor,
    }  # fmt: skip


def write_json(path, results):
    """Results and environment as JSON."""
    with open(path, "w") as file:
        json.dump({"environment": environment(), "results": results}, file, indent=1)
    print(f"\nWritten: {path}")
