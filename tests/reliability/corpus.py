"""Hostile files: one or more for each known class of attack on files of models, as {name: bytes}.

The attacker knows the format and recomputes checksums (`sealed`), so what is tested is not the checksum.
"""

import base64
import functools
import hashlib
import io
import json
import marshal
import stat
import warnings
import zipfile

import h5py
import numpy as np

ZEROS = "0" * 64


def sealed(entries, body=b"", description=None, kind="model", **metadata):
    """A file of ours with these entries and a right checksum."""
    if description is not None:
        metadata["model"] = description if isinstance(description, str) else json.dumps(description)
    own = {"format": "1", "kind": kind, "sha256": ZEROS, **metadata}
    own = {f"glassbox_{key}": value for key, value in own.items()}
    return sealed_header(json.dumps({"__metadata__": own, **entries}), body)


def sealed_header(text, body=b""):
    """A file with this text as its header, the checksum put in the place of the zeros."""
    header = text.encode()
    digest = hashlib.sha256(header + body).hexdigest()
    header = header.replace(ZEROS.encode(), digest.encode())
    return len(header).to_bytes(8, "little") + header + body


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def described(*layers, compile=None):
    """The description of a Sequential with an Input of 3 features."""
    first = {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
             "config": {"batch_shape": [None, 3], "dtype": "float32", "name": "x"}}  # fmt: skip
    config = {"name": "s", "trainable": True, "layers": [first, *layers]}
    model = {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}
    return {"model": model, "inputs": None, "compile": compile, "optimizer_weights": []}


def layer(class_name="Dense", module="keras.layers", registered_name=None, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


def dense(**config):
    return layer(**{"units": 2, **config})


GOOD = {"layers.0.kernel": entry([3, 2], 0, 24), "layers.0.bias": entry([2], 24, 32)}
BODY = bytes(range(32))
CODE = base64.encodebytes(marshal.dumps(compile("__import__('os').system('touch HACKED')", "x", "eval"))).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}


def harmless():
    """What the corpus is a mutation of: this one loads."""
    return sealed(GOOD, BODY, described(dense()))


def with_model(description):
    return sealed(GOOD, BODY, description)


