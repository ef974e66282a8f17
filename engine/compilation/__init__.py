"""Which way a compiled step goes: XLA's or TensorFlow's kernels (xla, automatic), and what was compiled why (counted)."""
