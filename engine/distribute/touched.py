"""What a traced step changes, and the metrics among it."""

from engine.metrics.reported import named

_READS = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape"}


def uses(graph, variable):
    """The types of the operations that the traced step does with `variable`."""
    handle = getattr(variable, "values", [variable])[0].handle  # of a mirrored one, the first copy stands for all
    return {op.type for outside, inside in graph.captures if outside is handle for op in inside.consumers()}


def changed(graph, variables):
    """Those of `variables` that the traced step does more with than read them."""
    return [variable for variable in variables if not uses(graph, variable) <= _READS]


def metrics_of(model):
    """(name, metric) of all that a step may bring up to date."""
    return [*named(model.metrics), ("terms", model._term_tracker)]


def changed_metrics(model, graph):
    """Those of `metrics_of` that the traced step brings up to date."""
    return [(name, metric) for name, metric in metrics_of(model) if changed(graph, metric.variables)]
