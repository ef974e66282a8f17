"""Beside an older Keras than the tables were written for, only what that Keras has is compared."""

WRITTEN_FOR = (3, 15)  # the version of Keras beside which every row holds in full


class NotInKeras(ValueError):
    """This version of Keras cannot do what a row compares."""


def is_older(version, than=WRITTEN_FOR):
    """Whether that version of Keras is older than `than`: the one that the tables were written for, or another.

    >>> is_older("3.10.0"), is_older("3.15.1"), is_older("4.0.0.dev1"), is_older("3.12.4", than=(3, 12))
    (True, False, False, False)
    """
    return tuple(int(part) for part in version.split(".")[:2]) < than


def common(config, other):
    """`config` without the keys that `other` does not have, at any depth.

    >>> common({"units": 4, "new": 1, "init": {"seed": 1, "axes": 2}}, {"units": 5, "init": {"seed": 3}})
    {'units': 4, 'init': {'seed': 1}}
    """
    if isinstance(config, dict) and isinstance(other, dict):
        return {key: common(item, other[key]) for key, item in config.items() if key in other}
    if isinstance(config, list) and isinstance(other, list) and len(config) == len(other):
        return [common(*pair) for pair in zip(config, other)]
    return config
