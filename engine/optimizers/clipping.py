"""Clipping: gradients that are too large are made smaller before the update, so that one bad batch does little harm."""

import tensorflow as tf


def clip(gradients, clipnorm=None, clipvalue=None, global_clipnorm=None):
    """The gradients within the limit that is given; at most one of the three is.

        clipnorm          gradient · min(1, clipnorm / ‖gradient‖)                  each gradient by itself
        clipvalue         min(max(gradient, −clipvalue), clipvalue)                 each element
        global_clipnorm   gradient · min(1, global_clipnorm / √Σ‖gradient‖²)        Σ over all: the direction stays

    (Pascanu et al. 2013, https://proceedings.mlr.press/v28/pascanu13.html)

    >>> import tensorflow as tf
    >>> gradients = [tf.constant([3.0, 0.0]), tf.constant([4.0])]
    >>> for gradient in clip(gradients, global_clipnorm=1.0):
    ...     print(gradient.numpy())
    [0.6 0. ]
    [0.8]
    """
    if clipnorm is not None:
        return [tf.clip_by_norm(gradient, clipnorm) for gradient in gradients]
    if clipvalue is not None:
        return [tf.clip_by_value(gradient, -clipvalue, clipvalue) for gradient in gradients]
    if global_clipnorm is not None:
        return tf.clip_by_global_norm(gradients, global_clipnorm)[0]
    return gradients
