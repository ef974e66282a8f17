"""How a model learns. Reading order: step, around, objective, terms, arrays, batch, feed, compiled, place, traces, loop."""
