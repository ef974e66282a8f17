"""`fit(validation_split=)`: rows of arrays that are held back."""

from engine.small_parts.arrays import common_rows, is_array_like, rows_of, to_tensors


def split(x, y, sample_weight, fraction, dtype):
    """((x, y, sample_weight) to train on, the same of the last `fraction` of the rows)."""
    if not is_array_like(x):
        raise ValueError("validation_split needs arrays. Split the dataset with take() and skip(), use validation_data=.")
    data = [to_tensors(item, dtype, keep=True) for item in (x, y, sample_weight)]
    rows = common_rows(*data)
    border = int(rows * (1 - fraction))
    if border == 0 or border == rows:
        raise ValueError(f"validation_split={fraction} of {rows} rows leaves nothing to train or to validate on.")
    return tuple(tuple(rows_of(item, part) for item in data) for part in (slice(None, border), slice(border, None)))
