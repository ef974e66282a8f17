"""Small wrongs, one a line: what is wrong, where, the text that is right, the text in its place, the row that must fail."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Wrong:
    """`where`: module:Class.method. `right`: text that occurs once in its source. `caught_by`: a test in this folder."""

    name: str
    where: str
    right: str
    wrong: str
    caught_by: str


def row(id):
    return f"test_layers.py::test_row[{id}]"


WRONGS = [
    # ---- layers
    Wrong("dense multiplies by a kernel read in the wrong order", "layers.dense:Dense.call", "tf.matmul(inputs, self.kernel)",
          "tf.matmul(inputs, tf.reshape(tf.transpose(self.kernel), self.kernel.shape))", row("Dense-units=4")),
    Wrong("dense forgets its bias", "layers.dense:Dense.call", "outputs + self.bias", "outputs", row("Dense-units=4")),
    Wrong("dense adds the bias after the activation", "layers.dense:Dense.call",
          "return self.activation(outputs)", "return self.activation(outputs - self.bias) + self.bias",
          row("Dense-units=4-activation=relu")),
    Wrong("dense makes the bias first", "layers.dense:Dense.build", 'name="bias", shape=(self.units,), initializer=self.bias_initializer',
          'name="bias", shape=(self.units,), initializer=self.kernel_initializer', row("Dense-units=4")),
]  # fmt: skip
