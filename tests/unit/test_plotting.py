"""`plot_model` and `model_to_dot`: what is drawn, where, and in which files."""

import os
import stat
import sys
import xml.etree.ElementTree as xml

import pytest
from PIL import Image

from engine import Input, Model, Sequential, clear_session, utils
from engine.utils.plotting import pictures
from engine.utils.plotting.boxes import Drawing, Shown
from engine.utils.plotting.places import arranged
from layers import Add, Concatenate, Conv2D, Dense, Flatten


@pytest.fixture(autouse=True)
def without_graphviz(monkeypatch):
    clear_session()  # names begin anew
    monkeypatch.setattr(pictures.shutil, "which", lambda program: None)


def branched():
    """Two inputs, a model inside, a way past two layers, a function of TensorFlow, two outputs."""
    image, extra = Input((8, 8, 1), name="image"), Input((5,), name="extra")
    encoder = Sequential([Input((8, 8, 1)), Conv2D(4, 3, activation="relu"), Flatten(), Dense(16)], name="encoder")
    code = encoder(image)
    both = Dense(32, activation="relu", name="both")(Concatenate()([code, Dense(16, name="side")(extra)]))
    value = Dense(1, name="value")(Add()([Dense(16, name="back")(both), code]) * 2.0)
    return Model([image, extra], [value, Dense(10, "softmax", name="kind")(both)])


def first_lines(drawing):
    return [box.lines[0] for box in drawing.boxes]


def test_the_calls_are_boxes_and_the_tensors_are_arrows():
    drawing = Drawing(branched(), Shown(show_layer_names=True))
    names = first_lines(drawing)
    assert {"image (InputLayer)", "encoder (Sequential)", "side (Dense)", "mul", "kind (Dense)"} <= set(names)
    arrows = {(names[start].split()[0], names[end].split()[0]) for start, end in drawing.arrows}
    assert {("image", "encoder"), ("encoder", "concatenate"), ("encoder", "add"), ("both", "kind"), ("mul", "value")} <= arrows
    assert len(drawing.boxes) == 11 and len(arrows) == 11


def test_models_inside_are_opened_in_a_frame():
    drawing = Drawing(branched(), Shown(show_layer_names=True, expand_nested=True))
    inside = [box.lines[0].split()[0] for box in drawing.boxes if box.frames == ("encoder",)]
    assert len(inside) == 4 and inside[1:3] == ["conv2d", "flatten"]
    names = first_lines(drawing)
    assert (names.index("image (InputLayer)"), names.index(f"{inside[0]} (InputLayer)")) in drawing.arrows
    assert 'subgraph "cluster_encoder"' in str(utils.model_to_dot(branched(), expand_nested=True))
    twice = Sequential([Input((8, 8, 1)), branched_inside()])
    assert {box.frames for box in Drawing(twice, Shown(expand_nested=True)).boxes} == {(), ("outer",), ("outer", "inner")}


def branched_inside():
    inner = Sequential([Input((8, 8, 1)), Flatten()], name="inner")
    return Sequential([Input((8, 8, 1)), inner, Dense(2)], name="outer")


def test_what_a_box_tells():
    model = Sequential([Input((3,)), Dense(2, activation="tanh", name="top", trainable=False)])
    (_, box) = Drawing(model, Shown(True, True, True, False, True, True)).boxes
    assert box.lines == ["top (Dense)", "Activation: tanh", "Input shape: (None, 3)", "Output shape: (None, 2)", "Output dtype: float32",
                         "Not trainable"]  # fmt: skip
    assert Drawing(model, Shown()).boxes[1].lines == ["Dense"]


class Own(Model):
    def __init__(self):
        super().__init__(name="own")
        self.head = Dense(1)

    def call(self, inputs):
        return self.head(inputs)


