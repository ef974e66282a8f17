"""Two images of a batch made into one, and their labels with them."""

import tensorflow as tf

from engine.random import gamma, precision
from layers.augmentation.images import RandomImageLayer, factor_range, is_batch
from layers.augmentation.patches import random_rectangles
from losses.ground import whole
from losses.ground.shapes import sizes_of


class RandomMixture(RandomImageLayer):
    """Base of layers that put a batch together with the same batch in another order.

    Takes images, or a dict of "images" and "labels": one-hot rows, or numbers. Gives back what it was given.
    Where replicas share the batch, the order is that of the whole one: they exchange their rows.
    """

    def shares(self, images):
        """How much of its own each of `images` is to keep, (batch,)."""
        raise NotImplementedError(f"{type(self).__name__} has no shares(). Write `def shares(self, images): ...`.")

    def mixed(self, images, others, share):
        """Images, each made of one of `images` and one of `others`, with that `share` (batch,) of the first."""
        raise NotImplementedError(f"{type(self).__name__} has no mixed(). Write `def mixed(self, images, others, share): ...`.")

    def call(self, data, training=True):
        if not isinstance(data, dict):
            return super().call(data, training)
        if set(data) != {"images", "labels"}:
            raise ValueError(f"{self._title} takes images, or a dict of 'images' and 'labels', received the keys {sorted(data)}.")
        labels = tf.convert_to_tensor(data["labels"])
        if labels.dtype.is_integer and labels.shape.rank == 1:
            raise ValueError(f"{self._title} mixes labels, and class numbers cannot be mixed. Take tf.one_hot(labels, classes).")
        labels = tf.cast(labels, self.compute_dtype)
        if not training:
            return {"images": tf.cast(data["images"], self.compute_dtype), "labels": labels}
        drawn = []  # the order and the shares of the images, for the labels
        images = self.through(lambda images: self.transform(images, drawn.extend), data["images"])
        order, share = drawn
        share = tf.cast(tf.reshape(share, (-1,) + (1,) * (labels.shape.rank - 1)), labels.dtype)
        return {"images": images, "labels": labels * share + tf.gather(_all(labels)[0], order) * (1 - share)}

    def transform(self, images, tell=lambda drawn: None):
        everyone, own = _all(images)
        order = own(tf.argsort(self.numbers(everyone, [sizes_of(everyone)[0]], 0.0, 1.0)))
        share = own(self.shares(everyone))
        tell((order, share))
        return self.mixed(images, tf.gather(everyone, order), share)

    def beta(self, images, alpha):
        """A number of the distribution Beta(alpha, alpha) for each image, (batch,).

        A quotient of two gamma variables, in logarithms: for a small alpha they are smaller than any float.
        """
        shape, alpha = [sizes_of(images)[0]], tf.cast(alpha, precision(images))
        logarithms = []
        for _ in range(2):
            drawn = gamma(shape, self.seed_generator.next(), alpha + 1)
            even = self.numbers(images, shape, 0.0, 1.0)
            logarithms.append(tf.math.log(drawn) + tf.math.log(tf.maximum(even, 1e-7)) / tf.maximum(alpha, 1e-6))
        return tf.sigmoid(logarithms[0] - logarithms[1])


def _all(rows):
    """As `whole.group.all_rows`; what is alone has no others."""
    return whole.group.all_rows(rows) if is_batch(rows) else (rows, tf.identity)


class MixUp(RandomMixture):
    """Mixes each image with another one of the batch, and the labels alike, in training.

        outputs = share * images + (1 - share) * others,   share ~ Beta(alpha, alpha) for each image

    Shapes: images (batch, height, width, channels), or a dict of "images" and one-hot "labels" (batch, classes); the same
    comes out. No weights. In a pipeline: `dataset.map(lambda x, y: mix_up({"images": x, "labels": y}))`.
    On several replicas the other one is of the whole batch too.
    Arguments: `alpha` (above 0; a small one mixes little), `data_format` (None: "channels_last"), `seed`.
    Errors: ValueError for an alpha that is not above 0, and for class numbers.
    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.

    >>> import tensorflow as tf
    >>> from layers import MixUp
    >>> batch = MixUp()({"images": tf.ones((2, 4, 4, 3)), "labels": tf.eye(2)})
    >>> batch["images"].shape, tf.reduce_sum(batch["labels"], 1).numpy().round(3).tolist()
    (TensorShape([2, 4, 4, 3]), [1.0, 1.0])
    """

    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not alpha > 0:
            raise ValueError(f"{self._title} takes a number above 0 as `alpha`, received {alpha!r}.")
        self.alpha = alpha

    def shares(self, images):
        return self.beta(images, self.alpha)

    def mixed(self, images, others, share):
        share = tf.cast(tf.reshape(share, (-1, 1, 1, 1)), images.dtype)
        return images * share + others * (1 - share)


class CutMix(RandomMixture):
    """Covers a rectangle of each image with that of another one of the batch, and mixes the labels by its area, in training.

    The share that an image keeps is drawn from Beta(alpha, alpha), alpha from lower to upper for each batch.
    Shapes: images (batch, height, width, channels), or a dict of "images" and one-hot "labels" (batch, classes); the same
    comes out. No weights. In a pipeline: `dataset.map(lambda x, y: cut_mix({"images": x, "labels": y}))`.
    On several replicas the other one is of the whole batch too.
    Arguments: `factor` ((lower, upper) from 0 to 1; a single number is (0, upper)), `seed`, `data_format`.
    Errors: ValueError for a factor out of range, and for class numbers.
    Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers", 2019.

    >>> import tensorflow as tf
    >>> from layers import CutMix
    >>> batch = CutMix()({"images": tf.ones((2, 4, 4, 3)), "labels": tf.eye(2)})
    >>> batch["images"].shape, tf.reduce_sum(batch["labels"], 1).numpy().round(3).tolist()
    (TensorShape([2, 4, 4, 3]), [1.0, 1.0])
    """

    def __init__(self, factor=1.0, seed=None, data_format=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def shares(self, images):
        return self.beta(images, self.numbers(images, (), *self.factor))

    def mixed(self, images, others, share):
        side = tf.sqrt(1 - share)
        return tf.where(random_rectangles(self, images, side, side), others, images)
