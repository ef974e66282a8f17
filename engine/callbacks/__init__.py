"""What happens between the steps of `fit`. Reading order: base, history, progress, monitoring, schedules."""

from engine.callbacks.base import Callback, CallbackList
from engine.callbacks.history import CSVLogger, History
from engine.callbacks.monitoring import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, TerminateOnNaN
from engine.callbacks.progress import ProgressBar
from engine.callbacks.schedules import LambdaCallback, LearningRateScheduler

__all__ = [
    "Callback", "CallbackList", "CSVLogger", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ProgressBar", "ReduceLROnPlateau", "TerminateOnNaN",
]  # fmt: skip
