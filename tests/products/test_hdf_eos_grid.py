from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import transform

from errors import UserError
from products.hdf_eos_grid import grids_of_fields

TILE = """GROUP=GridStructure
    GROUP=GRID_1
        GridName="MODIS_Grid_500m_2D"
        XDim=2400
        YDim=2400
        UpperLeftPointMtrs=(0.000000,5559752.598333)
        LowerRightMtrs=(1111950.519667,4447802.078667)
        Projection=GCTP_SNSOID
        ProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)
        GROUP=DataField
            OBJECT=DataField_1
                DataFieldName="sur_refl_b01_1"
            END_OBJECT=DataField_1
        END_GROUP=DataField
    END_GROUP=GRID_1
END_GROUP=GridStructure
"""
KEY = ("MODIS_Grid_500m_2D", "sur_refl_b01_1")


def test_a_tile_of_the_sinusoidal_map():
    """h18v04 reaches from 50 to 40 degrees north, and from the prime meridian to 10 degrees / cos(latitude)."""
    grid = grids_of_fields(Path("a.hdf"), {"StructMetadata.0": TILE[:300], "StructMetadata.1": TILE[300:]})[
        KEY
    ]
    assert grid.shape == (2400, 2400)
    to_map = Affine(*grid.transform)
    corners = [to_map @ corner for corner in ((0, 0), (2400, 2400), (2400, 0))]
    longitude, latitude = transform(CRS.from_wkt(grid.crs), "EPSG:4326", *zip(*corners, strict=True))
    np.testing.assert_allclose(latitude, [50, 40, 50], atol=1e-5)
    np.testing.assert_allclose(
        longitude, [0, 10 / np.cos(np.radians(40)), 10 / np.cos(np.radians(50))], atol=1e-5
    )


def test_a_geographic_grid_has_packed_angles():
    text = TILE.replace("GCTP_SNSOID", "GCTP_GEO").replace(
        "0.000000,5559752.598333", "-10030000.0,60000000.0"
    )
    text = text.replace("1111950.519667,4447802.078667", "2000000.0,57000000.0")
    grid = grids_of_fields(Path("a.hdf"), {"StructMetadata.0": text})[KEY]
    assert CRS.from_wkt(grid.crs) == CRS.from_epsg(4326)
    assert grid.transform == pytest.approx((12.5 / 2400, 0, -10.5, 0, -3 / 2400, 60))


def test_swaths_have_no_map_grid():
    assert (
        grids_of_fields(Path("a.hdf"), {"StructMetadata.0": "GROUP=SwathStructure\nEND_GROUP=SwathStructure"})
        == {}
    )
    assert grids_of_fields(Path("a.hdf"), {}) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("XDim=2400", "", "without XDim"),
        ("GCTP_SNSOID", "GCTP_LAMAZ", "projection GCTP_LAMAZ, expected GCTP_SNSOID"),
    ],
)
def test_an_incomplete_or_unknown_grid_is_told(old, new, message):
    with pytest.raises(UserError, match=rf"a\.hdf: found .*{message}"):
        grids_of_fields(Path("a.hdf"), {"StructMetadata.0": TILE.replace(old, new)})
