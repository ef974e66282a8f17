"""A training step as the output of a cell of a notebook: its terms, calls and weights; to_html() has the rest."""

from engine.study.notebook import fragment, paragraph, section

_SPACE = "\u2003"


def step_fragment(step):
    """The HTML of a Step."""
    terms = [(term.name, f"{term.value:.6g}", f"{term.factor:.6g}", f"{term.amount:.6g}") for term in step.terms]
    calls = [
        (_SPACE * call.depth + (call.path or call.layer.name), call.class_name, call.output_shapes,
         *(call.outputs.short() if call.outputs else ("", "", "", "")), f"{call.gradient.norm:.3g}" if call.gradient else "none")
        for call in step.calls
    ]  # fmt: skip
    weights = [
        (weight.path, weight.value.shape, f"{weight.gradient_numbers.norm:.3g}" if weight.gradient_numbers else "none",
         f"{weight.update_numbers.norm:.3g}", weight.ratio_text)
        for weight in step.weights
    ]  # fmt: skip
    return fragment(
        f"One step of {step.title} on {step.rows} rows: loss {step.loss:.6g}",
        section("Forward", ("layer", "class", "out", "mean", "deviation", "zeros", "not finite", "gradient norm"), calls),
        section("Loss", ("term", "value", "factor", "adds"), [*terms, ("loss", "", "", f"{step.loss:.6g}")]),
        section(f"Back and update: {step.optimizer}, learning rate {step.learning_rate:.6g}",
                ("weight", "shape", "gradient norm", "update norm", "update/weight"), weights),
        paragraph(f"not trained: {', '.join(step.frozen)}" if step.frozen else ""),
    )  # fmt: skip
