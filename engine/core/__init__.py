"""What a layer is."""
