"""Physical constants of pykep 2.6, in SI units unless the name says otherwise."""

import math

DAY2SEC = 86400.0
"""Seconds in a day."""
SEC2DAY = 1.0 / 86400.0
"""Days in a second."""
DEG2RAD = math.pi / 180.0
"""Radians in a degree."""
RAD2DEG = 180.0 / math.pi
"""Degrees in a radian."""
AU = 149597870691.0
"""Astronomical unit in m (JPL DE405)."""
MU_SUN = 1.32712440018e20
"""Gravitational parameter of the Sun in m^3/s^2."""
MU_EARTH = 398600441800000.0
"""Gravitational parameter of the Earth in m^3/s^2 (EGM96)."""
EARTH_RADIUS = 6378137.0
"""Equatorial radius of the Earth in m (WGS 84)."""
