"""`Remembering`: what a layer tells a checkpoint of itself that is in no variable."""


class Remembering:
    """A part of a layer that remembers something in plain Python between the steps of a run, as a callback may.

    Numbers, strings, lists, dicts with text as keys and NumPy arrays come back as they were. What a variable can hold is better
    in one: compiled steps do not run Python.

    >>> from engine import Layer
    >>> class Counts(Remembering, Layer):
    ...     calls = 0
    ...     def call(self, inputs):
    ...         self.calls += 1
    ...         return inputs
    ...     def get_state(self):
    ...         return {"calls": self.calls}
    ...     def set_state(self, state):
    ...         self.calls = state["calls"]
    """

    def get_state(self):
        """What is to be remembered."""
        return {}

    def set_state(self, state):
        """Take back what `get_state` gave; an error refuses the run that was to go on."""
