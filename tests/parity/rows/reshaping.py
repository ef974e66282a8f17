"""The same numbers in another shape; larger, padded and cropped inputs."""

from engine.study.parity import row

FLOAT32 = dict(rtol=1e-5, why="Keras interpolates in float32, whatever the dtype of its inputs")
TABLE = dict(rtol=2e-3, why="Keras's bicubic looks distances up in a table of 1024 entries")

ROWS = [
    row("Flatten", x=(2, 3, 4, 5)),
    row("Flatten", x=(3,)),
    row("Flatten", dict(data_format="channels_first"), x=(2, 3, 4, 5)),
    row("Reshape", dict(target_shape=(6, 2)), x=(2, 3, 4)),
    row("Reshape", dict(target_shape=(2, -1, 3)), x=(2, 3, 4)),
    row("Reshape", dict(target_shape=()), x=(3, 1)),
    row("Permute", dict(dims=(3, 1, 2)), x=(2, 3, 4, 5)),
    row("RepeatVector", dict(n=3), x=(2, 4)),
    # ---- larger
    row("UpSampling1D", x=(2, 5, 3)),
    row("UpSampling1D", dict(size=3), x=(2, 5, 4)),
    row("UpSampling2D", x=(2, 5, 6, 3)),
    row("UpSampling2D", dict(size=(1, 3), data_format="channels_first"), x=(2, 3, 5, 6)),
    row("UpSampling2D", dict(interpolation="bilinear"), x=(2, 5, 6, 3), **FLOAT32),
    row("UpSampling2D", dict(size=(3, 4), interpolation="bilinear", data_format="channels_first"), x=(2, 3, 5, 6),
        **FLOAT32),
    row("UpSampling2D", dict(size=(2, 4), interpolation="bicubic"), x=(2, 5, 6, 3), **FLOAT32),
    row("UpSampling2D", dict(size=(2, 3), interpolation="bicubic"), x=(2, 5, 6, 3), **TABLE),
    row("UpSampling2D", dict(size=(3, 2), interpolation="lanczos3", dtype="float32"), x=(2, 5, 6, 3),
        smooth=False, **FLOAT32),
    row("UpSampling2D", dict(size=(2, 3), interpolation="lanczos5", dtype="float32"), x=(2, 5, 6, 3),
        smooth=False, **FLOAT32),
    row("UpSampling3D", x=(2, 3, 4, 5, 3)),
    row("UpSampling3D", dict(size=(1, 2, 3), data_format="channels_first"), x=(2, 3, 2, 4, 5)),
    # ---- padded
    row("ZeroPadding1D", x=(2, 5, 3)),
    row("ZeroPadding1D", dict(padding=(2, 0), data_format="channels_first"), x=(2, 3, 5)),
    row("ZeroPadding2D", x=(2, 5, 6, 3)),
    row("ZeroPadding2D", dict(padding=(0, 2)), x=(2, 5, 6, 3)),
    row("ZeroPadding2D", dict(padding=((1, 0), (2, 3)), data_format="channels_first"), x=(2, 3, 5, 6)),
    row("ZeroPadding3D", x=(2, 3, 4, 5, 2)),
    row("ZeroPadding3D", dict(padding=((1, 0), (2, 3), (0, 1)), data_format="channels_first"), x=(2, 3, 2, 4, 5)),
    # ---- cropped
    row("Cropping1D", x=(2, 5, 3)),
    row("Cropping1D", dict(cropping=(2, 0)), x=(2, 5, 3)),
    row("Cropping2D", x=(2, 5, 6, 3)),
    row("Cropping2D", dict(cropping=(0, 2)), x=(2, 5, 6, 3)),
    row("Cropping2D", dict(cropping=((1, 0), (2, 3)), data_format="channels_first"), x=(2, 3, 5, 6)),
    row("Cropping3D", x=(2, 3, 4, 5, 2)),
    row("Cropping3D", dict(cropping=((1, 0), (2, 1), (0, 1)), data_format="channels_first"), x=(2, 3, 2, 4, 5)),
    # ---- refused
    row("Reshape", dict(target_shape=(-1, -1)), raises="at most one -1"),
    row("Reshape", dict(target_shape=(5, 5)), x=(2, 3, 4), raises="cannot make"),
    row("Reshape", dict(target_shape=(5, -1)), x=(2, 3, 4), raises="cannot make"),
    row("Reshape", dict(target_shape="ab"), raises="tuple of integers"),
    row("Permute", dict(dims=(1, 3)), raises="each once"),
    row("Permute", dict(dims=(2, 1)), x=(2, 3, 4, 5), raises="rank 3"),
    row("RepeatVector", dict(n=2.0), raises="positive integer"),
    row("UpSampling2D", dict(interpolation="gaussian"), raises="`interpolation`"),
    row("UpSampling2D", dict(size=0), raises="positive integer"),
    row("ZeroPadding1D", dict(padding=-1), raises="integer from 0"),
    row("ZeroPadding2D", dict(padding=(1, 2, 3)), raises="2 integers or pairs"),
    row("Cropping1D", dict(cropping=(3, 2)), x=(2, 5, 3), raises="leaves nothing"),
    row("Cropping2D", dict(cropping=-1), raises="integer from 0"),
]
