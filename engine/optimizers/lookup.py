"""The optimizers by name."""

from engine.optimizers.adadelta import Adadelta
from engine.optimizers.adafactor import Adafactor
from engine.optimizers.adagrad import Adagrad
from engine.optimizers.adam import Adam, AdamW
from engine.optimizers.adamax import Adamax
from engine.optimizers.ftrl import Ftrl
from engine.optimizers.lamb import Lamb
from engine.optimizers.lion import Lion
from engine.optimizers.muon import Muon
from engine.optimizers.nadam import Nadam
from engine.optimizers.rmsprop import RMSprop
from engine.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from engine.optimizers.sgd import SGD
from losses.ground.lookup import catalogue

TABLE = catalogue(
    SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, Nadam, Lion, Lamb, Adafactor, ScheduleFreeAdamW, Ftrl, Muon,
    rmsprop=RMSprop, adamw=AdamW, schedulefreeadamw=ScheduleFreeAdamW,
)  # fmt: skip
