"""What belongs to a layer: whatever its attributes hold at the moment of asking, and nothing else."""

import collections
import dataclasses
import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, metrics
from engine.random import SeedGenerator
from layers import Dense


def variable(value=1.0, **kwargs):
    return tf.Variable(float(value), **kwargs)


def holder(**attributes):
    layer = Layer()
    for name, value in attributes.items():
        setattr(layer, name, value)
    return layer


def paths(layer):
    return [weight.path for weight in layer.named_weights()]


@dataclasses.dataclass
class Pair:
    first: object
    second: object


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = variable()


HOLDERS = [  # (a value that holds variables, paths)
    (lambda: variable(), ["a"]),
    (lambda: [variable(), variable()], ["a.0", "a.1"]),
    (lambda: (variable(),), ["a.0"]),
    (lambda: {"x": variable(), "y": variable()}, ["a.x", "a.y"]),
    (lambda: {3: [variable(), {"k": (variable(),)}]}, ["a.3.0", "a.3.1.k.0"]),
    (lambda: collections.OrderedDict(b=variable(), a=variable()), ["a.b", "a.a"]),
    (lambda: collections.deque([variable()]), ["a.0"]),
    (lambda: collections.namedtuple("Point", "x y")(variable(), variable()), ["a.0", "a.1"]),
    (lambda: {variable().ref(): 1, "kept": variable()}, ["a.kept"]),
    (lambda: Pair(variable(), [variable()]), ["a.first", "a.second.0"]),
    (lambda: Pair, []),
    (lambda: holder(w=variable()), ["a.w"]),
    (lambda: [holder(w=variable()), holder(v=[variable()])], ["a.0.w", "a.1.v.0"]),
    (Module, ["a.inner"]),
    (lambda: ["text", None, 3, np.ones(2), tf.constant(1.0), print], []),
    (lambda: metrics.Mean(), []),
    (lambda: SeedGenerator(1), []),
    (lambda: lambda: variable(), []),
]


@pytest.mark.parametrize("make, expected", HOLDERS, ids=lambda item: "-".join(item) if isinstance(item, list) else "")
def test_containers_are_opened(make, expected):
    assert paths(holder(a=make())) == expected


def test_a_set_is_opened():
    assert len(holder(a={Module(), Module()}).weights) == 2


def test_state_beside_the_weights_is_among_the_variables():
    layer = holder(w=variable(), mean=metrics.Mean(), seeds=[SeedGenerator(1)])
    assert [v.name for v in layer.weights] == ["Variable:0"]
    assert len(layer.variables) == 4  # w, the counter, total and count
    assert len(layer.non_trainable_variables) == 3
    assert layer.metrics == [layer.mean]


CHANGES = [  # (name, change of a layer that has a, b = [x, y]; paths afterwards)
    ("append", lambda layer: layer.b.append(variable()), ["a", "b.0", "b.1", "b.2"]),
    ("set item", lambda layer: layer.b.__setitem__(0, "no variable"), ["a", "b.1"]),
    ("insert", lambda layer: layer.b.insert(0, None), ["a", "b.1", "b.2"]),
    ("delete item", lambda layer: layer.b.pop(), ["a", "b.0"]),
    ("clear", lambda layer: layer.b.clear(), ["a"]),
    ("reassign", lambda layer: setattr(layer, "b", variable()), ["a", "b"]),
    ("delete", lambda layer: delattr(layer, "a"), ["b.0", "b.1"]),
    ("set to None", lambda layer: setattr(layer, "a", None), ["b.0", "b.1"]),
    ("new attribute", lambda layer: setattr(layer, "c", variable()), ["a", "b.0", "b.1", "c"]),
    ("again, elsewhere", lambda layer: setattr(layer, "c", layer.a), ["a", "b.0", "b.1"]),
    ("vars()", lambda layer: vars(layer).update(c=variable()), ["a", "b.0", "b.1", "c"]),
]


@pytest.mark.parametrize("name, change, expected", CHANGES, ids=[row[0] for row in CHANGES])
def test_every_change_is_seen_at_the_next_read(name, change, expected):
    layer = holder(a=variable(), b=[variable(), variable()])
    model = holder(inner=layer)
    assert paths(layer) == ["a", "b.0", "b.1"] and len(model.weights) == 3
    change(layer)
    assert paths(layer) == expected
    assert paths(model) == [f"inner.{path}" for path in expected]


