"""How a model learns. Reading order: step, objective, terms, batch, feed, streams, compiled, place, traces, loop."""
