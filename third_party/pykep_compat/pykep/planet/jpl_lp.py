"""The planets by JPL's low-precision elements.

Source: E. M. Standish, Keplerian Elements for Approximate Positions of the Major Planets, JPL Solar System
Dynamics, table 1 (1800 to 2050, mean ecliptic and equinox of J2000). "Earth" is the Earth-Moon barycentre.
"""

from typing import NamedTuple

from pykep.anomaly_conversions import par2ic
from pykep.constants import AU, DEG2RAD, MU_SUN
from pykep.kepler import State, eccentric_anomaly
from pykep.planet.base import base

_FIRST_MJD2000 = -73048.0  # 1800-Jan-01
_LAST_MJD2000 = 18263.0  # 2050-Jan-01
_DAYS_PER_CENTURY = 36525.0
_J2000_MJD2000 = 0.5  # the zero of the table is 2000-Jan-01 12:00
_SAFE_RADIUS_FACTOR = 1.1  # held to the reference for the Earth; PASEOS reads no safe radius


class _Planet(NamedTuple):
    """Elements a (AU), e, i, L, longitude of perihelion, longitude of node (degrees), and rates per century."""

    elements: tuple[float, float, float, float, float, float]
    rates: tuple[float, float, float, float, float, float]
    radius_m: float
    mu_m3_s2: float


_PLANETS = {
    "mercury": _Planet(
        (0.38709927, 0.20563593, 7.00497902, 252.25032350, 77.45779628, 48.33076593),
        (0.00000037, 0.00001906, -0.00594749, 149472.67411175, 0.16047689, -0.12534081),
        2440000.0,
        22032e9,
    ),
    "venus": _Planet(
        (0.72333566, 0.00677672, 3.39467605, 181.97909950, 131.60246718, 76.67984255),
        (0.00000390, -0.00004107, -0.00078890, 58517.81538729, 0.00268329, -0.27769418),
        6052000.0,
        324859e9,
    ),
    "earth": _Planet(
        (1.00000261, 0.01671123, -0.00001531, 100.46457166, 102.93768193, 0.0),
        (0.00000562, -0.00004392, -0.01294668, 35999.37244981, 0.32327364, 0.0),
        6378000.0,
        398600.4418e9,
    ),
    "mars": _Planet(
        (1.52371034, 0.09339410, 1.84969142, -4.55343205, -23.94362959, 49.55953891),
        (0.00001847, 0.00007882, -0.00813131, 19140.30268499, 0.44441088, -0.29257343),
        3397000.0,
        42828e9,
    ),
    "jupiter": _Planet(
        (5.20288700, 0.04838624, 1.30439695, 34.39644051, 14.72847983, 100.47390909),
        (-0.00011607, -0.00013253, -0.00183714, 3034.74612775, 0.21252668, 0.20469106),
        71492000.0,
        126686534e9,
    ),
    "saturn": _Planet(
        (9.53667594, 0.05386179, 2.48599187, 49.95424423, 92.59887831, 113.66242448),
        (-0.00125060, -0.00050991, 0.00193609, 1222.49362201, -0.41897216, -0.28867794),
        60330000.0,
        37931187e9,
    ),
    "uranus": _Planet(
        (19.18916464, 0.04725744, 0.77263783, 313.23810451, 170.95427630, 74.01692503),
        (-0.00196176, -0.00004397, -0.00242939, 428.48202785, 0.40805281, 0.04240589),
        25362000.0,
        5793939e9,
    ),
    "neptune": _Planet(
        (30.06992276, 0.00859048, 1.77004347, -55.12002969, 44.96476227, 131.78422574),
        (0.00026291, 0.00005105, 0.00035372, 218.45945325, -0.32241464, -0.00508664),
        24622000.0,
        6836529e9,
    ),
}


class jpl_lp(base):
    """A planet of the Sun, heliocentric in the ecliptic of J2000, 1800 to 2050.

    Args:
        name: mercury, venus, earth, mars, jupiter, saturn, uranus or neptune.

    Raises:
        ValueError: another name; and from `eph`, a date outside the table.
    """

    def __init__(self, name: str = "earth") -> None:
        key = name.lower()
        if key not in _PLANETS:
            raise ValueError(f"unknown planet {name!r}: expected one of {', '.join(_PLANETS)}")
        self._table = _PLANETS[key]
        radius = self._table.radius_m
        super().__init__(MU_SUN, self._table.mu_m3_s2, radius, radius * _SAFE_RADIUS_FACTOR, key)

    def _state(self, mjd2000: float) -> State:
        if not _FIRST_MJD2000 <= mjd2000 <= _LAST_MJD2000:
            raise ValueError(
                f"mjd2000 {mjd2000:g} is outside the years 1800 to 2050 of JPL's low-precision elements"
            )
        centuries = (mjd2000 - _J2000_MJD2000) / _DAYS_PER_CENTURY
        a, e, inclination, longitude, perihelion, node = (
            value + rate * centuries
            for value, rate in zip(self._table.elements, self._table.rates, strict=True)
        )
        mean_anomaly = (longitude - perihelion) * DEG2RAD
        return par2ic(
            (
                a * AU,
                e,
                inclination * DEG2RAD,
                node * DEG2RAD,
                (perihelion - node) * DEG2RAD,
                eccentric_anomaly(mean_anomaly, e),
            ),
            MU_SUN,
        )
