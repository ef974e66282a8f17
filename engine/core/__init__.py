"""The heart: what a layer is, how a model learns, how weights move. README.md beside this has the reading order."""
