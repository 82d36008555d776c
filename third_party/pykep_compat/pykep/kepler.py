"""Kepler's problem for bound orbits, in plain floats.

Sources: Battin, An Introduction to the Mathematics and Methods of Astrodynamics (1999), 4.3 (difference
equation of Kepler, Lagrange coefficients); any textbook for Kepler's equation.
"""

import math

Vector = tuple[float, float, float]
State = tuple[Vector, Vector]

_MAX_ITERATIONS = 100  # bisection alone ends in 60


def eccentric_anomaly(mean_anomaly: float, eccentricity: float) -> float:
    """Solve E - e sin E = M for E in radians; 0 <= e < 1, M in radians and of any size."""
    # The difference equation, seen from the periapsis, is Kepler's equation.
    return eccentric_anomaly_change(mean_anomaly, eccentricity, 0.0)


def eccentric_anomaly_change(mean_anomaly_change: float, e_cos_e: float, e_sin_e: float) -> float:
    """Solve dM = dE - e cos(E0) sin(dE) + e sin(E0) (1 - cos(dE)) for dE in radians.

    The right side never decreases (its slope is radius over semi-major axis), so Newton's steps are kept
    inside a bracket and always arrive, up to e = 1.

    Args:
        mean_anomaly_change: dM in radians.
        e_cos_e: e cos(E0) = 1 - r0 / a.
        e_sin_e: e sin(E0) = (r0 . v0) / sqrt(mu a).
    """
    whole_turns = round(mean_anomaly_change / (2.0 * math.pi)) * 2.0 * math.pi
    target = mean_anomaly_change - whole_turns
    eccentricity = math.hypot(e_cos_e, e_sin_e)
    low, high = target - 2.0 * eccentricity, target + 2.0 * eccentricity
    change = target + e_cos_e * math.sin(target) - e_sin_e * (1.0 - math.cos(target))
    change = min(max(change, low), high)
    for _ in range(_MAX_ITERATIONS):
        sine, cosine = math.sin(change), math.cos(change)
        residual = change - e_cos_e * sine + e_sin_e * (1.0 - cosine) - target
        if residual > 0.0:
            high = change
        else:
            low = change
        slope = 1.0 - e_cos_e * cosine + e_sin_e * sine
        following = change - residual / slope if slope > 0.0 else low - 1.0
        if not low <= following <= high:
            following = 0.5 * (low + high)
        if abs(following - change) <= 2e-16 * max(1.0, abs(change)):
            return following + whole_turns
        change = following
    return change + whole_turns


def semi_major_axis(position: Vector, velocity: Vector, mu: float) -> float:
    """Semi-major axis in m of the bound orbit through a state in m and m/s; mu in m^3/s^2.

    Raises:
        ValueError: the position is the origin, or the orbit is not bound (parabola or hyperbola, e >= 1).
    """
    radius = math.hypot(*position)
    if radius == 0.0:
        raise ValueError("an orbit cannot start at the centre of its central body (position is 0, 0, 0)")
    reciprocal = 2.0 / radius - math.fsum(v * v for v in velocity) / mu
    if not reciprocal > 0.0:
        raise ValueError(
            f"this stand-in of pykep propagates bound orbits only (eccentricity < 1): at {radius:.6g} m a speed of "
            f"{math.hypot(*velocity):.6g} m/s reaches the escape speed of {math.sqrt(2.0 * mu / radius):.6g} m/s"
        )
    return 1.0 / reciprocal


def propagate(position: Vector, velocity: Vector, seconds: float, mu: float) -> State:
    """State after `seconds` on a bound two-body orbit, by Lagrange coefficients (safe for e = 0 and i = 0).

    Args:
        position: m. velocity: m/s. mu: m^3/s^2.

    Raises:
        ValueError: the orbit is not bound.
    """
    if seconds == 0.0:
        return position, velocity
    a = semi_major_axis(position, velocity, mu)
    x, y, z = position
    vx, vy, vz = velocity
    radius = math.sqrt(x * x + y * y + z * z)
    root_mu_a = math.sqrt(mu * a)
    mean_motion = math.sqrt(mu / a) / a
    e_cos_e = 1.0 - radius / a
    e_sin_e = (x * vx + y * vy + z * vz) / root_mu_a
    change = eccentric_anomaly_change(mean_motion * seconds, e_cos_e, e_sin_e)
    sine = math.sin(change)
    one_minus_cosine = 2.0 * math.sin(0.5 * change) ** 2
    radius_after = a * (1.0 - e_cos_e * (1.0 - one_minus_cosine) + e_sin_e * sine)
    f = 1.0 - a / radius * one_minus_cosine
    g = (radius * sine / mean_motion + a * e_sin_e / mean_motion * one_minus_cosine) / a
    f_dot = -root_mu_a / (radius * radius_after) * sine
    g_dot = 1.0 - a / radius_after * one_minus_cosine
    return (
        (f * x + g * vx, f * y + g * vy, f * z + g * vz),
        (f_dot * x + g_dot * vx, f_dot * y + g_dot * vy, f_dot * z + g_dot * vz),
    )
