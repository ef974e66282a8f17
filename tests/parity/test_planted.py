"""Would the programs notice? Each wrong is put into the engine, and one of the first programs that it concerns must differ."""

import pytest
from programs.differing import difference
from programs.draw import draw
from programs.exceptions import has

from engine import callbacks, metrics
from engine.core import calling
from engine.optimizers import optimizer, schedules
from losses import base

DRAWN = range(80)


def not_reset(patch):
    patch.setattr(metrics.Metric, "reset_state", lambda self: None)


def decayed_twice(patch, right=optimizer.decay):
    patch.setattr(optimizer, "decay", lambda *args: (right(*args), right(*args)))


def mask_lost(patch):
    patch.setattr(calling, "pass_masks", lambda layer, args, kwargs: kwargs)


def not_clipped(patch):
    patch.setattr(optimizer, "clip", lambda gradients, *limits: gradients)


def weights_lost(patch, right=base.reduce_weighted):
    patch.setattr(base, "reduce_weighted", lambda values, weights, *rest: right(values, None, *rest))


def one_step_late(patch, right=schedules.PiecewiseConstantDecay.__call__):
    patch.setattr(schedules.PiecewiseConstantDecay, "__call__", lambda self, step: right(self, step + 1))


def patience_ignored(patch, right=callbacks.ReduceLROnPlateau.on_epoch_end):
    def twice(self, epoch, logs=None):
        right(self, epoch, logs)
        right(self, epoch, logs)

    patch.setattr(callbacks.ReduceLROnPlateau, "on_epoch_end", twice)


WRONGS = [  # (what is put in, words of which a program must have one to be concerned)
    (not_reset, ["metrics"]),
    (decayed_twice, ["weight_decay"]),
    (mask_lost, ["layers.Masking"]),
    (not_clipped, ["clipvalue", "global_clipnorm"]),
    (weights_lost, ["sample_weight"]),
    (one_step_late, ["optimizers.schedules.PiecewiseConstantDecay"]),
    (patience_ignored, ["callbacks.ReduceLROnPlateau"]),
]


@pytest.mark.parametrize("wrong, words", WRONGS, ids=lambda item: getattr(item, "__name__", ""))
def test_wrong_is_caught(wrong, words, monkeypatch):
    concerned = [program for program in map(draw, DRAWN) if has(program, *words)]
    assert concerned, f"no program that is drawn has {words}"
    wrong(monkeypatch)
    found = (difference(program) for program in concerned)
    first = next((each for each in found if each is not None), None)
    assert first is not None, f"{len(concerned)} programs agree although {wrong.__name__}"
    assert first.kind == ("numbers",), f"ended with an error instead of other numbers: {first.text}"
