"""What happens between the steps of `fit`. Reading order: base, history, progress, monitoring, schedules, checkpoint,
averaging, gradients, tensorboard, projector."""

from engine.callbacks.averaging import SwapEMAWeights
from engine.callbacks.base import Callback, CallbackList
from engine.callbacks.checkpoint import BackupAndRestore, Checkpoint
from engine.callbacks.gradients import GradientStats
from engine.callbacks.history import CSVLogger, History
from engine.callbacks.monitoring import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, TerminateOnNaN
from engine.callbacks.progress import ProgbarLogger, ProgressBar
from engine.callbacks.schedules import LambdaCallback, LearningRateScheduler
from engine.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore", "Callback", "CallbackList", "Checkpoint", "CSVLogger", "EarlyStopping", "GradientStats", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ProgbarLogger", "ProgressBar", "ReduceLROnPlateau", "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
]  # fmt: skip
