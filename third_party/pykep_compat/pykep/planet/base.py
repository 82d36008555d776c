"""What every body has: a name, sizes, gravity, and a state at any time."""

import math
from abc import ABC, abstractmethod

from pykep.anomaly_conversions import Elements, ic2par
from pykep.epoch import epoch
from pykep.kepler import State, semi_major_axis


class base(ABC):
    """A body that orbits a central body.

    Args:
        mu_central_body: gravitational parameter of what it orbits (m^3/s^2).
        mu_self: its own gravitational parameter (m^3/s^2).
        radius: m.
        safe_radius: how near a spacecraft may come (m).
        name: free text.

    Raises:
        ValueError: a negative size or gravity, or a safe radius below the radius.
    """

    def __init__(
        self,
        mu_central_body: float,
        mu_self: float,
        radius: float,
        safe_radius: float,
        name: str = "unknown",
    ) -> None:
        self.mu_central_body = float(mu_central_body)
        self.mu_self = float(mu_self)
        self.radius = float(radius)
        self.safe_radius = float(safe_radius)
        self.name = str(name)
        if not self.mu_central_body > 0.0:
            raise ValueError(
                f"{name}: mu of the central body must be positive, found {mu_central_body} m^3/s^2"
            )
        if self.mu_self < 0.0 or self.radius < 0.0:
            raise ValueError(f"{name}: mu and radius must not be negative, found {mu_self} and {radius}")
        if self.safe_radius < self.radius:
            raise ValueError(f"{name}: the safe radius {safe_radius} m is below the radius {radius} m")

    def eph(self, when: epoch | float) -> State:
        """Position (m) and velocity (m/s), a tuple of three floats each, at an epoch or mjd2000 (days)."""
        return self._state(when.mjd2000 if isinstance(when, epoch) else float(when))

    @abstractmethod
    def _state(self, mjd2000: float) -> State:
        """State at a date in days since 2000-Jan-01 00:00."""

    def compute_period(self, when: epoch | float | None = None) -> float:
        """Period in s of the orbit that it is on at `when` (default: mjd2000 0)."""
        position, velocity = self.eph(0.0 if when is None else when)
        a = semi_major_axis(position, velocity, self.mu_central_body)
        return 2.0 * math.pi * math.sqrt(a**3 / self.mu_central_body)

    def osculating_elements(self, when: epoch | float | None = None) -> Elements:
        """Elements (a in m, e, i, W, w, MEAN anomaly in radians) at `when` (default: mjd2000 0)."""
        position, velocity = self.eph(0.0 if when is None else when)
        a, e, inclination, node, periapsis, anomaly = ic2par(position, velocity, self.mu_central_body)
        return a, e, inclination, node, periapsis, anomaly - e * math.sin(anomaly)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} {self.name!r} (stand-in of pykep): radius {self.radius:g} m, "
            f"mu {self.mu_self:g} m^3/s^2, around mu {self.mu_central_body:g} m^3/s^2"
        )
