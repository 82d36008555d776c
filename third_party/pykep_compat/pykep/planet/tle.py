"""An Earth satellite from a two-line element set, by SGP4."""

from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from pykep.constants import MU_EARTH
from pykep.epoch import epoch
from pykep.kepler import State
from pykep.planet.base import base

_JD_OFFSET_DAYS = 2451544.5
_MINUTES_PER_DAY = 1440.0
_FIRST_YEAR_OF_1900S = 57  # two-digit years from 57 belong to the 1900s: Sputnik
# columns that must hold a number, as (first, after the last): epoch and first derivative of the mean motion;
# inclination, node, eccentricity, argument of perigee, mean anomaly, mean motion
_NUMBERS = {"1": ((18, 32), (33, 43)), "2": ((8, 16), (17, 25), (26, 33), (34, 42), (43, 51), (52, 63))}


class tle(base):
    """An Earth satellite from the two lines of its TLE; states in m and m/s, frame TEME of date.

    The checksums at the ends of the lines are not compared, as in pykep 2.6: whoever reads lines from a user does.

    Args:
        line1, line2: the two lines, 69 characters each (the checksum may be missing).

    Raises:
        RuntimeError: the lines are not a TLE; and from `eph`, SGP4 refuses the date (the satellite has decayed).
    """

    def __init__(self, line1: str, line2: str) -> None:
        line1, line2 = line1.rstrip(), line2.rstrip()
        _check_form("1", line1)
        _check_form("2", line2)
        if line1[2:7] != line2[2:7]:
            raise RuntimeError(f"the lines belong to two satellites: {line1[2:7]} and {line2[2:7]}")
        try:
            self._satellite = Satrec.twoline2rv(line1, line2, WGS72)
        except ValueError as error:
            raise RuntimeError(f"not a TLE: {error}") from error
        if self._satellite.error:
            raise RuntimeError(f"SGP4 refuses this TLE: {SGP4_ERRORS[self._satellite.error]}")
        self._lines = (line1, line2)
        designator = line1[9:17]
        century = "19" if int(line1[18:20]) >= _FIRST_YEAR_OF_1900S else "20"
        name = f"{century}{designator[:2]}-{designator[2:]}"
        super().__init__(MU_EARTH, 0.0, 0.0, 0.0, name)
        self.ref_mjd2000 = self._satellite.jdsatepoch + self._satellite.jdsatepochF - _JD_OFFSET_DAYS

    @property
    def ref_epoch(self) -> epoch:
        """Epoch of the element set."""
        return epoch(self.ref_mjd2000)

    def _state(self, mjd2000: float) -> State:
        error, r, v = self._satellite.sgp4_tsince((mjd2000 - self.ref_mjd2000) * _MINUTES_PER_DAY)
        if error:
            raise RuntimeError(
                f"SGP4 cannot propagate {self.name} to mjd2000 {mjd2000:g}: {SGP4_ERRORS[error]}"
            )
        return (
            (r[0] * 1000.0, r[1] * 1000.0, r[2] * 1000.0),
            (v[0] * 1000.0, v[1] * 1000.0, v[2] * 1000.0),
        )

    # SGP4's own record cannot be copied or pickled; the lines can.
    def __reduce__(self) -> tuple[type["tle"], tuple[str, str]]:
        return tle, self._lines


def _check_form(number: str, line: str) -> None:
    """Raise RuntimeError unless the line has the length, the number and the numeric columns of a TLE's."""
    if not 68 <= len(line) <= 69 or not line.startswith(f"{number} "):
        raise RuntimeError(f"not line {number} of a TLE (69 characters, beginning with {number!r}): {line!r}")
    for first, end in _NUMBERS[number]:
        try:
            float(line[first:end])
        except ValueError as error:
            raise RuntimeError(
                f"columns {first + 1} to {end} of line {number} of a TLE must hold a number: {line!r}"
            ) from error
