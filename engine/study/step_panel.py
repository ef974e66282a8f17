"""The panel beside the picture of a step: the numbers, pictures, weights and source of what was clicked."""

import inspect
import textwrap

from engine.study.numbers import share
from engine.study.page import escape, histogram, table


def of_call(step, place, signs, other, beside):
    """The panel of a call; `other`: the same call in the step `beside`."""
    call = step.calls[place]
    rows = [("in", call.input_shapes), ("out", call.output_shapes), ("time", f"{1e3 * call.seconds:.2f} ms")]
    for which, found in (("", call), ("B: ", other)):
        if found is None:
            continue
        for name, numbers, kind in (("outputs", found.outputs, "one"), ("gradient by outputs", found.gradient, "two")):
            if numbers is not None:
                rows.append((f"{which}{name}: norm, mean, deviation", f"{numbers.norm:.4g}, {numbers.mean:.4g}, {numbers.deviation:.4g}"))
                rows.append((f"{which}{name}: zeros, not finite", f"{share(numbers.zeros)}, {share(numbers.non_finite)}"))
                rows.append((f"{which}{name}: histogram", histogram(numbers, 180, 44, kind)))
    for which, found in (("", step), ("B: ", beside)):
        rows += [(which + weight.path, _weight(weight)) for weight in (found.weights if found else []) if _is_of(weight, call)]
    why = "".join(f'<p class="why"><b class="sign">{sign}</b> {escape(text)}</p>' for sign, text in signs)
    return (
        f"<h3>{escape(call.name)} ({escape(call.class_name)})</h3>{why}{_images(call.pictures)}"
        f"{_images([(f'B: {title}', address) for title, address in other.pictures]) if other else ''}{table(('', ''), rows)}"
    )


def _is_of(weight, call):
    return bool(call.path) and weight.path.startswith(call.path + ".")


def _weight(weight):
    norm = f"{weight.gradient_numbers.norm:.4g}" if weight.gradient_numbers else "none"
    return f"{weight.value.shape}, gradient norm {norm}, update/weight {weight.ratio_text}"


def _images(pictures):
    return "".join(
        f'<figure><img src="{address}" alt="{escape(title)}"><figcaption class="soft">{escape(title)}</figcaption></figure>'
        for title, address in pictures
    )


def fed(item):
    """The panel of an input."""
    rows = [("shape", item.shape)]
    if item.numbers is not None:
        rows.append(("mean, deviation", f"{item.numbers.mean:.4g}, {item.numbers.deviation:.4g}"))
        rows.append(("zeros, not finite", f"{share(item.numbers.zeros)}, {share(item.numbers.non_finite)}"))
        rows.append(("histogram", histogram(item.numbers, 180, 44)))
    return f"<h3>{escape(item.name)} (input)</h3>{_images(item.pictures)}{table(('', ''), rows)}"


def side_by_side(step, beside):
    """A table of two steps: layer by layer what came out and what came back, and what each weight did."""
    others, weights = {call.name: call for call in beside.calls}, {weight.path: weight for weight in beside.weights}

    def numbers(call):
        out = (f"{call.outputs.mean:.3g}", f"{call.outputs.deviation:.3g}", share(call.outputs.zeros)) if call and call.outputs else ("-",) * 3
        return *out, f"{call.gradient.norm:.3g}" if call and call.gradient else "none"

    def update(weight):
        return ("-", "-") if weight is None else (f"{weight.gradient_numbers.norm:.3g}" if weight.gradient_numbers else "none", weight.ratio_text)

    calls = [(call.name, *(cell for pair in zip(numbers(call), numbers(others.get(call.name))) for cell in pair)) for call in step.calls]
    rows = [(weight.path, *(cell for pair in zip(update(weight), update(weights.get(weight.path))) for cell in pair)) for weight in step.weights]
    heads = [head for name in ("mean", "deviation", "zeros", "gradient norm") for head in (name, "B")]
    return (
        f"<h2>Side by side</h2><p>loss {step.loss:.6g}, B {beside.loss:.6g}</p>{table(('layer', *heads), calls)}"
        f"{table(('weight', 'gradient norm', 'B', 'update/weight', 'B'), rows)}"
    )


def about(cls):
    """The equation and the source of a layer class."""
    try:
        source = textwrap.dedent(inspect.getsource(cls.call))
    except (OSError, TypeError):  # defined at a prompt
        source = "The source is not in a file."
    formula = equation(cls)
    return (f"<h3>Equation</h3><pre>{escape(formula)}</pre>" if formula else "") + (
        f"<h3>Source of call</h3><pre>{escape(source)}</pre>"
    )


def equation(cls):
    """The indented block of the class's description: by custom of this project the equation."""
    text = inspect.getdoc(cls) or ""
    lines = [line for line in text.splitlines() if line.startswith("    ") and not line.lstrip().startswith((">>>", "..."))]
    if not lines and "=" in text.partition("\n")[0]:
        return text.partition("\n")[0]
    return textwrap.dedent("\n".join(lines))
