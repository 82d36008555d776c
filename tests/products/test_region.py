from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS

from errors import UserError
from products.grid import Grid
from products.product import Geolocation, Product
from products.region import finest_window, lonlat_bounds, usable
from products.sensor import Sensor
from products.window import Window

UTM33, UTM1, UTM56S = (CRS.from_epsg(code).to_wkt() for code in (32633, 32601, 32756))


class Grids(Product):
    """Grids without pixels."""

    def __init__(self, grids, places=None) -> None:
        bands = {f"B{m}": {"ground_sample_distance_m": m} for m in grids}
        sensor = Sensor(name="toy", bands=bands, dtype="uint16", nodata=0, valid_range=[1, 2], readers=[])
        super().__init__(Path("scene"), "scene", sensor, grids)
        self.places = places

    def read(self, ground_sample_distance_m, window):
        raise NotImplementedError

    def geolocation(self, ground_sample_distance_m, window):
        if self.places is None:
            return None
        rows, columns = window.inside(Window(0, 0, *self.grids[ground_sample_distance_m].shape))
        return Geolocation(*(axis[rows, columns] for axis in self.places))


def placed(pixel, height, width, left, top, crs=UTM33):
    return Grid(height, width, crs, (pixel, 0.0, left, 0.0, -pixel, top))


