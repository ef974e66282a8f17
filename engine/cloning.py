"""A model with the structure of another, of layers of its own: their weights begin anew."""

import copy

import tensorflow as tf

from engine.core import symbolic
from engine.core.inputs import Input, InputLayer
from engine.core.layer import Layer
from engine.model import Model
from engine.sequential import Sequential
from losses.ground.configurable import remake
from losses.ground.lookup import remaking


def clone_model(model, input_tensors=None, clone_function=None, call_function=None, recursive=False):
    """A model like `model`, which shares nothing with it and is not compiled: each layer is made anew from its config.

    Arguments: `input_tensors` (symbols, or a list or dict of them, to start from in place of new Inputs);
    `clone_function(layer)` → the layer to have in its place; `call_function(layer, *args, **kwargs)`, to call the new
    layers of a graph in another way; `recursive` (models inside are cloned in the same way; else they are layers like others).
    Errors: ValueError for a model of your own class with a `call`, whose layers are not to be seen: it is cloned by its
    `get_config` and takes none of these arguments.

    >>> from engine import Sequential, clone_model
    >>> from layers import Dense, Dropout
    >>> model = Sequential([Dense(4, input_shape=(3,)), Dropout(0.5), Dense(1)])
    >>> def without_dropout(layer):
    ...     return Dropout(0.0) if isinstance(layer, Dropout) else type(layer).from_config(layer.get_config())
    >>> [layer.rate for layer in clone_model(model, clone_function=without_dropout).layers if isinstance(layer, Dropout)]
    [0.0]
    """

    def new_layer(layer):
        if recursive and isinstance(layer, Model) and _has_structure(layer):
            return clone_model(layer, None, clone_function, call_function, recursive)
        with remaking():
            found = (clone_function or remake)(layer)
        if not isinstance(found, Layer):
            raise ValueError(f"clone_model: clone_function returns a Layer for each layer; for {layer._title} it gave {found!r}.")
        return found

    if not _has_structure(model):
        if input_tensors is not None or clone_function is not None or call_function is not None:
            raise ValueError(
                f"clone_model: {model._title} has a call() of its own, so it is cloned by its get_config() alone. Leave out "
                "input_tensors, clone_function and call_function, or make the model of Inputs or as a Sequential."
            )
        return remake(model)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(f"clone_model: {model._title} calls its layers one after the other; call_function is for graphs.")
        start = [] if model._start is None else [_starts(model, input_tensors)[0]]
        clone = type(model)([*start, *map(new_layer, model.layers)], name=model.name)
    else:
        clone = _clone_graph(model, _starts(model, input_tensors), new_layer, call_function or (lambda layer, *a, **k: layer(*a, **k)))
    clone._trainable = model._trainable
    return clone


def _has_structure(model):
    """Whether the layers and calls of `model` are known without its own code."""
    own = type(model)
    return own.call in (Model.call, Sequential.call) and own.__init__ in (Model.__init__, Sequential.__init__)


def _starts(model, given):
    """The symbols that the clone starts from, in the order of the model's inputs."""
    symbols = model.inputs
    if given is None:
        return [_new_start(symbol, symbol.node.operation) for symbol in symbols]
    if isinstance(given, dict) and not isinstance(model.input, dict):
        given = [given[symbol.node.operation.name] for symbol in symbols]
    found = tf.nest.flatten(given)
    if len(found) != len(symbols) or not all(isinstance(item, symbolic.Symbol) for item in found):
        raise ValueError(f"clone_model: {model._title} has {len(symbols)} inputs; `input_tensors` are as many symbols, received {given!r}.")
    return found


def _new_start(symbol, layer):
    given = {"batch_shape": tuple(symbol.shape), "dtype": symbol.dtype.name, "name": layer.name}
    return Input(**given, sparse=symbol.kind == "sparse", ragged=symbol.kind == "ragged", optional=getattr(layer, "optional", False))


def _clone_graph(model, starts, new_layer, call):
    symbols = {id(symbol): start for symbol, start in zip(model.inputs, starts)}
    layers, variables = {}, {}  # by the id of the original

    def new(item):
        if isinstance(item, tf.Variable):  # used outside of a layer: nothing but its value tells how it begins
            return variables.setdefault(id(item), copy.deepcopy(item))
        return symbols[id(item)] if isinstance(item, symbolic.Symbol) else item

    for node in model._graph.nodes:
        operation = node.operation
        if isinstance(operation, InputLayer) or all(id(symbol) in symbols for symbol in symbolic.symbols_in(node.outputs)):
            continue
        args, kwargs = tf.nest.map_structure(new, (node.args, node.kwargs))
        if isinstance(operation, Layer):
            if id(operation) not in layers:
                layers[id(operation)] = new_layer(operation)
            outputs = call(layers[id(operation)], *args, **kwargs)
        else:
            outputs = symbolic.record(operation, args, kwargs).outputs
        symbols.update(zip(map(id, symbolic.symbols_in(node.outputs)), symbolic.symbols_in(outputs)))
    clone = type(model)(tf.nest.map_structure(new, model.input), tf.nest.map_structure(new, model.output), name=model.name)
    if model._added_losses or model._added_metrics:
        clone._add_to_graph(*tf.nest.map_structure(new, (model._added_losses, model._added_metrics)))
    return clone
