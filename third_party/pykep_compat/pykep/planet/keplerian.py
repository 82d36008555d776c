"""A body on a fixed two-body orbit."""

import math
from collections.abc import Sequence
from numbers import Real

from pykep.anomaly_conversions import as_vector, checked_elements, par2ic
from pykep.constants import DAY2SEC
from pykep.epoch import epoch
from pykep.kepler import State, eccentric_anomaly, propagate, semi_major_axis
from pykep.planet.base import base


class keplerian(base):
    """A body on a two-body orbit, given in one of two ways.

    `keplerian(when, position, velocity, mu_central_body, mu_self, radius, safe_radius[, name])`
    `keplerian(when, elements, mu_central_body, mu_self, radius, safe_radius[, name])`

    Args:
        when: epoch (or mjd2000 in days) at which the state or the elements hold.
        position, velocity: m and m/s. A straight fall (no sideways speed) is allowed as long as it is bound.
        elements: a (m), e, i, W, w, MEAN anomaly (radians).
        mu_central_body, mu_self: m^3/s^2. radius, safe_radius: m.

    Raises:
        ValueError: the orbit is not bound (e >= 1), or a size is negative.
        TypeError: the arguments fit neither form.
    """

    def __init__(self, when: epoch | float, *arguments: object) -> None:
        from_elements = len(arguments) > 1 and isinstance(arguments[1], Real)
        shortest = 5 if from_elements else 6
        if not shortest <= len(arguments) <= shortest + 1:
            raise TypeError(
                "expected keplerian(when, position, velocity, mu_central_body, mu_self, radius, safe_radius[, name]) "
                "or keplerian(when, elements, mu_central_body, mu_self, radius, safe_radius[, name])"
            )
        super().__init__(*arguments[1 if from_elements else 2 :])  # type: ignore[arg-type]
        self.ref_mjd2000 = when.mjd2000 if isinstance(when, epoch) else float(when)
        if from_elements:
            self._position, self._velocity = self._from_elements(arguments[0])  # type: ignore[arg-type]
        else:
            self._position = as_vector(arguments[0])  # type: ignore[arg-type]
            self._velocity = as_vector(arguments[1])  # type: ignore[arg-type]
        if not all(map(math.isfinite, self._position + self._velocity)):
            raise ValueError(f"{self.name}: position and velocity must be finite numbers")
        semi_major_axis(self._position, self._velocity, self.mu_central_body)  # refuses e >= 1 here and now

    def _from_elements(self, elements: Sequence[float]) -> State:
        a, e, inclination, node, periapsis, mean_anomaly = checked_elements(elements)
        anomaly = eccentric_anomaly(mean_anomaly, e)
        return par2ic((a, e, inclination, node, periapsis, anomaly), self.mu_central_body)

    @property
    def ref_epoch(self) -> epoch:
        """Epoch at which the state was given."""
        return epoch(self.ref_mjd2000)

    def _state(self, mjd2000: float) -> State:
        seconds = (mjd2000 - self.ref_mjd2000) * DAY2SEC
        return propagate(self._position, self._velocity, seconds, self.mu_central_body)
