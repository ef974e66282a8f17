"""How a model learns. Reading order: step, around, objective, terms, batch, feed, streams, compiled, place, traces, loop."""
