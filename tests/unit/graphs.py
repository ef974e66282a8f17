"""The graphs that TensorFlow runs."""

from tensorflow.python.eager import context


def optimized(action):
    """{name: node} of each graph that TensorFlow runs in `action`, as it has optimized them."""
    context.enable_run_metadata()
    try:
        action()
        graphs = context.export_run_metadata().function_graphs
    finally:
        context.disable_run_metadata()
    return [{node.name: node for node in graph.post_optimization_graph.node} for graph in graphs]