def sentinel2(rows=120, columns=180, left=330000, top=5822040, crs=UTM33):
    return Grids({m: placed(m, rows * 10 // m, columns * 10 // m, left, top, crs) for m in (10, 20, 60)})


def landsat(pan=(1207, 1254), others=(603, 627)):
    return Grids({15: placed(15, *pan, 452467.5, 3408652.5), 30: placed(30, *others, 452475, 3408645)})


def test_grids_that_are_no_multiples_share_what_all_of_them_cover():
    product = Grids({10: Grid(444, 456), 20: Grid(221, 227), 60: Grid(73, 75)})
    assert usable(product, [10, 20]) == Window(0, 0, 442, 454)
    assert usable(product, [10, 20, 60]) == Window(0, 0, 438, 450)


def test_the_panchromatic_grid_is_used_to_its_borders():
    """Its outermost pixels have their centres on the border of the 30 m grid."""
    assert usable(landsat(), [15, 30]) == Window(0, 0, 1207, 1254)
    assert usable(landsat(pan=(1209, 1256)), [15, 30]) == Window(0, 0, 1207, 1255)


def test_a_grid_that_the_product_lacks_is_told():
    with pytest.raises(UserError, match="scene: has no bands of 60 m; expected one of its grids, 15 m, 30 m"):
        usable(landsat(), [60])


@pytest.mark.parametrize(
    ("distances", "expected"),
    [((10, 20), (20, 30, 26, 40)), ((10, 20, 60), (18, 30, 30, 42)), ((10,), (21, 31, 25, 39))],
)
def test_pixels_grow_to_whole_pixels_of_the_coarsest_grid(distances, expected):
    window = finest_window(sentinel2(), distances, pixels=[31, 45, 69, 21])
    assert window == Window(*expected)


def test_pixels_are_cut_to_the_product():
    assert finest_window(sentinel2(), [20, 60], pixels=[-50, 100, 1000, 1000]) == Window(96, 0, 24, 180)
    odd = Grids({10: Grid(444, 456), 60: Grid(73, 75)})
    assert finest_window(odd, [10, 60], pixels=[400, 400, 460, 460]) == Window(396, 396, 42, 54)


def test_half_a_pixel_apart_a_pixel_belongs_to_the_cell_of_its_centre():
    assert finest_window(landsat(), [15, 30], pixels=[3, 4, 100, 101]) == Window(4, 2, 98, 100)
    assert finest_window(landsat(), [15, 30], pixels=[1200, 1190, 1300, 1300]) == Window(1190, 1200, 17, 54)


def test_without_a_region_all_that_is_usable_is_taken():
    assert finest_window(landsat(), [15, 30]) == Window(0, 0, 1207, 1254)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({"pixels": [500, 500, 600, 600]}, r"region.pixels: \[500, .* outside of scene; expected a part of \[0, 0, 179, 119\]"),
        ({"pixels": [0, 0, 100, 18]}, r"has a side of 190 m inside of scene; expected at least 192 m"),
        ({"pixels": [-50, 0, 5, 100]}, r"has a side of 60 m"),
        ({"pixels": [0, 0, 100]}, r"region.pixels: found \[0, 0, 100\]; expected \[x1, y1, x2, y2\]"),
        ({"pixels": [0, 0, 100, "a"]}, r"expected \[x1, y1, x2, y2\]"),
        ({"pixels": [0, 0, 100, 10.5]}, r"whole pixels"),
        ({"lonlat": [52.5, 12.5, 52.52, 12.52]}, r"outside of scene; expected a part of \[12\.\d+, 52\.\d+, .*longitude first"),
        ({"lonlat": [12.5, 100, 12.6, 52]}, r"in degrees, longitude first"),
        ({"lonlat": [12.5, 52.52, 12.5, 52.52]}, r"has a side of 10 m"),
        ({"pixels": [0, 0, 9, 9], "lonlat": [1, 2, 3, 4]}, "found pixels and lonlat; expected one of the two"),
    ],
)  # fmt: skip
def test_impossible_regions_are_refused(region, message):
    with pytest.raises(UserError, match=message):
        finest_window(sentinel2(), [10, 20], **region)


@pytest.mark.parametrize(
    ("lonlat", "row", "column"),
    [
        ((-88.21958, 31.35420), 0, 0),
        ((-85.80355, 31.35442), 0, 7660),
        ((-88.19366, 29.23760), 7820, 0),
        ((-85.82897, 29.23780), 7820, 7660),
    ],
)
def test_degrees_are_longitude_first(lonlat, row, column):
    """The corners of scene LC80200392015216LGN00 as its metadata give them: centres of the outermost pixels."""
    crs = CRS.from_epsg(32616).to_wkt()
    product = Grids({30: placed(30, 7821, 7661, 384000 - 15, 3469500 + 15, crs)})
    box = [lonlat[0] - 5e-5, lonlat[1] - 5e-5, lonlat[0] + 5e-5, lonlat[1] + 5e-5]  # 5 m each way
    assert finest_window(product, [30], lonlat=box, minimum_side_m=1) == Window(row, column, 1, 1)


def test_a_box_leans_on_the_map():
    """0.05 degrees of longitude are 3.39 km there, 0.04 of latitude 4.45 km, and meridians lean by 1.9 degrees."""
    window = finest_window(sentinel2(rows=1200, columns=1800), [10], lonlat=[12.55, 52.50, 12.60, 52.46])
    assert 350 <= window.width <= 358
    assert 454 <= window.height <= 460


def test_any_two_opposite_corners_will_do():
    product = sentinel2(rows=1200, columns=1800)
    boxes = [[12.55, 52.46, 12.60, 52.50], [12.60, 52.50, 12.55, 52.46], [12.55, 52.50, 12.60, 52.46]]
    assert len({finest_window(product, [10, 20, 60], lonlat=box) for box in boxes}) == 1


def test_the_bounds_of_a_product_are_all_of_it():
    product = sentinel2()
    west, south, east, north = lonlat_bounds(product)
    assert finest_window(product, [10, 20, 60], lonlat=[west, south, east, north]) == Window(0, 0, 120, 180)
    assert finest_window(product, [10, 20, 60], lonlat=[-180, -90, 180, 90]) == Window(0, 0, 120, 180)


def test_a_box_across_the_antimeridian():
    across = Grids({10: placed(10, 1200, 2400, 350000, 7300000, UTM1)})
    west, south, east, north = lonlat_bounds(across)
    assert west < 180 < east
    window = finest_window(across, [10], lonlat=[179.9, south, -179.9, north])
    assert window.column > 0
    assert window.right < 2400
    assert 700 < window.width < 1400  # 0.2 degrees at 65.8 N are 9.1 km, and the box leans


def test_the_southern_hemisphere():
    product = sentinel2(left=300000, top=6250000, crs=UTM56S)
    west, south, east, north = lonlat_bounds(product)
    assert (150.8 < west < east < 150.9) and (-33.9 < south < north < -33.8)


def test_a_swath_by_its_geolocation():
    rows, columns = np.mgrid[0:600, 0:80]
    places = (20 + 0.01 * columns + 0.001 * rows, 60 - 0.01 * rows)
    places[0][300, 40] = np.nan
    product = Grids({250: Grid(600, 80), 500: Grid(300, 40)}, places)
    window = finest_window(product, [250, 500], lonlat=[20.795, 57.004, 20.595, 56.896])
    # Rows 300 to 310 are at 57.0 to 56.9 N; columns 30 to 49 of the first and 29 to 48 of the last are inside.
    assert window == Window(300, 28, 12, 22)
    with pytest.raises(UserError, match=r"outside of scene; expected a part of \[20\.0000, 54\.0"):
        finest_window(product, [250], lonlat=[50, 57, 51, 58])


def test_degrees_need_a_georeference():
    with pytest.raises(UserError, match=r"region.lonlat: scene has no georeference; expected region.pixels"):
        finest_window(Grids({10: Grid(40, 40)}), [10], lonlat=[1, 2, 3, 4])
