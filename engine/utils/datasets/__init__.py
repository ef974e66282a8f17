"""The sets of `keras.datasets`, each a module with `load_data()`: NumPy arrays in Keras's shapes and dtypes.

mnist, fashion_mnist, cifar10, cifar100 and imdb come through tensorflow-datasets: from the folder `data_dir`, else
`$TFDS_DATA_DIR`, else `~/tensorflow_datasets`, and are downloaded there once. reuters, boston_housing and california_housing,
which it does not have, are files of Keras in `~/.keras/datasets` (`$KERAS_HOME/datasets`), downloaded there once. Where a
file of Keras is there already for one of the others (`mnist.npz`, `imdb.npz`), it is read.

`sources` finds and reads them, `sequences` is what texts as lists of numbers share.
"""
