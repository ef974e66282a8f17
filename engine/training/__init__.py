"""How a model learns. Reading order: step, around, objective, outputs, terms, arguments, arrays, batch, feed, compiled, place, traces, loop."""
