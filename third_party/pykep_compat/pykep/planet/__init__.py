"""Bodies that know where they are: `keplerian`, `jpl_lp` and `tle`."""

from pykep.planet.base import base
from pykep.planet.jpl_lp import jpl_lp
from pykep.planet.keplerian import keplerian
from pykep.planet.tle import tle

__all__ = ["base", "jpl_lp", "keplerian", "tle"]
