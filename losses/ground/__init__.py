"""What every floor stands on, and no mathematics of losses: names to objects, descriptions, shapes, masks, who shares a batch.

Reading order: lookup · configurable · shapes · numerics · masks · labels · whole.
"""