def in_the_description():
    """Attacks in our own format, by what the file says the model is."""
    def compiled(metric):
        return with_model(described(dense(), compile={"optimizer": "sgd", "loss": "mse", "metrics": [metric]}))

    return {
        "code: class of another module": with_model(described(layer("system", "os"))),
        "code: class of another module, registered": with_model(described(layer("Popen", "subprocess", "Popen"))),
        "code: dotted class": with_model(described(layer("os.system", "os", "os>system", command="touch HACKED"))),
        "code: module of ours, name of another": with_model(described(layer("system"))),
        "code: activation by path": with_model(described(dense(activation="os.system"))),
        "code: function of builtins": with_model(described(dense(activation={
            "module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}))),
        "code: initializer of another module": with_model(described(dense(kernel_initializer={
            "module": "subprocess", "class_name": "Popen", "config": {"args": "touch HACKED"}, "registered_name": None}))),
        "code: loss": with_model(described(dense(), compile={"optimizer": "sgd", "loss": "os.system"})),
        "code: optimizer": with_model(described(dense(), compile={"optimizer": layer("Popen", "subprocess")})),
        "lambda: marshalled code": with_model(described(layer("Lambda", function=LAMBDA))),
        "lambda: as an activation": with_model(described(dense(activation=LAMBDA))),
        "lambda: by name": with_model(described(layer("Lambda", function={"class_name": "function", "config": "<lambda>"}))),
        "huge: units in the config": with_model(described(dense(units=1 << 33))),
        "huge: embedding in the config": with_model(described(layer("Embedding", input_dim=1 << 36, output_dim=64))),
        "huge: thresholds of a metric": compiled(layer("AUC", "keras.metrics", num_thresholds=10**9)),
        "huge: classes of a metric": compiled(layer("MeanIoU", "keras.metrics", num_classes=100_000)),
        "many: layers of 40 MB": with_model(described(*(dense(units=3200, name=f"d{i}") for i in range(64)))),
        "duplicate: key of the config": with_model(json.dumps(described(dense())).replace('"units": 2', '"units": 2, "units": 3')),
        "config: 100,000 levels": with_model("[" * 100_000 + "]" * 100_000),
        "config: levels of models": with_model(described(_nested(200))),
        "config: a list": with_model([1, 2]),
        "config: numbers for names": with_model({"model": {"class_name": 3, "config": 4}, "inputs": 5, "compile": 6}),
    }  # fmt: skip


def in_the_container():
    """Attacks in our own format, by where the file says its arrays are, and how it is sealed."""
    return {
        "path: in the name of an array": sealed({**GOOD, "../../HACKED": entry([], 32, 36)}, BODY + b"1234", described(dense())),
        "path: absolute": sealed({"/etc/passwd": entry([8], 0, 32)}, BODY, described(dense())),
        "path: zero byte": sealed({"a\0b": entry([8], 0, 32)}, BODY, described(dense())),
        "huge: shape in the header": sealed({"a": entry([1 << 40], 0, 32)}, BODY, described(dense())),
        "huge: shape that overflows": sealed({"a": entry([1 << 62, 4], 0, 0)}, b"", described(dense())),
        "huge: shape that overflows to the right size": sealed({"a": entry([(1 << 61) + 8, 8], 0, 32)}, BODY, described(dense())),
        "huge: axis beside an empty one": sealed({"a": entry([0, 1 << 70], 0, 0)}, b"", described(dense())),
        "many: arrays that claim all": sealed({f"a{i}": entry([1 << 28], 0, 1 << 30) for i in range(1000)}, BODY, described(dense())),
        "duplicate: array": sealed_header(
            json.dumps({"__metadata__": {"glassbox_format": "1", "glassbox_kind": "model", "glassbox_sha256": ZEROS,
                                         "glassbox_model": json.dumps(described(dense()))}, **GOOD})[:-1]
            + ', "layers.0.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', BODY),
        "duplicate: metadata": sealed_header('{"__metadata__": {"glassbox_format": "1", "glassbox_format": "2", '
                                             f'"glassbox_kind": "model", "glassbox_sha256": "{ZEROS}"}}}}'),
        "offsets: overlap": sealed({"a": entry([6], 0, 24), "b": entry([6], 8, 32)}, BODY, described(dense())),
        "offsets: gap": sealed({"a": entry([2], 0, 8), "b": entry([2], 24, 32)}, BODY, described(dense())),
        "offsets: beyond the end": sealed({"a": entry([16], 0, 64)}, BODY, described(dense())),
        "offsets: backwards": sealed({"a": entry([6], 24, 0)}, BODY, described(dense())),
        "offsets: negative": sealed({"a": entry([8], -32, 0)}, BODY, described(dense())),
        "offsets: 2**64": sealed({"a": entry([8], 1 << 64, (1 << 64) + 32)}, BODY, described(dense())),
        "offsets: floats": sealed({"a": entry([8], 0.0, 32.0)}, BODY, described(dense())),
        "header: longer than the file": (1 << 40).to_bytes(8, "little") + b"{}",
        "header: 2**64 - 1": b"\xff" * 8 + b"{}",
        "header: 48 MB": sealed_header(json.dumps({"__metadata__": {"a": " " * (48 << 20)}})),
        "header: 2 million lists": sealed_header('{"a": [' + "[]," * 2_000_000 + "[]]}"),
        "header: 1 million objects": sealed_header('{"a": [' + '{"":0},' * 1_000_000 + "0]}"),
        "header: 100,000 levels": sealed_header('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
        "header: a number of 4 million digits": sealed_header('{"a": ' + "9" * 4_000_000 + "}"),
        "header: not unicode": sealed_header("{}")[:8] + b"\xff\xfe",
        "config: missing": sealed(GOOD, BODY),
        "trailing: bytes behind the arrays": sealed(GOOD, BODY + b"#!/bin/sh\ntouch HACKED\n", described(dense())),
        "checksum: wrong": harmless()[:-1] + b"\0",
        "checksum: none": sealed(GOOD, BODY, described(dense())).replace(b"glassbox_sha256", b"glassbox_sha255"),
        "values: boolean of 2": sealed({"a": entry([2], 0, 2, "BOOL")}, b"\1\2", described(dense())),
        "version: of the future": sealed(GOOD, BODY, described(dense())).replace(b'_format": "1"', b'_format": "9"'),
    }  # fmt: skip


def _nested(levels):
    """Models inside models."""
    inner = dense()
    for level in range(levels):
        inner = layer("Sequential", "keras", name=f"s{level}", layers=[inner])
    return inner


def archive(config=None, weights=None, members=(), method=zipfile.ZIP_STORED):
    """A `.keras` file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as file:
        warnings.simplefilter("ignore")  # of names that are there twice
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", json.dumps(described(dense())["model"]) if config is None else config)
        file.writestr("model.weights.h5", good_hdf5() if weights is None else weights)
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


def hdf5(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def _good(file):
    file["layers/dense/vars/0"] = np.frombuffer(BODY[:24], "f4").reshape(3, 2)
    file["layers/dense/vars/1"] = np.frombuffer(BODY[24:], "f4")


def good_hdf5():
    return hdf5(_good)


def keras_archives():
    """Attacks in the format of Keras: `.keras`."""
    link = zipfile.ZipInfo("config.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    symlink = io.BytesIO()
    with zipfile.ZipFile(symlink, "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("model.weights.h5", good_hdf5())
    good = archive()
    files = {
        "code: class of another module": archive(json.dumps(layer("Popen", "subprocess", "Popen", args="touch HACKED"))),
        "code: custom module": archive(json.dumps(layer("Evil", "evil_module", "evil>Evil"))),
        "lambda: marshalled code": archive(json.dumps(described(layer("Lambda", function=LAMBDA))["model"])),
        "path: member outside": archive(members=[("../../HACKED", b"x")]),
        "path: absolute member": archive(members=[("/tmp/HACKED", b"x")]),
        "symlink: config.json": symlink.getvalue(),
        "duplicate: member": archive(members=[("config.json", json.dumps(layer("Popen", "subprocess")))]),
        "zip bomb: 200 MB of zeros": archive(weights=bytes(200 << 20), method=zipfile.ZIP_DEFLATED),
        "zip bomb: bzip2": archive(weights=bytes(8 << 20), method=zipfile.ZIP_BZIP2),
        "zip: sizes that lie": good.replace((len(good_hdf5())).to_bytes(4, "little"), (1 << 31).to_bytes(4, "little")),
        "zip: no weights": _only("config.json", b"{}"),
        "zip: cut": good[: len(good) // 2],
        "zip: trailing archive": good + _only("config.json", b"{}"),
        "config: no JSON": archive("]"),
        "config: a list": archive("[]"),
        "config: huge units": archive(json.dumps(described(dense(units=1 << 33))["model"])),
        "config: 100,000 levels": archive("[" * 100_000),
    }
    return files


def _only(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, data)
    return buffer.getvalue()


def keras_weights():
    """Attacks in the format of Keras: `.weights.h5`."""
    def replaced(fill):
        def both(file):
            _good(file)
            del file["layers/dense/vars/1"]
            fill(file["layers/dense/vars"])
        return hdf5(both)  # fmt: skip

    def external(group):
        group["1"] = h5py.ExternalLink("/etc/passwd", "/x")

    def soft(group):
        group["1"] = h5py.SoftLink("/layers/dense/vars/0")

    def outside(group):
        group.create_dataset("1", (8,), "u1", external=[("/etc/passwd", 0, 8)])

    def virtual(group):
        layout = h5py.VirtualLayout((2,), "f4")
        layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (2,))
        group.create_virtual_dataset("1", layout)

    def huge(group):
        group.create_dataset("1", (1 << 30, 1 << 20), "f4")

    def chunked(group):
        group.create_dataset("1", (1 << 20, 1 << 10), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")

    def many(group):
        for index in range(200):
            group.create_dataset(str(index + 1), (1 << 30,), "f4")

    def strings(group):
        group.create_dataset("1", data=np.array([b"x", b"y"], dtype=h5py.string_dtype()))

    def bytes_without_a_meaning(group):
        group["1"] = np.zeros(2, "V2")
        group["1"].attrs["dtype"] = ["bfloat16"] * 3

    def cycle(group):
        group["again"] = group.file["layers"]

    files = {
        "external link": replaced(external), "soft link": replaced(soft), "data in another file": replaced(outside),
        "virtual dataset": replaced(virtual), "huge shape": replaced(huge), "compressed zeros": replaced(chunked),
        "many huge shapes": replaced(many), "strings": replaced(strings),
        "bytes without a meaning": replaced(bytes_without_a_meaning), "cycle of groups": replaced(cycle),
        "cut": good_hdf5()[:1500], "signature alone": good_hdf5()[:8],
        "of Keras 2": hdf5(lambda file: file.attrs.__setitem__("layer_names", ["a"])),
    }  # fmt: skip
    return files


def keras2_models():
    """Attacks in the format of Keras 2: `.h5`."""

    def model(config=None, fill=lambda group: None, names=("dense",)):
        def whole(file):
            text = json.dumps(described(dense())["model"]) if config is None else config
            file.attrs["model_config"], file.attrs["keras_version"] = text, "2.15.0"
            group = file.create_group("model_weights/dense")
            file["model_weights"].attrs["layer_names"], group.attrs["weight_names"] = list(names), ["kernel:0", "bias:0"]
            group["kernel:0"], group["bias:0"] = np.zeros((3, 2), "f4"), np.zeros(2, "f4")
            fill(group)

        return hdf5(whole)

    def external(group):
        group.file["model_weights/other"] = h5py.ExternalLink("/etc/passwd", "/x")

    def huge(group):
        group.create_dataset("more", (1 << 30, 1 << 20), "f4")

    def calls(function):
        members = [{"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 3]}, "inbound_nodes": []},
                   {"class_name": "TFOpLambda", "name": "y", "config": {"name": "y", "function": function},
                    "inbound_nodes": [["x", 0, 0, {}]]}]  # fmt: skip
        config = {"name": "g", "layers": members, "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}
        return model(json.dumps({"class_name": "Functional", "config": config}))

    deep = '{"layers": ' * 50_000 + "1" + "}" * 50_000
    return {
        "keras 2: external link": model(fill=external, names=("dense", "other")), "keras 2: huge shape": model(fill=huge),
        "keras 2: 50,000 levels": model(deep), "keras 2: no JSON": model("]"), "keras 2: a list": model("[]"),
        **{f"keras 2: calls {name}": calls(name) for name in ("io.read_file", "py_function", "keras.layers.Dense", "raw_ops.ReadFile")},
    }  # fmt: skip


@functools.cache
def everything():
    """{file name: bytes}"""
    return {
        **{f"{name}.safetensors": data for name, data in {**in_the_description(), **in_the_container()}.items()},
        **{f"{name}.keras": data for name, data in keras_archives().items()},
        **{f"{name}.weights.h5": data for name, data in keras_weights().items()},
        **{f"{name}.h5": data for name, data in keras2_models().items()},
    }
