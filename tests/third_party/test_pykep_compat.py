"""The stand-in of pykep against numbers computed with the real pykep 2.6."""

import copy
import json
import math
import pickle
from pathlib import Path
from typing import Any

import pykep as pk
import pytest

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "paseos_reference_excerpt.json").read_text(encoding="utf-8")
)
T0 = REFERENCE["t0_mjd2000"]
TLE_LINES = (REFERENCE["tle"]["line1"], REFERENCE["tle"]["line2"])


def satellite(elements_or_position, *velocity) -> pk.planet.keplerian:
    return pk.planet.keplerian(pk.epoch(T0), elements_or_position, *velocity, pk.MU_EARTH, 1.0, 1.0, 1.0, "a")


def test_says_what_it_is():
    assert pk.__standin__ is True
    assert pk.__version__.startswith("2.6.")


def test_constants():
    for name, value in REFERENCE["constants"].items():
        assert getattr(pk, name) == value, name


# --- epochs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", REFERENCE["epochs"], ids=lambda row: row["input"])
def test_epoch_from_string_and_back(row):
    epoch = pk.epoch_from_string(row["input"])
    assert epoch.mjd2000 == row["mjd2000"]
    assert str(epoch) == row["str"]
    assert str(pk.epoch(row["mjd2000"])) == row["str"]


@pytest.mark.parametrize(
    "text", ["2023-December-17 14:42:42", "2023/12/17 14:42:42", "2023-DEC-17 14:42:42.000"]
)
def test_epoch_from_string_other_forms(text):
    assert pk.epoch_from_string(text).mjd2000 == T0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2023-12-17", IndexError),
        ("2023-02-30 00:00:00", IndexError),
        ("2023-Foo-17 00:00:00", IndexError),
        ("2023-12-17T14:42:42", RuntimeError),
        ("20231217T144242", RuntimeError),
        ("garbage", RuntimeError),
        ("", RuntimeError),
    ],
)
def test_epoch_from_string_refuses(text, error):
    with pytest.raises(error):
        pk.epoch_from_string(text)


def test_epoch_from_iso_string():
    assert pk.epoch_from_iso_string("20231217T144242").mjd2000 == T0
    with pytest.raises(RuntimeError):
        pk.epoch_from_iso_string("2023-12-17 14:42:42")
    with pytest.raises(IndexError):
        pk.epoch_from_iso_string("20231317T144242")


def test_epoch_types_of_julian_date():
    assert pk.epoch().mjd2000 == 0.0
    assert pk.epoch(51544.0, "mjd") == pk.epoch(0) == pk.epoch(2451544.5, "jd")
    assert (pk.epoch(1).mjd, pk.epoch(1).jd) == (51545.0, 2451545.5)
    with pytest.raises(ValueError, match="mjd2000, mjd, jd"):
        pk.epoch(0.0, "unix")
    with pytest.raises(ValueError, match="finite"):
        pk.epoch(math.nan)


def test_epoch_is_a_value_without_order():
    epoch = pk.epoch(T0)
    assert epoch == pk.epoch(T0)
    assert epoch != pk.epoch(T0 + 1)
    assert epoch != T0
    assert len({epoch, pk.epoch(T0)}) == 1
    assert pickle.loads(pickle.dumps(epoch)) == copy.deepcopy(epoch) == epoch
    with pytest.raises(TypeError):
        _ = epoch < pk.epoch(T0 + 1)


# --- planets --------------------------------------------------------------------------------------------------


def test_earth_attributes():
    earth = pk.planet.jpl_lp("earth")
    for name, value in REFERENCE["jpl_lp_earth"].items():
        assert getattr(earth, name) == value, name


@pytest.mark.parametrize("row", REFERENCE["jpl_lp_earth_eph"], ids=lambda row: str(row["mjd2000"]))
def test_earth_ephemeris(row):
    position, velocity = pk.planet.jpl_lp("earth").eph(pk.epoch(row["mjd2000"]))
    assert math.dist(position, row["r_m"]) < 1e-12 * math.hypot(*row["r_m"])
    assert math.dist(velocity, row["v_m_s"]) < 1e-12 * math.hypot(*row["v_m_s"])
    assert all(type(value) is float for value in position + velocity)


