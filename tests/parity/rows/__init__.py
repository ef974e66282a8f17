"""The tables: every module here has a list ROWS. Written as data, read by test_layers.py and test_gradients.py."""

import importlib
import pkgutil

ROWS = [
    row
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__))
    for row in importlib.import_module(f"{__name__}.{module}").ROWS
]
