"""How a model learns. Reading order: step, objective, terms, batch, feed, compiled, loop."""
