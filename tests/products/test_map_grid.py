import pytest
from rasterio.crs import CRS

from errors import UserError
from products.map_grid import MapGrid
from products.swath_pixels import DEGREE_M, SwathPixels
from products.window import Window
from tests.fakes import swaths


def around(folder, crs, resolution_m, **where):
    crs = CRS.from_user_input(crs)
    with swaths.sensor("modis").open(swaths.write(folder, **where)) as product:
        pixels = SwathPixels(product, Window(0, 0, 80, 64), 250, crs)
    return pixels, MapGrid.around(pixels, crs, resolution_m)


@pytest.mark.parametrize(
    ("crs", "resolution_m"), [("EPSG:32633", 250), ("EPSG:4326", 400), ("EPSG:2277", 300)]
)
def test_the_smallest_grid_of_whole_cells_that_holds_every_centre(tmp_path, crs, resolution_m):
    """Edges are multiples of the cell's side; EPSG:2277 counts in feet, EPSG:4326 in degrees."""
    where = {"longitude": -97.0, "latitude": 30.0} if crs == "EPSG:2277" else {}
    pixels, grid = around(tmp_path, crs, resolution_m, **where)
    unit = {"EPSG:32633": 1.0, "EPSG:4326": DEGREE_M, "EPSG:2277": 0.3048006096}[crs]
    assert grid.side == pytest.approx(resolution_m / unit)
    assert grid.left / grid.side == pytest.approx(round(grid.left / grid.side))
    assert grid.top / grid.side == pytest.approx(round(grid.top / grid.side))
    x = [edge + pixels.origin[0] for strip in pixels.strips for edge in (strip.x.min(), strip.x.max())]
    y = [edge + pixels.origin[1] for strip in pixels.strips for edge in (strip.y.min(), strip.y.max())]
    assert 0 <= (min(x) - grid.left) / grid.side < 1
    assert 0 <= (grid.top - max(y)) / grid.side < 1
    assert int((max(x) - grid.left) / grid.side) == grid.width - 1
    assert int((grid.top - min(y)) / grid.side) == grid.height - 1
    blocks = list(grid.blocks())
    assert sum(block.height * block.width for block in blocks) == grid.height * grid.width


def test_degrees_of_longitude_are_shortest_at_the_highest_latitude(tmp_path):
    _, grid = around(tmp_path, "EPSG:4326", 250, latitude=60.0)
    assert grid.smallest_unit_m == pytest.approx(DEGREE_M / 2, rel=0.01)


def test_the_date_line_needs_another_map(tmp_path):
    with pytest.raises(UserError, match=r"found EPSG:4326, in which .* crosses the edge at 180 degrees"):
        around(tmp_path, "EPSG:4326", 250, longitude=180.0, latitude=-17.0)
    assert around(tmp_path, "EPSG:3832", 250, longitude=180.0, latitude=-17.0)[1].width < 200


def test_a_grid_far_finer_than_the_pixels_is_a_mistake(tmp_path):
    with pytest.raises(
        UserError, match=r"swath\.grid: found EPSG:32633 with 10 m, which makes .* expected at most 32"
    ):
        around(tmp_path, "EPSG:32633", 10)
