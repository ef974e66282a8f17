"""What a model was compiled with, as plain data, and back."""

import inspect

import losses
from engine import metrics, optimizers
from losses.ground.configurable import serialize
from losses.ground.lookup import custom_object_scope, find


def describe(model):
    """The arguments of `compile` as plain data; functions of the user's own by their names. None: not compiled."""
    if model.optimizer is None:
        return None
    given, weighted = model.compiled_metrics.given
    return {
        "optimizer": serialize(model.optimizer),
        "loss": serialize(model.loss),
        "loss_weights": serialize(model.compiled_loss.loss_weights) if model.compiled_loss else None,
        "metrics": serialize(given),
        "weighted_metrics": serialize(weighted),
        "run_eagerly": model.run_eagerly,
        "steps_per_execution": model.steps_per_execution,
        "jit_compile": model.jit_compile,
    }


def compile_again(model, config, custom_objects):
    """Compile `model` as `describe` said, or as Keras's `compile_config` says; the names in it must be known."""
    with custom_object_scope(custom_objects):
        model.compile(
            optimizer=optimizers.get(config["optimizer"]),
            loss=_revive(losses.get, config.get("loss")),
            metrics=_revive(metrics.get, config.get("metrics")),
            loss_weights=config.get("loss_weights"),
            weighted_metrics=_revive(metrics.get, config.get("weighted_metrics")),
            run_eagerly=config.get("run_eagerly", False),
            steps_per_execution=config.get("steps_per_execution", 1),
            jit_compile=config.get("jit_compile", "auto"),
        )


def _revive(get, item):
    """Objects in the place of configs; names stay, unless the caller has an object of that name."""
    if isinstance(item, dict):
        return get(item) if "class_name" in item else {key: _revive(get, value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [_revive(get, value) for value in item]
    custom = find("object", item, {item: None}) if isinstance(item, str) else None
    return item if custom is None else custom() if inspect.isclass(custom) else custom
