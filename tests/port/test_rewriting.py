"""Programs for Keras as they are written, and as they run here: `engine.port` on texts."""

import importlib
import subprocess
import sys

import pytest

pytest.importorskip("glassbox")

from engine.port import port
from engine.port.names import keras_path, missing, offered
from engine.port.substitutes import _INSTEAD

# what a program says: what it says here
IMPORTS = {
    "import keras": "import glassbox as keras",
    "import tf_keras": "import glassbox as tf_keras",
    "import tensorflow.keras as keras": "import glassbox as keras",
    "import tensorflow.keras as k, numpy as np": "import glassbox as k, numpy as np",
    "import os, keras, sys  # three": "import os, glassbox as keras, sys  # three",
    "import keras.layers": "import glassbox as keras",
    "import keras.layers as L": "import glassbox.layers as L",
    "import tensorflow.keras.backend as K": "import glassbox.backend as K",
    "import tensorflow.keras.layers": "import tensorflow",
    "from tensorflow import keras": "import glassbox as keras",
    "from tensorflow import keras as k": "import glassbox as k",
    "from tensorflow import keras, data": "import glassbox as keras; from tensorflow import data",
    "from tensorflow import data, keras": "import glassbox as keras; from tensorflow import data",
    "from tensorflow import (data,\n    keras)": "import glassbox as keras; from tensorflow import (data)",
    "from tensorflow.keras import layers, models": "from glassbox import layers, models",
    "from tensorflow.keras import backend as K": "from glassbox import backend as K",
    "from tensorflow.python.keras.layers import Dense": "from glassbox.layers import Dense",
    "from tensorflow.compat.v2.keras import Model": "from glassbox import Model",
    "from keras.layers import Dense as D, LSTM": "from glassbox.layers import Dense as D, LSTM",
    "from keras.layers import *": "from glassbox.layers import *",
    "from tensorflow.keras.layers import(Dense,  # one\n\tLSTM,\n)": "from glassbox.layers import(Dense,  # one\n\tLSTM,\n)",
    "from tensorflow.keras.layers import Dense, \\\n    LSTM": "from glassbox.layers import Dense, \\\n    LSTM",
    "from keras.layers.core import Dense, Dropout": "from glassbox.layers import Dense, Dropout",
    "from keras.engine.topology import Layer": "from glassbox.layers import Layer",
    "from keras.utils import np_utils": "from glassbox import utils as np_utils",
    "from keras.utils import np_utils, to_categorical": "from glassbox import utils as np_utils; from glassbox.utils import to_categorical",
    "from keras.utils.np_utils import to_categorical": "from glassbox.utils import to_categorical",
    "from tensorflow.keras.layers.experimental import preprocessing": "from glassbox import layers as preprocessing",
    "from tensorflow.keras.layers.experimental import preprocessing as p": "from glassbox import layers as p",
    "from tensorflow.keras.optimizers.legacy import Adam": "from glassbox.optimizers.legacy import Adam",
    "from tensorflow.keras import layers, ops": "from tensorflow.keras import ops; from glassbox import layers",
    "try:\n    import keras\nexcept ImportError:\n    from tensorflow import keras":
        "try:\n    import glassbox as keras\nexcept ImportError:\n    import glassbox as keras",
    "def f():\n    from keras.models import Sequential; return Sequential":
        "def f():\n    from glassbox.models import Sequential; return Sequential",
    "if True: from keras import Model": "if True: from glassbox import Model",
}  # fmt: skip

TF = "import tensorflow as tf\n"
HERE = TF + "import glassbox as keras\n"
INLINE = {
    TF + "tf.keras.layers.Dense(2)": HERE + "keras.layers.Dense(2)",
    TF + "x = tf.keras": TF + "import glassbox as x",
    TF + "keras = tf.keras\nm = tf.keras.Model": TF + "import glassbox as keras\nm = keras.Model",
    TF + "L = tf.keras.layers\nL.Dense(tf.shape(x))": HERE + "L = keras.layers\nL.Dense(tf.shape(x))",
    TF + "x = (tf\n  .keras  # here\n  .Model)": HERE + "x = (keras  # here\n  .Model)",
    TF + "tf.optimizers.Adam(); tf.losses.MSE": HERE + "keras.optimizers.Adam(); keras.losses.MSE",
    TF + "class A(tf.keras.Model):\n  def f(self, x:tf.keras.layers.Layer)->tf.keras.Model: pass":
        HERE + "class A(keras.Model):\n  def f(self, x:keras.layers.Layer)->keras.Model: pass",
    TF + "f'{tf.keras.Model!r:>9} tf.keras.Model {{tf.keras}}'": HERE + "f'{keras.Model!r:>9} tf.keras.Model {{tf.keras}}'",
    TF + "tf.keras.layers.experimental.preprocessing.Rescaling(2)": HERE + "keras.layers.Rescaling(2)",
    "import keras\nkeras.layers.core.Dense(1)": "import glassbox as keras\nkeras.layers.Dense(1)",
    "import tensorflow\ntensorflow.keras.Input": "import tensorflow\nimport glassbox as keras\nkeras.Input",
    "import tensorflow as T\nT.keras.Input(shape=T.keras)": "import tensorflow as T\nimport glassbox as keras\nkeras.Input(shape=keras)",
    "import tensorflow.keras\ntensorflow.keras.Input": "import tensorflow\nimport glassbox as keras\nkeras.Input",
    TF + "from tensorflow import keras\ntf.keras.Model": HERE + "keras.Model",
    TF + "import tensorflow.keras as k\ntf.keras.Model": TF + "import glassbox as k\nk.Model",
    TF + "def f():\n  from tensorflow import keras\ntf.keras.Model": HERE + "def f():\n  import glassbox as keras\nkeras.Model",
    "import tensorflow as tf; m = tf.keras.Model\n": "import tensorflow as tf; import glassbox as keras; m = keras.Model\n",
    "import os\nimport tensorflow as tf; tf.keras.Model": "import os\nimport tensorflow as tf; import glassbox as keras; keras.Model",
    "import keras_core as k\nfrom keras.src.layers import Dense": "import glassbox as k\nfrom glassbox.layers import Dense",
    TF + "def f(keras): return tf.keras.Model": TF + "import glassbox\ndef f(keras): return glassbox.Model",
    "'''doc'''\nfrom __future__ import division\ntry:\n  import tensorflow as tf\nexcept ImportError: pass\ntf.keras.Model":
        "'''doc'''\nfrom __future__ import division\nimport glassbox as keras\ntry:\n  import tensorflow as tf\nexcept ImportError: pass\nkeras.Model",
    "#!/usr/bin/python\n# é\nimport tensorflow as tf  # 1\r\ntf.keras.Model\r\n": "#!/usr/bin/python\n# é\nimport tensorflow as tf  # 1\r\nimport glassbox as keras\r\nkeras.Model\r\n",
}  # fmt: skip

