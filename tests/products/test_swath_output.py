import numpy as np
import pytest
import rasterio
import rasterio.shutil
from pyproj import Transformer
from rasterio.vrt import WarpedVRT

from errors import UserError
from products import swath_output
from products.window import Window
from tests.fakes import swaths

NODATA = swaths.NODATA
WINDOW = Window(4, 8, 120, 160)  # of 4 scans, beginning and ending inside of one


def product(folder, instrument="modis", **options):
    path = swaths.write(folder, instrument, scans=4, width=180, **options)
    return swaths.sensor(instrument).open(path)


def raster(path, opened, window=WINDOW, **changes):
    """The finest bands of a product as inference writes them."""
    metres = opened.finest_m
    pixels = opened.read(metres, window)
    profile = {
        "driver": "GTiff", "height": window.height, "width": window.width, "count": len(pixels), "dtype": "int16",
        "nodata": NODATA, **changes,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(pixels)
        file.descriptions = tuple(f"band {number}" for number in range(len(pixels)))
        file.scales = (1e-4,) * len(pixels)
        file.update_tags(NADIR_RUN="a run")
    return path


def truth(longitude, latitude):
    """What `swaths.reflectance` has in its first band at a place."""
    return 3000 + 1000 * (np.sin(50 * longitude) + np.cos(70 * latitude))


def error_at(file, band=1):
    """Absolute errors of a raster on a map against what lies there, and the share of cells that hold data."""
    cells = file.read(band)
    rows, columns = np.nonzero(cells != NODATA)
    x, y = file.transform @ (columns + 0.5, rows + 0.5)
    longitude, latitude = Transformer.from_crs(file.crs.to_wkt(), "EPSG:4326", always_xy=True).transform(x, y)
    return np.abs(cells[rows, columns] - truth(longitude, latitude)), rows.size / cells.size


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
class TestGeolocated:
    @pytest.mark.parametrize("instrument", ["modis", "viirs"])
    def test_gdal_warps_a_pixel_to_where_it_belongs(self, tmp_path, instrument, monkeypatch):
        with product(tmp_path, instrument) as opened:
            output = raster(tmp_path / "out.tif", opened)
            positions = swath_output.geolocated(output, opened, WINDOW, opened.finest_m)
            place = opened.geolocation(opened.finest_m, WINDOW)
        assert positions == tmp_path / "out.geolocation.tif"
        with rasterio.open(positions) as file:
            np.testing.assert_allclose(file.read(), [place.longitude, place.latitude], atol=1e-5)
            assert file.descriptions == ("longitude", "latitude")
        monkeypatch.chdir("/")  # the path of the positions is relative to the raster
        with rasterio.open(output) as file:
            assert file.crs is None
            with WarpedVRT(file, crs="EPSG:32633", nodata=NODATA) as warped:
                errors, covered = error_at(warped)
        with product(tmp_path, instrument) as opened:
            step = np.abs(np.diff(opened.read(opened.finest_m, WINDOW)[0].astype(float), axis=1)).mean()
        assert covered > 0.5
        assert np.median(errors) < 0.5 * step  # nearest: half a pixel away at most along each side
        assert np.quantile(errors, 0.98) < 2.5 * step

    def test_a_temporary_raster_gets_the_name_of_the_final_one(self, tmp_path):
        with product(tmp_path) as opened:
            temporary = raster(tmp_path / ".out.tif.1.part", opened)
            found = swath_output.geolocated(temporary, opened, WINDOW, 250, name=tmp_path / "out.tif")
        assert found == tmp_path / "out.geolocation.tif"
        with rasterio.open(temporary) as file:
            assert file.tags(ns="GEOLOCATION")["X_DATASET"] == "out.geolocation.tif"
            assert file.tags()["NADIR_GEOLOCATION"].endswith("in out.geolocation.tif")
            assert file.tags()["NADIR_RUN"] == "a run"
        assert {path.name for path in tmp_path.iterdir()} == {
            swaths.NAMES["modis"], ".out.tif.1.part", "out.geolocation.tif",
        }  # fmt: skip

    @pytest.mark.parametrize("driver", ["COG", "ENVI"])
    def test_formats_that_cannot_be_updated_get_a_file_beside_them(self, tmp_path, driver):
        with product(tmp_path) as opened:
            rasterio.shutil.copy(raster(tmp_path / "plain.tif", opened), tmp_path / "out.img", driver=driver)
            before = (tmp_path / "out.img").read_bytes()
            swath_output.geolocated(tmp_path / "out.img", opened, WINDOW, 250)
        assert (tmp_path / "out.img").read_bytes() == before
        with (
            rasterio.open(tmp_path / "out.img") as file,
            WarpedVRT(file, crs="EPSG:32633", nodata=NODATA) as warped,
        ):
            assert file.tags()["NADIR_GEOLOCATION"].endswith("in out.geolocation.tif")
            assert file.tags()["NADIR_RUN"] == "a run"
            errors, covered = error_at(warped)
        assert covered > 0.5
        assert np.median(errors) < 60

    def test_without_positions_the_raster_says_so(self, tmp_path, caplog):
        with product(tmp_path, geolocation=None) as opened:
            output = raster(tmp_path / "out.tif", opened)
            assert swath_output.geolocated(output, opened, WINDOW, 250) is None
        assert "out.tif has no georeference" in caplog.text
        with rasterio.open(output) as file:
            assert file.crs is None
            assert file.tags()["NADIR_GEOLOCATION"].startswith("none: the product holds no positions")
            assert not file.tags(ns="GEOLOCATION")
        assert not (tmp_path / "out.geolocation.tif").exists()

    def test_a_raster_that_cannot_be_changed_leaves_no_positions(self, tmp_path):
        with product(tmp_path) as opened:
            (tmp_path / "out.tif").write_text("no raster")
            with pytest.raises(UserError, match=r"out\.tif cannot be given its positions"):
                swath_output.geolocated(tmp_path / "out.tif", opened, WINDOW, 250)
        assert not (tmp_path / "out.geolocation.tif").exists()

    @pytest.mark.parametrize(("method", "factor"), [("nearest", 0.5), ("bilinear", 0.1)])
    @pytest.mark.parametrize(("instrument", "crs"), [("modis", "EPSG:4326"), ("viirs", "EPSG:32633")])
    def test_resampled_to_a_stated_grid(self, tmp_path, instrument, crs, method, factor):
        with product(tmp_path, instrument) as opened:
            metres = opened.finest_m
            output = raster(tmp_path / "swath.tif", opened)
            step = np.abs(np.diff(opened.read(metres, WINDOW)[0].astype(float), axis=1)).mean()
            grid = {"crs": crs, "resolution_m": metres, "method": method}
            figures = swath_output.resample(output, opened, WINDOW, metres, grid, tmp_path / "map.tif")
        with rasterio.open(tmp_path / "map.tif") as file:
            assert (file.height, file.width) == (figures["height"], figures["width"])
            assert file.crs == rasterio.crs.CRS.from_user_input(crs)
            errors, covered = error_at(file)
            assert file.dtypes[0] == "int16" and file.nodata == NODATA
            assert file.descriptions[1] == "band 1" and file.scales[0] == 1e-4
            assert file.tags()["NADIR_RUN"] == "a run" and method in file.tags()["NADIR_GEOLOCATION"]
            side = file.transform.a
            assert file.transform.c / side == pytest.approx(round(file.transform.c / side))
        assert covered > 0.6
        assert np.median(errors) < factor * step
        assert not list(tmp_path.glob(".*"))

    def test_a_raster_of_another_size_is_refused(self, tmp_path):
        with product(tmp_path) as opened:
            output = raster(tmp_path / "swath.tif", opened, Window(0, 0, 40, 40))
            with pytest.raises(UserError, match="found 40 x 40 pixels, expected 120 x 160"):
                swath_output.resample(
                    output,
                    opened,
                    WINDOW,
                    250,
                    {"crs": "EPSG:32633", "resolution_m": 250},
                    tmp_path / "map.tif",
                )
        assert not (tmp_path / "map.tif").exists()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"crs": "EPSG:32633"}, r"expected crs, resolution_m"),
        ({"crs": "EPSG:32633", "resolution_m": 250, "size": 3}, r"expected crs, resolution_m"),
        ({"crs": "EPSG:99999999", "resolution_m": 250}, r"swath.grid.crs: found EPSG:99999999"),
        (
            {"crs": "EPSG:32633", "resolution_m": -250},
            r"swath.grid.resolution_m: found -250, expected metres above 0",
        ),
        ({"crs": "EPSG:32633", "resolution_m": "fine"}, r"resolution_m: found fine, expected metres above 0"),
        (
            {"crs": "EPSG:32633", "resolution_m": 250, "method": "cubic"},
            r"method: found cubic, expected one of nearest",
        ),
    ],
)
def test_a_grid_that_is_not_stated_well(choice, message):
    with pytest.raises(UserError, match=message):
        swath_output.map_grid(choice)
