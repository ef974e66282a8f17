"""How a model learns. Reading order: step, objective, terms, feed, compiled, loop."""
