"""Random images: `images` (flips, crops, contrast) · `affine` (rotation, translation, zoom)."""
