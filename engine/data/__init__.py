"""Data that come in batches of their own. Reading order: streams (tf.data, and what all streams have), generators, stacked
(their batches, several in one call of a step), sequences; slices (arrays to predict for), splits (rows of arrays that are held
back for validation), validation (what is measured after an epoch).
"""

import engine.core.array_feed  # noqa: F401 (registered first: what is registered later is asked before)
from engine.data.generators import PythonFeed
from engine.data.sequences import PyDataset as PyDataset
from engine.data.streams import DatasetFeed
from engine.small_parts.feed import register

register(PythonFeed)  # all that can be gone through; what is registered later is asked before
register(DatasetFeed)