def test_the_old_head_is_gone_after_reassignment():
    model = Sequential([Dense(4)])
    outer = holder(body=model, head=Dense(2))
    outer.head(model(tf.ones((3, 5))))
    old = weakref.ref(outer.head.kernel)
    outer.head = Dense(7)
    outer.head(tf.ones((3, 4)))
    assert [tuple(w.shape) for w in outer.weights] == [(5, 4), (4,), (4, 7), (7,)]
    gc.collect()
    assert old() is None


def test_own_trainable_weights_come_first_then_own_others_then_those_of_sublayers():
    inner = holder(z=variable(), state=variable(trainable=False))
    layer = holder(inner=inner, count=variable(trainable=False), w=variable(), last=[variable()])
    assert paths(layer) == ["w", "last.0", "count", "inner.z", "inner.state"]
    assert [weight.trainable for weight in layer.named_weights()] == [True, True, False, True, False]
    assert len(layer.trainable_weights) == 3 and len(layer.non_trainable_weights) == 2


def test_tied_weights_are_one_variable_with_its_first_path():
    shared = variable()
    layer = holder(a=holder(w=shared), b=holder(w=shared, v=variable()))
    assert paths(layer) == ["a.w", "b.v"]
    shared_layer = holder(w=variable())
    assert paths(holder(a=shared_layer, b=[shared_layer, shared_layer])) == ["a.w"]


def test_variables_of_equal_value_are_two():
    assert len(holder(a=variable(3), b=variable(3)).weights) == 2


def test_a_tied_variable_is_frozen_if_one_owner_is():
    shared = variable()
    layer = holder(a=holder(w=shared), b=holder(w=shared, v=variable()))
    layer.b.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2
    layer.b.trainable = True
    layer.a.trainable = False
    assert [w.path for w in layer.named_weights() if w.trainable] == ["b.v"]


def test_cycles_end_the_walk():
    parent, child = holder(w=variable()), holder(v=variable())
    parent.child, child.parent, child.itself = child, parent, child
    assert paths(parent) == ["w", "child.v"] and paths(child) == ["v", "parent.w"]
    loop = [variable()]
    loop.append(loop)
    box = {"again": loop}
    loop.append(box)
    assert paths(holder(a=loop)) == ["a.0"]
    parent.trainable = False
    assert child.trainable is False and parent.trainable_weights == []


def test_freezing_is_effective_for_all_below_and_comes_back():
    block = holder(w=variable(), off=variable(trainable=False))
    model = holder(blocks=[block, holder(v=variable())], own=variable())
    model.trainable = False
    assert model.trainable_weights == [] and len(model.non_trainable_weights) == 4
    model.trainable = True
    block.trainable = False
    assert [w.path for w in model.named_weights() if w.trainable] == ["own", "blocks.1.v"]
    block.trainable = True
    assert len(model.trainable_weights) == 3  # `off` was never trainable


TRUTHS = [(True, 1), (False, 0), ("true", 1), ("True", 1), ("false", 0), (1, 1), (0, 0), (np.bool_(False), 0)]


@pytest.mark.parametrize("value, count", TRUTHS)
def test_trainable_as_older_code_writes_it(value, count):
    layer = Layer(trainable=value)
    layer.w = variable()
    assert len(layer.trainable_weights) == count
    layer = Layer()
    layer.add_weight(shape=(), name="w", trainable=value)
    assert len(layer.trainable_weights) == count and len(layer.weights) == 1


ADD_WEIGHT = [  # (arguments, keywords, shape, name)
    ((), dict(shape=(2, 3), name="w"), (2, 3), "w"),
    (((2, 3),), dict(name="w"), (2, 3), "w"),
    (("w", (2, 3)), {}, (2, 3), "w"),
    (("w",), dict(shape=[2, 3]), (2, 3), "w"),
    (((2, 3), "zeros"), dict(name="w"), (2, 3), "w"),
    ((), dict(name="w", shape=tf.TensorShape([2, 3])), (2, 3), "w"),
    ((), dict(name="w", shape=4), (4,), "w"),
    ((), dict(name="w"), (), "w"),
    ((), dict(shape=(), autocast=False, aggregation="mean"), (), "weight_0"),
    (("w", (3,), tf.float64, "ones"), {}, (3,), "w"),
    (((3,), "ones", tf.float64), dict(name="w"), (3,), "w"),
]


