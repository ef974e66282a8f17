"""Programs written for Keras, made to run here: `glassbox port FILE...`, or `python -m engine.port FILE...`.

Imports and inline uses are replaced where they stand, and every other character stays as it is. Nothing here starts TensorFlow.

Reading order: `names` (what is offered under Keras's paths, read from the source of this project), `substitutes` (what to
write for the rest), `tokens` (a text as the words that matter), `statements` (imports and chains of names in it), `bindings`
(which names of a program mean Keras), `imports` and `chains` (the edits), `program` (all of it on the texts of one file), `files` (scripts, notebooks, what is
written where), `__main__` (the command).

>>> text, *_ = port(["import tensorflow as tf\\nmodel = tf.keras.Sequential()\\n"]).texts
>>> print(text, end="")
import tensorflow as tf
import glassbox as keras
model = keras.Sequential()
"""

from engine.port.program import port

__all__ = ["port"]