@pytest.mark.parametrize("row", REFERENCE["jpl_lp_other"], ids=lambda row: row["name"])
def test_other_planets(row):
    planet = pk.planet.jpl_lp(row["name"])
    assert (planet.radius, planet.mu_self) == (row["radius"], row["mu_self"])
    position, velocity = planet.eph(row["mjd2000"])
    assert math.dist(position, row["r_m"]) < 1e-12 * math.hypot(*row["r_m"])
    assert math.dist(velocity, row["v_m_s"]) < 1e-12 * math.hypot(*row["v_m_s"])


def test_planets_outside_the_table():
    with pytest.raises(ValueError, match="1800 to 2050"):
        pk.planet.jpl_lp("earth").eph(18300.0)
    with pytest.raises(ValueError, match="unknown planet 'vulcan'"):
        pk.planet.jpl_lp("vulcan")


# --- two-body orbits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", REFERENCE["constellation"], ids=lambda row: row["name"])
def test_constellation_over_thirty_days(row):
    position, velocity = pk.par2ic(row["elements_a_e_i_W_w_M"], pk.MU_EARTH)
    assert math.dist(position, row["par2ic_r_m"]) < 1e-6
    assert math.dist(velocity, row["par2ic_v_m_s"]) < 1e-9
    assert row["eph"][-1]["dt_s"] == 30 * 86400
    for orbit in (satellite(position, velocity), satellite(row["elements_a_e_i_W_w_M"])):
        for state in row["eph"]:
            position_then, velocity_then = orbit.eph(pk.epoch(T0 + state["dt_s"] * pk.SEC2DAY))
            assert math.dist(position_then, state["r_m"]) < 1e-3
            assert math.dist(velocity_then, state["v_m_s"]) < 1e-6


@pytest.mark.parametrize("row", REFERENCE["keplerian_general"], ids=lambda row: f"e={row['elements'][1]}")
def test_which_anomaly_is_meant(row):
    """par2ic takes the eccentric, keplerian(elements) the mean anomaly."""
    later = pk.epoch(T0 + 5000.0 * pk.SEC2DAY)
    state = pk.par2ic(row["elements"], pk.MU_EARTH)
    from_elements, from_state = satellite(row["elements"]), satellite(*state)
    cases = [
        (state, (row["par2ic_r"], row["par2ic_v"])),
        (from_state.eph(T0), state),
        (from_elements.eph(T0), row["keplerian_eph_t0"]),
        (from_elements.eph(later), row["keplerian_eph_t0_plus_5000s"]),
        (from_state.eph(later), row["from_rv_eph_plus_5000s"]),
    ]
    for (position, velocity), (expected_position, expected_velocity) in cases:
        assert math.dist(position, expected_position) < 1e-4
        assert math.dist(velocity, expected_velocity) < 1e-7
    assert from_elements.compute_period(later) == pytest.approx(row["compute_period"], rel=1e-13)
    assert from_elements.osculating_elements(T0)[5] == pytest.approx(
        row["elements"][5]
        + (
            row["elements"][4] if row["elements"][1] == 0.0 else 0.0  # circular: counted from the node
        ),
        rel=1e-12,
    )


@pytest.mark.parametrize(
    "elements",
    [
        (7e6, 0.0, 0.0, 0.0, 0.0, 1.0),  # neither node nor periapsis
        (7e6, 0.0, 1.2, 2.0, 0.0, 4.0),  # no periapsis
        (9e6, 0.2, 0.0, 0.0, 1.0, 5.0),  # no node
        (9e6, 0.2, math.pi, 0.0, 1.0, 5.0),  # no node, backwards
        (3e7, 0.99, 2.5, 6.0, 5.0, 3.0),
    ],
)
def test_ic2par_inverts_par2ic(elements):
    position, velocity = pk.par2ic(elements, pk.MU_EARTH)
    position_again, velocity_again = pk.par2ic(pk.ic2par(position, velocity, pk.MU_EARTH), pk.MU_EARTH)
    assert math.dist(position, position_again) < 1e-5
    assert math.dist(velocity, velocity_again) < 1e-8