@pytest.mark.parametrize("args, kwargs, shape, name", ADD_WEIGHT)
def test_add_weight_in_all_its_forms(args, kwargs, shape, name):
    layer = Layer()
    weight = layer.add_weight(*args, **kwargs)
    assert isinstance(weight, tf.Variable) and tuple(weight.shape) == shape
    assert paths(layer) == [name]
    assert weight.dtype == (tf.float64 if tf.float64 in args else tf.float32)
    if "zeros" in args or "ones" in args:
        assert np.all(weight.numpy() == ("ones" in args))


def test_weights_kept_nowhere_in_a_list_and_on_another_name():
    layer = Layer()
    layer.add_weight(name="loose", shape=(2,))
    layer.kept = [layer.add_weight(name=f"w{i}", shape=(i + 1,)) for i in range(3)]
    layer.other = layer.add_weight(name="named", shape=())
    assert sorted(paths(layer)) == ["kept.0", "kept.1", "kept.2", "loose", "other"]
    del layer.other  # found on an attribute once, so it is the attribute's
    assert sorted(paths(layer)) == ["kept.0", "kept.1", "kept.2", "loose"]
    assert len(layer.weights) == 4


def test_two_loose_weights_of_one_name_are_two():
    layer = Layer()
    layer.add_weight(name="w", shape=())
    layer.add_weight(name="w", shape=())
    assert len(layer.weights) == 2 and len(layer.get_weights()) == 2


def test_creation_order_is_weight_order_whoever_holds_the_weight():
    class Two(Layer):
        def build(self, input_shape):
            self.b = self.add_weight(name="b", shape=(2,))
            self.a = self.add_weight(name="a", shape=(3,))

        def call(self, x):
            return x * tf.reduce_sum(self.a) * tf.reduce_sum(self.b)

    layer = Two()
    layer(tf.ones((1, 5)))
    assert paths(layer) == ["b", "a"]


def test_paths_through_a_deep_model():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.norms = {"pre": Dense(3)}
            self.scale = variable()

        def call(self, x):
            return self.norms["pre"](x) * self.scale

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(), Block()]
            self._hidden = Dense(2)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self._hidden(x)

    net = Net()
    net(tf.ones((2, 5)))
    assert paths(net) == [
        "blocks.0.scale", "blocks.0.norms.pre.kernel", "blocks.0.norms.pre.bias",
        "blocks.1.scale", "blocks.1.norms.pre.kernel", "blocks.1.norms.pre.bias",
        "hidden.kernel", "hidden.bias",
    ]  # fmt: skip
    assert [path for path, _ in net.named_layers()] == [
        "", "blocks.0", "blocks.0.norms.pre", "blocks.1", "blocks.1.norms.pre", "hidden",
    ]  # fmt: skip
    assert [type(layer).__name__ for layer in net.layers] == ["Block", "Block", "Dense"]


def test_what_compile_and_fit_leave_on_a_model_is_not_among_its_weights():
    x = Input((3,))
    model = Model(x, Dense(2)(x))
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    assert paths(model) == ["layers.1.kernel", "layers.1.bias"]
    assert [layer.name for layer in model.layers] == [model.layers[0].name, model.layers[1].name]


def test_weights_made_in_call_are_born_once_and_outside_the_traced_function():
    class Late(Layer):
        w = None

        def call(self, x):
            if self.w is None:
                self.w = self.add_weight(name="w", shape=(x.shape[-1],), initializer="ones")
            return x * self.w

    layer = Late()
    run = tf.function(layer, autograph=False)
    for _ in range(2):
        np.testing.assert_array_equal(run(tf.ones((2, 3))), np.ones((2, 3)))
    assert len(layer.weights) == 1 and layer.weights[0].numpy().tolist() == [1.0, 1.0, 1.0]


def test_a_layer_on_the_class_is_shared_code_and_not_an_attribute():
    class Odd(Layer):
        common = variable()

    assert Odd().weights == []
