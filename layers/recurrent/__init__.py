"""Layers over time.

Reading order: `loop` (one step after another, masks) · `cell` (what happens in one step, and how a sequence is run) ·
`rnn` (the layer around them) · `simple_rnn`, `lstm`, `gru` · `fused_lstm`, `fused_gru` (backward passes by hand) ·
`stacked` · `bidirectional`, `time_distributed` · `conv_lstm`.
"""
