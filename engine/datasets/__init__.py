"""Data to learn from: the bundled digits, and any image-classification set of tensorflow-datasets."""
