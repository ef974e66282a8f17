"""`ImageDataGenerator`, the way of TensorFlow 2's first years to augment images. New code: `image_dataset_from_directory` and
the random layers (RandomFlip, RandomRotation ...), which are faster and part of the model.

`transforms`: one image, moved and recoloured · `batches`: arrays, folders and tables as batches · `generator`: the two together.
"""

from engine.utils.image_generator.generator import ImageDataGenerator

__all__ = ["ImageDataGenerator"]
