"""Several inputs become one: `base` (their shapes and masks) · `merging` (sum, product, concatenation, dot ...)."""
