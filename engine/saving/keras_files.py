"""Files of Keras: `.weights.h5`, and `.keras` (a zip of config.json and model.weights.h5), of Keras 2.12 or later. Only read.

In the HDF5 file each layer is a group that is found by the way through the attributes of the model; its variables are
`vars/0`, `vars/1` ... in the order of `get_weights`. In a list of layers a member has the name of its class, counted:

    layers/dense/vars/0     layers/dense_1/vars/0     layers/lstm/cell/vars/2

Whole models in one HDF5 file are in keras2_files.py; how a file is opened that may come from anybody, in hdf5.py.
"""

import collections
import io
import zipfile

import tensorflow as tf

from engine.configs.keras2_config import is_of_keras2, to_keras3
from engine.core import tracking
from engine.core.layer import Layer
from engine.saving import hdf5, keras2_files
from engine.saving.container import FileError, parse_json
from engine.text import shortened
from losses.ground.lookup import snake_case

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_CLASS_NAMES = {"Model": "Functional"}  # where Keras's differ


def is_one(data):
    """Whether the bytes of a file are of one of these kinds."""
    return data.startswith((_ZIP, _HDF5))


def is_archive(data):
    """Whether they are of a `.keras` file, which has a config too."""
    return data.startswith(_ZIP)


def read_config(data, path):
    """The config of a `.keras` file, as text and parsed: how the model is made; and the arguments of compile, or None."""
    members = _open_archive(data, path)
    text = members[_CONFIG]
    config, metadata = (_parsed(members, name, path) for name in (_CONFIG, _METADATA))
    settings = {key: value for key, value in (config.get("compile_config") or {}).items() if value is not None and key != "jit_compile"}
    if is_of_keras2(metadata):
        config, settings = to_keras3(config), settings and keras2_files.settings(settings, settings["optimizer"])
    return text, config, settings or None


def _parsed(members, name, path):
    try:
        content = parse_json(members.get(name, "{}"))
    except FileError as error:
        raise FileError(f"{path!r}: {name}: {error}.") from None
    if not isinstance(content, dict):
        raise FileError(f"{path!r}: {name} is no object.")
    return content


def read_weights(data, path, model):
    """{path: array} for `model`; what no weight of it corresponds to keeps its name in the file."""
    data = _open_archive(data, path)[_WEIGHTS] if is_archive(data) else data
    with hdf5.opened(data, path) as file:
        if keras2_files.is_one(file):
            return keras2_files.read_weights(file, len(data), model)
        found = hdf5.arrays(file, len(data))
        paths = {id(variable): weight_path for weight_path, variable, _ in model.named_weights()}
        names = {place: paths[id(variable)] for place, variable in _places(model, "")}
        # Keras 2 has attributes as they are called, and Keras 3 without a leading underscore.
        return {names.get(name) or names.get(name.replace("/_", "/"), name): array for name, array in found.items()}


def read_named_layers(data, path, model):
    """{path: array} of the layers that a file in the format of Keras 2 and `model` both have, by their names."""
    if data.startswith(_HDF5):
        with hdf5.opened(data, path) as file:
            if keras2_files.is_one(file):
                return keras2_files.read_weights(file, len(data), model, by_name=True)
    raise FileError(
        f"{path!r}: by_name=True is for HDF5 files in the format of Keras 2, which say the names of layers. Here weights go by their "
        "paths: load the file into a model like the one that wrote it, then take what you need, "
        "new.get_layer(name).set_weights(old.get_layer(name).get_weights())"
    )


def _open_archive(data, path):
    """{name: bytes} of the members of a `.keras` file. Keras stores them as they are, so none can be a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            strange = [name for name in names if name not in (_CONFIG, _WEIGHTS, _METADATA) and not name.startswith("assets/")]
            if strange or len(set(names)) != len(names) or not {_CONFIG, _WEIGHTS} <= set(names):
                raise FileError(f"its members are {shortened(names[:8], 500)}, expected {_METADATA}, {_CONFIG} and {_WEIGHTS}")
            for member in members:
                if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                    raise FileError(f"{member.filename} is compressed, which Keras does not do")
            if sum(member.file_size for member in members) > len(data):
                raise FileError("its members are larger than the file")
            return {name: archive.read(name) for name in (_CONFIG, _WEIGHTS, _METADATA) if name in names}
    except FileError as error:
        raise FileError(f"{path!r} is no .keras file: {error}.") from None
    except Exception as error:  # zipfile too
        raise FileError(f"{path!r} is damaged or no .keras file ({type(error).__name__}: {error}).") from None


def _places(layer, group):
    """(place in the HDF5 file, variable) for each weight of `layer`; some have several places, and are at one of them."""
    held = list(tracking.children(layer))
    own = tracking.unique(child for _, child in held if isinstance(child, tf.Variable))
    for index, variable in enumerate(sorted(own, key=lambda variable: not variable.trainable)):
        yield f"{group}/vars/{index}".lstrip("/"), variable
    # Keras goes through the attributes by the alphabet. `layers` of a model is one of them, and has what comes after it.
    listed = [(f"layers.{index}", child) for index, child in enumerate(getattr(layer, "layers", []))]
    yield from _places_inside(held, group)
    yield from _places_inside(listed, group)


def _places_inside(held, group):
    counts, seen = collections.Counter(), set()
    for name, child in held:
        if not isinstance(child, Layer) or id(child) in seen:
            continue
        seen.add(id(child))
        attribute, _, inside = name.partition(".")
        place = f"{group}/{attribute}"
        if inside:  # a member of a list or dict
            base = snake_case(_CLASS_NAMES.get(type(child).__name__, type(child).__name__))
            count = counts[attribute, base]
            counts[attribute, base] += 1
            place = f"{place}/{base}_{count}" if count else f"{place}/{base}"
        yield from _places(child, place)
