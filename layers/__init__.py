"""The layers: one idea per file, each a Layer with the arguments, weights and numbers of Keras's of that name.

Read `dense.py` first: it is the pattern of all others. Families have folders, whose docstrings give the order: `conv/`,
`pooling/`, `normalization/`, `merging/`, `recurrent/`, `attention/`, `augmentation/`, `text/`.

A new layer is one file, one line here and one row in tests/parity/rows.
"""

import engine.sequential  # noqa: F401 (a layer may hold a model, and its config names the class)
import layers.of_applications  # noqa: F401 (configs name them, and nobody else)
from engine.core.inputs import Input, InputLayer
from engine.core.layer import Layer
from engine.small_parts.input_spec import InputSpec
from layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from layers.attention.attention import AdditiveAttention, Attention
from layers.attention.group_query_attention import GroupQueryAttention
from layers.attention.multi_head_attention import MultiHeadAttention
from layers.augmentation.affine import RandomRotation, RandomShear, RandomTranslation, RandomZoom
from layers.augmentation.colors import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomSaturation,
)
from layers.augmentation.images import RandomFlip
from layers.augmentation.mixing import CutMix, MixUp
from layers.augmentation.patches import RandomErasing, RandomGaussianBlur, RandomSharpness
from layers.augmentation.pipeline import Pipeline
from layers.augmentation.resizing import CenterCrop, RandomCrop, RandomHeight, RandomWidth, Resizing
from layers.augmentation.tones import AutoContrast, Equalization, RandomInvert, RandomPosterization, Solarization
from layers.conv.conv import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from layers.conv.conv_transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from layers.conv.depthwise_conv import DepthwiseConv1D, DepthwiseConv2D
from layers.conv.separable_conv import SeparableConv1D, SeparableConv2D, SeparableConvolution1D, SeparableConvolution2D
from layers.core import ActivityRegularization, Identity, Lambda
from layers.dense import Dense
from layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from layers.einsum_dense import EinsumDense
from layers.embedding import Embedding
from layers.masking import Masking
from layers.merging.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from layers.normalization.batch_normalization import BatchNormalization
from layers.normalization.group_normalization import GroupNormalization
from layers.normalization.layer_normalization import LayerNormalization, RMSNormalization
from layers.normalization.spectral_normalization import SpectralNormalization
from layers.normalization.unit_normalization import UnitNormalization
from layers.padding import Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from layers.pooling.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from layers.preprocessing import CategoryEncoding, Normalization, Rescaling
from layers.recurrent.bidirectional import Bidirectional
from layers.recurrent.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from layers.recurrent.gru import GRU, GRUCell
from layers.recurrent.lstm import LSTM, LSTMCell
from layers.recurrent.rnn import RNN
from layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell
from layers.recurrent.stacked import StackedRNNCells
from layers.recurrent.time_distributed import TimeDistributed
from layers.remat import Remat
from layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from layers.text.discretization import Discretization
from layers.text.hashing import HashedCrossing, Hashing
from layers.text.lookup import IntegerLookup, StringLookup
from layers.text.vectorization import TextVectorization
from layers.upsampling import UpSampling1D, UpSampling2D, UpSampling3D
from layers.wrapper import Wrapper

__all__ = [
    "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "Add",
    "AdditiveAttention", "AlphaDropout", "Attention", "AutoContrast", "Average", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "BatchNormalization",
    "Bidirectional", "CategoryEncoding", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Convolution1D",
    "Convolution1DTranspose", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose",
    "Cropping1D", "Cropping2D", "Cropping3D", "CutMix", "Dense", "DepthwiseConv1D", "DepthwiseConv2D",
    "Discretization", "Dot", "Dropout", "ELU", "EinsumDense", "Embedding", "Equalization", "Flatten", "GRU",
    "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D",
    "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "GroupNormalization", "GroupQueryAttention", "HashedCrossing", "Hashing", "Identity", "Input", "InputLayer",
    "InputSpec", "IntegerLookup", "LSTM", "LSTMCell", "Lambda", "Layer", "LayerNormalization", "LeakyReLU", "Masking",
    "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum", "Minimum",
    "MixUp", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "Pipeline", "RMSNormalization",
    "RNN", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomCrop",
    "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHeight", "RandomHue",
    "RandomInvert", "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear",
    "RandomTranslation", "RandomWidth", "RandomZoom", "ReLU", "Remat", "RepeatVector", "Rescaling", "Reshape",
    "Resizing", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D", "SimpleRNN",
    "SimpleRNNCell", "Softmax", "Solarization", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "SpectralNormalization", "StackedRNNCells", "StringLookup", "Subtract", "TextVectorization", "TimeDistributed",
    "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper", "ZeroPadding1D", "ZeroPadding2D",
    "ZeroPadding3D", "add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract",
]  # fmt: skip
