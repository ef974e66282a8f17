"""Images changed before a model learns from them. `images` (what all share; flips) · `affine` (rotation, translation, zoom,
shear) · `resizing` (other sizes: crops, Resizing) · `colors` (brightness, contrast, saturation, hue) · `tones` (a new value
for each value) · `patches` (blur, sharpness, erasing) · `mixing` (two images as one) · `pipeline` (one layer after another)."""
