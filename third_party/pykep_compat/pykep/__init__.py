"""A minimal stand-in for pykep 2.6 (NOT pykep): what PASEOS 0.2.1 calls, and nothing else."""

from pykep import planet
from pykep.anomaly_conversions import ic2par, par2ic
from pykep.constants import (
    AU,
    DAY2SEC,
    DEG2RAD,
    EARTH_RADIUS,
    MU_EARTH,
    MU_SUN,
    RAD2DEG,
    SEC2DAY,
)
from pykep.epoch import epoch
from pykep.epoch_text import epoch_from_iso_string, epoch_from_string

__version__ = "2.6.3"
__standin__ = True  # tells a run record (and a curious user) that this is not ESA's pykep

__all__ = [
    "AU",
    "DAY2SEC",
    "DEG2RAD",
    "EARTH_RADIUS",
    "MU_EARTH",
    "MU_SUN",
    "RAD2DEG",
    "SEC2DAY",
    "epoch",
    "epoch_from_iso_string",
    "epoch_from_string",
    "ic2par",
    "par2ic",
    "planet",
]
