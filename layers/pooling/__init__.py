"""Pooling: `pooling` (windows) · `global_pooling` (all there is) · `adaptive_pooling` (a given number of windows)."""
