"""Bands found by what they see."""

from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from products.band_roles import BandRoles


@pytest.fixture
def roles(repository: Path) -> BandRoles:
    return instantiate(OmegaConf.load(repository / "conf" / "band_roles" / "default.yaml"))


def test_names_are_found_in_any_case_and_order(roles: BandRoles) -> None:
    assert roles.indices(["red", "green", "blue"], ["B1", "B2", "B3", "B4"]) == [3, 2, 1]
    assert roles.indices(["swir22", "nir", "red"], ["Blue", "Green", "Red", "NIR", "SWIR16", "SWIR22"]) == [
        5,
        3,
        2,
    ]
    assert roles.index("nir", ["B8A", "B8"]) == 1  # the likelier name first


def test_what_is_missing_is_named(roles: BandRoles) -> None:
    bands = ["B2", "altitude"]
    assert roles.index("nir", bands) is None and roles.indices(["blue", "nir"], bands) is None
    assert (
        roles.missing(["blue", "swir16"], bands)
        == "no band for swir16 (B11, swir16, swir1, swir); found B2, altitude"
    )
    assert roles.missing(["blue"], bands) == ""


def test_landsat_numbers_mean_other_bands(repository: Path) -> None:
    roles = instantiate(OmegaConf.load(repository / "conf" / "band_roles" / "landsat8.yaml"))
    assert roles.indices(["nir", "swir16"], [f"B{number}" for number in range(1, 8)]) == [4, 5]


def test_a_role_without_names_is_refused() -> None:
    with pytest.raises(UserError, match=r"band_roles\.red: found no names"):
        BandRoles(red=[])
