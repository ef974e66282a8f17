"""Configs of a layer of ours beside those of Keras's: equal keys and values, and each side understands the other's."""

import copy
import re

from engine.study.older_keras import common

# Keys that Keras writes into a config and that are not ours, each with the reason.
LEFT_OUT_OF_CONFIGS = {
    "quantization_config": "quantized layers are not offered",
    "build_config": "the shapes a nested layer was built with; layers here are built by their first call",
}


def compare_configs(comparison, ours, theirs, older):
    """Equal keys and values, and each side's class makes an equal layer from the other side's config.

    `older`: beside an older Keras, only what both have.
    """
    own, other = _plain(ours.get_config()), _plain(theirs.get_config())
    if older:
        own, other = common(own, other), common(other, own)
    for label, one, two in (
        ("config", own, other),
        ("config after from_config of theirs", type(ours).from_config(copy.deepcopy(other)).get_config(), own),
        ("theirs after from_config of our config", type(theirs).from_config(copy.deepcopy(own)).get_config(), other),
    ):
        one, two = _flat(common(_plain(one), two) if older else _plain(one)), _flat(two)
        comparison.add(f"{label}: number of values", len(one), len(two), 0)
        for key in {**one, **two}:
            if one.get(key, "missing") != two.get(key, "missing"):
                comparison.add(f"{label}: {key}", one.get(key, "missing"), two.get(key, "missing"), 0)


def _plain(config):
    """`config` without the keys that are left out, tuples as lists, and generated names without their number."""
    if isinstance(config, dict):
        plain = {key: _plain(item) for key, item in config.items() if key not in LEFT_OUT_OF_CONFIGS}
        if isinstance(plain.get("name"), str):
            plain["name"] = re.sub(r"_\d+$", "", plain["name"])
        return plain
    return [_plain(item) for item in config] if isinstance(config, (list, tuple)) else config


def _flat(config, path=""):
    """Nested dicts and lists as one dict: {"kernel_initializer.config.seed": None, ...}."""
    if not isinstance(config, (dict, list)) or not config:
        return {path: config}
    flat = {}
    for key, item in config.items() if isinstance(config, dict) else enumerate(config):
        flat |= _flat(item, f"{path}.{key}" if path else str(key))
    return flat
