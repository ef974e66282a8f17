"""What functional models can do beyond the graph of layers in the heart: TensorFlow's functions, inputs by name."""
