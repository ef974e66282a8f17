"""Pictures of models. `boxes`: what is drawn, from the calls of a model · `places`: where · `pictures`: SVG, PNG and DOT."""

from engine.utils.plotting.pictures import model_to_dot, plot_model

__all__ = ["model_to_dot", "plot_model"]
