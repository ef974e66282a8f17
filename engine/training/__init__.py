"""How a model learns. Reading order: step, objective, terms, arrays, batch, feed, compiled, traces, loop.

On several devices: replicas, cluster, workers, shares; without waiting for each other: parameter_server.
"""