def test_models_whose_calls_are_not_known():
    chain = Drawing(Sequential([Dense(2, name="a"), Dense(3, name="b")]), Shown(show_layer_names=True, show_shapes=True))
    assert chain.arrows == [(0, 1)] and chain.boxes[1].lines == ["b (Dense)", "Input shape: ?", "Output shape: ?"]
    assert first_lines(Drawing(Own(), Shown(show_layer_names=True))) == ["own (Own)"]
    shared = Dense(3, name="shared")
    inputs = Input((3,))
    again = Drawing(Model(inputs, shared(shared(inputs))), Shown(show_layer_names=True))
    assert again.arrows == [(0, 1), (1, 2)] and first_lines(again)[1:] == ["shared (Dense)"] * 2
    with pytest.raises(ValueError, match="has no layers yet"):
        utils.model_to_dot(Sequential())


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_boxes_do_not_touch_and_arrows_go_past_them(sideways, nested):
    drawing = Drawing(branched(), Shown(True, False, True, nested))
    places, paths, (width, height) = arranged(drawing, sideways)
    for number, place in enumerate(places):
        left, top, right, bottom = place.edges
        assert left >= 0 and top >= 0 and right <= width and bottom <= height
        for other in places[number + 1 :]:
            a, b, c, d = other.edges
            assert right < a or c < left or bottom < b or d < top
    for (start, end), path in zip(drawing.arrows, paths, strict=True):
        assert (path[0][0] < path[-1][0]) if sideways else (path[0][1] < path[-1][1])
        between = [point for one, other in zip(path, path[1:]) for point in on_the_way(one, other)]
        for number, place in enumerate(places):
            left, top, right, bottom = place.edges
            inside = any(left + 1 < x < right - 1 and top + 1 < y < bottom - 1 for x, y in between)
            assert not inside or number in (start, end)


def on_the_way(one, other, steps=40):
    return [tuple(a + (b - a) * step / steps for a, b in zip(one, other)) for step in range(steps + 1)]


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_files(tmp_path, rankdir):
    model = branched()
    for kind in ("svg", "png", "jpg", "dot"):
        path = str(tmp_path / f"model.{kind}")
        picture = utils.plot_model(model, path, show_shapes=True, rankdir=rankdir, expand_nested=True, dpi=96)
        assert picture.path == path and picture._repr_svg_().startswith("<svg ")
    root = xml.parse(tmp_path / "model.svg").getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("Conv2D") == 1 and "encoder" in texts and "Input shape: [(None, 16), (None, 16)]" in texts
    with Image.open(tmp_path / "model.png") as picture:
        size = picture.size
        assert len(picture.convert("L").getcolors()) > 10
    assert (size[1] > size[0]) == (rankdir in ("TB", "BT"))
    assert f"rankdir={rankdir}" in (tmp_path / "model.dot").read_text()
    utils.plot_model(model, str(tmp_path / "large.png"), show_shapes=True, rankdir=rankdir, expand_nested=True, dpi=192)
    with Image.open(tmp_path / "large.png") as picture:
        assert abs(picture.size[0] - 2 * size[0]) <= 2


def test_names_are_escaped():
    model = Sequential([Input((3,)), Dense(2, name='a<b> & "c"')])
    xml.fromstring(pictures.svg(utils.model_to_dot(model)))
    assert r'label="a<b> & \"c\" (Dense)"' in utils.model_to_dot(model).to_string()


def test_without_pillow_it_says_what_needs_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(pictures.importlib.util, "find_spec", lambda name: None)
    model = Sequential([Input((3,)), Dense(2)])
    with pytest.raises(ImportError, match=r"(?s)pip install pillow.*graphviz.*to_file='model.svg'"):
        utils.plot_model(model, str(tmp_path / "model.png"))
    utils.plot_model(model, str(tmp_path / "model.svg"))
    assert os.listdir(tmp_path) == ["model.svg"]
    for arguments, message in ((dict(rankdir="up"), "rankdir='up'"), (dict(to_file="model"), "whose kind the name tells")):
        with pytest.raises(ValueError, match=message):
            utils.plot_model(model, **arguments)


def test_graphviz_draws_where_it_is(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1], sys.stdin.read())\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pictures.shutil, "which", lambda name: str(program))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    utils.plot_model(Sequential([Input((3,)), Dense(2)]), str(tmp_path / "model.pdf"))
    assert (tmp_path / "model.pdf").read_text().startswith("-Tpdf digraph model {")
    made = utils.model_to_dot(Sequential([Input((3,)), Dense(2)])).create(prog="dot", format="svg")
    assert made.startswith(b"-Tsvg digraph")