UNTOUCHED = [
    "", "x = 1", "keras.layers.Dense", "self.keras.layers", "import numpy as np\nnp.keras.layers",
    TF + "'tf.keras.layers'  # tf.keras.layers", TF + "x.tf.keras.layers; f(tf=1)", "from .keras import layers", "from . import keras",
    "import kerastuner", "import tensorflow.data", "print 'python 2'", HERE + "keras.Model", "from glassbox.layers import Dense",
    TF + "tf.keras.applications.ResNet50()", "from tensorflow.keras.applications import ResNet50", "from keras import ops",
    TF + 'f"{x!r}"', "\ufeffx = '\u2028'  \n\n\t\n",
]  # fmt: skip


@pytest.mark.parametrize("old", [*IMPORTS, *INLINE])
def test_what_is_written_here(old):
    found = port([old])
    assert found.texts == [{**IMPORTS, **INLINE}[old]]
    again = port(found.texts)
    assert again.texts == found.texts and again.changes == []


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_stays(text):
    found = port([text])
    assert found.texts == [text] and found.changes == []


# a program: (line, the beginning of what is told)
TOLD = {
    "from keras.layers import (Dense,\n    Densee)": (2, "layers.Densee is not here: did you mean layers.Dense?"),
    TF + "\ntf.keras.applications.ResNet50()": (3, "applications is not here: build the network with Keras once"),
    "import keras\nkeras.ops.sum(x)": (2, "ops is not here: write tf"),
    "import keras.backend as K\nK.get_session()": (2, "backend.get_session is not here: leave it out"),
    "from glassbox import layers as L\nL.CuDNNLSTM(3)": (2, "layers.CuDNNLSTM is not here: layers.LSTM"),
    "from keras.layers import *\nx = CuDNNLSTM(3)": (2, "layers.CuDNNLSTM is not here: layers.LSTM"),
    "import keras.wrappers.scikit_learn as s": (1, "wrappers is not here: the package scikeras"),
    "import importlib\nimportlib.import_module('keras.layers')": (2, "'keras.layers' is imported by its name in a string"),
    "import os\nimport tensorflow_hub as hub": (2, "tensorflow_hub is built on Keras"),
    "import keras\nx = (": (1, "left as it is, as it is no Python"),
}  # fmt: skip


@pytest.mark.parametrize("text", TOLD)
def test_what_is_left_is_told_by_its_line(text):
    ((_, line, what),) = port([text]).left
    assert line == TOLD[text][0] and what.startswith(TOLD[text][1]), what


@pytest.mark.parametrize("text", [
    "import keras\nmodel = keras.Sequential()\nmodel.anything()\nkeras.Model.anything",
    "from keras import layers\ndef f(layers):\n    layers.append(1)",
    "from keras import layers\nfor layers in x:\n    layers.append(1)",
    "import keras.backend as K\nK = 3\nK.bit_length()",
    "from keras.layers import Dense\nDense.anything",
])  # fmt: skip
def test_nothing_is_told_of_what_may_be_something_else(text):
    assert port([text]).left == []


def test_names_are_those_of_glassbox():
    found = offered()
    for path, names in found.items():
        module = importlib.import_module(f"glassbox.{path}".rstrip("."))
        there = set(dir(module))
        assert there - names == set(), path
        more = {name for name in names - there if not hasattr(module, name)}
        assert all(name.isupper() for name in more), (path, more)  # constants, which no program asks for


def test_what_has_a_substitute_is_not_here():
    assert [path for path in _INSTEAD if missing(path) is None and path not in offered()] == []
    assert [path for path in _INSTEAD if keras_path(f"keras.{path}") != path] == []


def test_it_answers_without_tensorflow():
    program = "import sys, engine.port.__main__ as m; m.files.port(['import keras']); print('tensorflow' in sys.modules, 'glassbox' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.stdout == "False False\n", run.stderr
