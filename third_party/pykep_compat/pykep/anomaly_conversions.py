"""Between Cartesian states and the elements (a, e, i, W, w, E): note the ECCENTRIC anomaly E."""

import math
from collections.abc import Sequence

from pykep.kepler import State, Vector, semi_major_axis

Elements = tuple[float, float, float, float, float, float]


def par2ic(elements: Sequence[float], mu: float = 1.0) -> State:
    """State from orbital elements.

    Args:
        elements: semi-major axis (m), eccentricity, inclination, right ascension of the ascending node, argument
            of periapsis, ECCENTRIC anomaly (radians).
        mu: gravitational parameter (m^3/s^2).

    Returns:
        position (m) and velocity (m/s).

    Raises:
        ValueError: not six elements, a <= 0, or eccentricity outside [0, 1).
    """
    a, e, inclination, node, periapsis, anomaly = checked_elements(elements)
    semi_minor_axis = a * math.sqrt((1.0 - e) * (1.0 + e))
    cosine, sine = math.cos(anomaly), math.sin(anomaly)
    mean_motion = math.sqrt(mu / a) / a
    anomaly_rate = mean_motion / (1.0 - e * cosine)
    # along the line of apsides, and across it in the plane of the orbit
    along, across = a * (cosine - e), semi_minor_axis * sine
    along_rate, across_rate = -a * sine * anomaly_rate, semi_minor_axis * cosine * anomaly_rate
    cos_node, sin_node = math.cos(node), math.sin(node)
    cos_peri, sin_peri = math.cos(periapsis), math.sin(periapsis)
    cos_incl, sin_incl = math.cos(inclination), math.sin(inclination)
    apsis = (
        cos_node * cos_peri - sin_node * sin_peri * cos_incl,
        sin_node * cos_peri + cos_node * sin_peri * cos_incl,
        sin_peri * sin_incl,
    )
    normal = (
        -cos_node * sin_peri - sin_node * cos_peri * cos_incl,
        -sin_node * sin_peri + cos_node * cos_peri * cos_incl,
        cos_peri * sin_incl,
    )
    return _combine(along, apsis, across, normal), _combine(along_rate, apsis, across_rate, normal)


def ic2par(position: Sequence[float], velocity: Sequence[float], mu: float = 1.0) -> Elements:
    """Elements (a, e, i, W, w, E) from a state, angles in [0, 2 pi), E being the ECCENTRIC anomaly.

    Where the node is undefined (equatorial orbit) it is the x axis, where the periapsis is undefined
    (circular orbit) it is the node; `par2ic` of the result gives the state back either way.

    Args:
        position: m. velocity: m/s. mu: m^3/s^2.

    Raises:
        ValueError: the orbit is not bound, or a straight line through the centre.
    """
    r = as_vector(position)
    v = as_vector(velocity)
    a = semi_major_axis(r, v, mu)
    momentum = _cross(r, v)
    size = math.hypot(*momentum)
    if size == 0.0:
        raise ValueError(
            "a straight fall through the centre has no orbital elements (position parallel to velocity)"
        )
    inclination = math.atan2(math.hypot(momentum[0], momentum[1]), momentum[2])
    equatorial = math.hypot(momentum[0], momentum[1]) < 1e-14 * size
    node = 0.0 if equatorial else math.atan2(momentum[0], -momentum[1])
    # in-plane axes: along the node, and 90 degrees ahead of it
    node_axis = (math.cos(node), math.sin(node), 0.0)
    unit_momentum = (momentum[0] / size, momentum[1] / size, momentum[2] / size)
    ahead_axis = _cross(unit_momentum, node_axis)
    radius = math.hypot(*r)
    e_cos_e = 1.0 - radius / a
    e_sin_e = _dot(r, v) / math.sqrt(mu * a)
    e = math.hypot(e_cos_e, e_sin_e)
    latitude_argument = math.atan2(_dot(r, ahead_axis), _dot(r, node_axis))
    if e < 1e-14:
        return a, e, inclination, node % math.tau, 0.0, latitude_argument % math.tau
    anomaly = math.atan2(e_sin_e, e_cos_e)
    true_anomaly = math.atan2(math.sqrt((1.0 - e) * (1.0 + e)) * math.sin(anomaly), math.cos(anomaly) - e)
    periapsis = latitude_argument - true_anomaly
    return a, e, inclination, node % math.tau, periapsis % math.tau, anomaly % math.tau


def checked_elements(elements: Sequence[float]) -> Elements:
    """Six floats of a bound orbit, or ValueError saying what is wrong."""
    if len(elements) != 6:
        raise ValueError(f"expected six orbital elements (a, e, i, W, w, anomaly), found {len(elements)}")
    a, e, inclination, node, periapsis, anomaly = (float(value) for value in elements)
    if not 0.0 <= e < 1.0:
        raise ValueError(
            f"this stand-in of pykep propagates bound orbits only: eccentricity must be in [0, 1), found {e:.6g}"
        )
    if not a > 0.0:
        raise ValueError(f"the semi-major axis of a bound orbit must be positive, found {a:.6g} m")
    return a, e, inclination, node, periapsis, anomaly


def as_vector(values: Sequence[float]) -> Vector:
    """Three plain floats, or ValueError."""
    if len(values) != 3:
        raise ValueError(f"expected three components, found {len(values)}")
    x, y, z = (float(value) for value in values)
    return x, y, z


def _combine(p: float, first: Vector, q: float, second: Vector) -> Vector:
    return (
        p * first[0] + q * second[0],
        p * first[1] + q * second[1],
        p * first[2] + q * second[2],
    )


def _dot(first: Vector, second: Vector) -> float:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def _cross(first: Vector, second: Vector) -> Vector:
    return (
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    )
