"""Layers that look at all places of a sequence and weigh them.

Reading order: `attention` (scores of queries and keys, hardly a weight) · `heads` (projections, and what a mask does) ·
`multi_head_attention` (several at once, on learned projections) · `group_query_attention` (heads that share keys).
"""
