"""Looking without touching: nothing here changes a model.

    summary.py       the layers as a tree;  cost.py: their multiply-adds;  found.py: why a variable is found and trained
    inspect_step.py  one training step: calls.py (layers), numbers.py (an array in short), worked.py (one weight by hand)
                     flow.py (which values went where), signs.py (what looks wrong), pictures.py; ready.py: what is made before
    step_text.py     the step as text;  step_page.py, step_panel.py: as a page;  page.py: tables
    walk.py          one step, line by line: lines.py (statements of a source), values.py (what a name holds),
                     walked_weights.py (a weight on its way);  walk_page.py: the page and the outline
    assets/          the scripts and styles of both pages
    run_page.py      a whole run as a page, or several (run_record.py: its files)
    charts.py        curves as SVG;  curves.py: which belong together;  notebook.py, step_fragment.py: outputs of cells
    rates.py         which learning rate: a trial that is undone
    studied.py       the methods that Model gets from here
    differences.py   the distance between two numbers that should agree
    objective.py     the scalar whose gradient is checked;  precision.py: a float32 computation in float64
    gradcheck.py     gradients against finite differences
    rows.py          what to compare with Keras, as data;  parity.py: the comparison
    compared_configs.py  their configs;  older_keras.py: beside older versions of Keras
    __main__.py      `python -m engine.study`: checks from the command line
"""

from engine.study.gradcheck import check_gradients
from engine.study.inspect_step import inspect_step
from engine.study.parity import compare
from engine.study.rates import find_rate
from engine.study.run_page import report
from engine.study.run_record import record_run
from engine.study.summary import Summary
from engine.study.walk import walk_step
from engine.unchanged import unchanged

__all__ = ["Summary", "check_gradients", "compare", "find_rate", "inspect_step", "record_run", "report", "unchanged", "walk_step"]
