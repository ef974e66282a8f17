"""Layers and models as plain data, and again from that, in the format of Keras 3.

Reading order: `layer_config` (a layer, a list of layers), `graph_config` (a graph of calls), `operations` (what in a graph
is no layer), `tensorflow_functions` (the same, where Keras has no name for it).
"""