@pytest.mark.parametrize("eccentricity", [0.0, 0.5, 0.97, 0.9999])
def test_propagation_equals_keplers_equation(eccentricity):
    """From a state anywhere on the orbit, by any time: the same place as from the elements."""
    for mean_anomaly in (0.0, 0.01, 1.0, 3.1, 6.2):
        elements = (4e7, eccentricity, 0.7, 0.1, 0.2, mean_anomaly)
        orbit = satellite(elements)
        turn = orbit.compute_period()
        again = satellite(*orbit.eph(T0))
        for share_of_turn in (-0.3, 0.001, 0.5, 0.77, 12.25):
            later = T0 + share_of_turn * turn * pk.SEC2DAY
            expected = satellite((*elements[:5], mean_anomaly + share_of_turn * 2 * math.pi)).eph(T0)[0]
            tolerance = 0.01 / (1.0 - eccentricity)  # rounding of the date, amplified at the periapsis
            assert math.dist(again.eph(later)[0], expected) < tolerance


@pytest.mark.parametrize("speed_m_s", [8928.7, 20000.0])
def test_unbound_state_is_refused(speed_m_s):
    with pytest.raises(ValueError, match="bound orbits only"):
        satellite((1e7, 0.0, 0.0), (0.0, speed_m_s, 0.0))


@pytest.mark.parametrize("eccentricity", [1.0, 1.5, -0.1])
def test_unbound_elements_are_refused(eccentricity):
    elements = (1e7, eccentricity, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="eccentricity"):
        satellite(elements)
    with pytest.raises(ValueError, match="eccentricity"):
        pk.par2ic(elements, pk.MU_EARTH)


def test_satellite_at_rest_falls():
    """PASEOS's own tests put satellites at rest; a bound fall is propagated."""
    orbit = satellite((1e7, 0.0, 0.0), (0.0, 0.0, 0.0))
    gravity = pk.MU_EARTH / 1e7**2
    position, velocity = orbit.eph(pk.epoch(T0 + 1.0 * pk.SEC2DAY))
    assert position[0] == pytest.approx(1e7 - 0.5 * gravity, abs=1e-3)
    assert velocity[0] == pytest.approx(-gravity, rel=1e-5)
    assert position[1:] == (0.0, 0.0)


@pytest.mark.parametrize("arguments", [(), ((1e7, 0, 0),), ((1e7, 0, 0), (0, 7e3, 0), pk.MU_EARTH)])
def test_keplerian_needs_all_arguments(arguments):
    with pytest.raises(TypeError, match="expected keplerian"):
        pk.planet.keplerian(pk.epoch(0), *arguments)


# --- two-line elements ----------------------------------------------------------------------------------------


def test_tle_states():
    satellite_2a = pk.planet.tle(*TLE_LINES)
    assert satellite_2a.ref_mjd2000 == REFERENCE["tle"]["ref_mjd2000"]
    assert satellite_2a.name == REFERENCE["tle"]["name"]
    for row in REFERENCE["tle"]["eph"]:
        position, velocity = satellite_2a.eph(pk.epoch(row["mjd2000"]))
        assert math.dist(position, row["r_m"]) < 10.0
        assert math.dist(velocity, row["v_m_s"]) < 0.01


@pytest.mark.parametrize(
    "lines",
    [
        ("garbage", "garbage"),
        ("", ""),
        TLE_LINES[::-1],
        (TLE_LINES[0], TLE_LINES[1].replace("40697", "40698")),
        (TLE_LINES[0], TLE_LINES[1].replace("98.5688", "98.5x88")),
        (TLE_LINES[0][:40], TLE_LINES[1]),
    ],
)
def test_tle_refuses(lines):
    with pytest.raises(RuntimeError, match=r"TLE|two satellites"):
        pk.planet.tle(*lines)


def test_bodies_can_be_copied_and_pickled():
    for body in (pk.planet.tle(*TLE_LINES), pk.planet.jpl_lp("mars"), satellite((7e6, 0, 0), (0, 7e3, 0))):
        assert "pykep.planet" in str(type(body))
        assert pickle.loads(pickle.dumps(body)).eph(8400.0) == body.eph(8400.0)
        assert copy.deepcopy(body).eph(8400.0) == body.eph(8400.0)
        assert body.name in repr(body)
