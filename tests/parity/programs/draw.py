"""A program from a seed, as plain data.

    {"seed": 3, "model": see modelling.py, "kinds": {output: kind of its labels, see training.py},
     "frozen": [nodes], "optimizer": part, "loss": {output: part}, "metrics": {output: [parts]}, "loss_weights": {...},
     "weighted_metrics": {...}, "rows": 7, "batch": 3, "form": "arrays" | "dataset" | "generator" | "sequence",
     "names": whether data are dicts, "sample_weight": True, "eager": whether ours runs eagerly, "deeds": [{"do": "fit", ...}, ...]}

All but seed, model, optimizer and deeds may be left out.
"""

import math

from . import training
from .dice import Dice
from .exceptions import exception_for, has
from .modelling import draw_model


def draw(seed):
    """The program of a seed: the first one drawn that is no exception."""
    for attempt in range(100):
        program = draw_any(seed, attempt)
        if exception_for(program) is None:
            return program
    raise RuntimeError(f"100 draws from seed {seed} were all exceptions: see exceptions.py.")


def draw_any(seed, attempt):
    dice = Dice(seed, attempt)
    drawing = draw_model(dice)
    heads = draw_heads(dice, drawing)
    program = {"seed": seed, "model": drawing.model(list(heads)), "kinds": heads,
               "shapes": {name: drawing.shapes[name] for name in heads}}  # fmt: skip
    if drawing.style != "list":
        program |= dice.options(0.25, names=[True])
    elif dice.chance(0.3):
        program["model"]["inputs"]["a"]["unsaid"] = True
    layers = [node["name"] for node in program["model"]["nodes"] if "layer" in node]
    if dice.chance(0.2):
        program["frozen"] = dice.some_of(layers[:-1], 2)
    program["optimizer"] = training.draw_optimizer(dice)
    program |= draw_objective(dice, heads)
    program |= draw_data(dice, program)
    program["deeds"] = draw_deeds(dice, program, layers)
    return program


def draw_heads(dice, drawing):
    """Add the layers whose outputs have losses; {name: kind}."""
    count = 1 if drawing.style == "list" else dice.one_of([1, 1, 2])
    heads = {}
    for name in list(drawing.shapes)[-count:]:
        while len(drawing.shapes[name]) > 2 or (len(drawing.shapes[name]) > 1 and dice.chance(0.5)):
            name = drawing.add({"layers.Flatten": {}}, [name], [math.prod(drawing.shapes[name])])
        kind = dice.one_of(list(training.KINDS))
        choices = training.KINDS[kind]
        units = dice.one_of(choices["units"])
        layer = {"layers.Dense": {"units": units, "activation": dice.one_of(choices["activation"])}}
        heads[drawing.add(layer, [name], [*drawing.shapes[name][:-1], units])] = kind
    return heads


def draw_objective(dice, heads):
    found = {"loss": {name: dice.one_of(training.KINDS[kind]["losses"]) for name, kind in heads.items()}}
    if len(heads) > 1 and dice.chance(0.15):
        found["loss"][dice.one_of(list(heads))] = None
    for key, probability in (("metrics", 0.7), ("weighted_metrics", 0.2)):
        if dice.chance(probability):
            found[key] = {name: dice.some_of(training.KINDS[kind]["metrics"], 2) for name, kind in heads.items()}
    if len(heads) > 1 and dice.chance(0.5):
        found["loss_weights"] = {name: dice.one_of([0.25, 0.5, 2.0]) for name in heads}
    return found


def draw_data(dice, program):
    gathers = "gradient_accumulation_steps" in next(iter(program["optimizer"].values()))
    found = {"rows": 8, "batch": 2} if gathers else {"rows": dice.whole(4, 7), "batch": dice.one_of([2, 3, 4])}
    found["eager"] = dice.chance(0.8)  # what is compiled takes thrice as long
    found["form"] = dice.one_of(["arrays"] * 3 + ["dataset"] * 2 + ["generator", "sequence"])
    if dice.chance(0.4):
        found["sample_weight"] = True
    elif dice.chance(0.2) and list(program["kinds"].values()) == ["classes"] and found["form"] == "arrays":
        found["class_weight"] = {0: 0.5, 1: 2.0, 2: 0.25}
    return found


def draw_deeds(dice, program, layers):
    validated = dice.chance(0.4)
    fit = {"do": "fit", "epochs": 2}
    scheduled = isinstance(next(iter(program["optimizer"].values()))["learning_rate"], dict)
    if validated:
        fit["validate"] = dice.one_of(["data", "data", "split"] if program["form"] == "arrays" else ["data"])
        fit |= dice.options(0.2, validation_freq=[2])
    if dice.chance(0.1):
        fit |= {"initial_epoch": 1, "epochs": 3}
    if dice.chance(0.35):
        fit["callbacks"] = training.draw_callbacks(dice, "val_loss" if validated else "loss", scheduled)
    listed = len(program["kinds"]) == 1 and "weighted_metrics" not in program
    others = [{"do": "evaluate", **({"as_list": True} if listed and dice.chance(0.5) else {})}, {"do": "predict"},
              {"do": "train_on_batch"}, {"do": "test_on_batch"}]  # fmt: skip
    changes = [{"do": "freeze", "nodes": layers[:1]}, {"do": "save_weights"}, {"do": "keras_weights"}]
    if program["model"]["style"] != "subclass" and not has(program, "own.Scale"):
        changes += [{"do": "save"}, {"do": "keras_file"}, {"do": "configs"}]
    if not scheduled:
        changes.append({"do": "rate", "to": 2.0**-6})
    deeds = [fit, *dice.some_of(others, 2)]
    if dice.chance(0.6):
        deeds += [dice.one_of(changes), dice.one_of([{"do": "fit", "epochs": 1}, {"do": "evaluate"}, {"do": "train_on_batch"}])]
    return deeds
