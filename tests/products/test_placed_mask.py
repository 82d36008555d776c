import pickle

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

from errors import UserError
from products.earth_engine_scene import EarthEngineScene
from products.mask import ArchiveMask, RasterMask
from products.npz_member import npz_member
from products.placed_mask import placed
from products.raster_scene import RasterScene
from products.window import Window
from tests.fakes import earth_engine, masks

WINDOW = Window(3, 5, 20, 30)


def scene(path, height=40, width=50, **options):
    masks.raster(path, np.ones((2, height, width), np.uint16), **options)
    return RasterScene(path)


def mask(path, height=40, width=50, **options):
    return RasterMask(masks.raster(path, masks.numbers(height, width), **options), masks.CLASSES)


def test_a_mask_in_place_stays_what_it_is(tmp_path):
    here = scene(tmp_path / "s.tif")
    for number, options in enumerate(({}, {"crs": None}, {"crs": CRS.from_epsg(32632).to_proj4()})):
        own = mask(tmp_path / f"{number}.tif", **options)
        assert placed(own, here) is own
        assert placed(own, here, "nearest") is own


@pytest.mark.parametrize(
    ("height", "width", "options", "found"),
    [
        (39, 50, {}, "39 x 50 pixels from x 500000"),
        (40, 50, {"transform": masks.place(column=1)}, "from x 500010"),
        (40, 50, {"transform": masks.place(20.0)}, "from x 500000 to 501000"),
        (40, 50, {"crs": CRS.from_epsg(32633).to_wkt()}, "EPSG:32633"),
        (20, 50, {"crs": None}, "20 x 50 pixels without georeference"),
    ],
)
def test_a_mask_elsewhere_is_refused_with_both_places(tmp_path, height, width, options, found):
    own = mask(tmp_path / "m.tif", height, width, **options)
    with pytest.raises(
        UserError, match=f"m.tif: found a mask of .*{found}.*expected 40 x 50 .*as .*s.tif has"
    ) as told:
        placed(own, scene(tmp_path / "s.tif"))
    assert ("mask_resampling=nearest" in str(told.value)) == (options != {"crs": None})


def test_by_georeference_each_pixel_has_the_number_at_its_centre(tmp_path):
    here = scene(tmp_path / "s.tif")
    shifted = placed(mask(tmp_path / "m.tif", transform=masks.place(row=4, column=-6)), here, "nearest")
    expected = np.full((40, 50), 255)
    expected[4:, :44] = masks.numbers(40, 50)[:36, 6:]
    for same in (shifted, pickle.loads(pickle.dumps(shifted))):
        assert np.array_equal(same.read(WINDOW), expected[3:23, 5:35])
        assert np.array_equal(same.read(Window(0, 0, 40, 50)), expected)
    coarse = placed(mask(tmp_path / "c.tif", 10, 13, transform=masks.place(40.0)), here, "nearest")
    assert np.array_equal(coarse.read(WINDOW), masks.numbers(10, 13).repeat(4, 0).repeat(4, 1)[3:23, 5:35])


def test_by_georeference_over_reference_systems(tmp_path):
    here = scene(tmp_path / "s.tif")
    own = mask(
        tmp_path / "m.tif", crs=CRS.from_epsg(4326).to_wkt(), transform=(1e-4, 0, 9.001, 0, -1e-4, 45.153)
    )
    indices = placed(own, here, "nearest").read(Window(0, 0, 40, 50))
    found, corner = np.zeros((40, 50), np.uint8), rasterio.Affine(*masks.place())
    with rasterio.open(own.path) as file:
        reproject(
            file.read(1), found, src_crs=file.crs, src_transform=file.transform, dst_crs=masks.UTM,
            dst_transform=corner, dst_nodata=255, init_dest_nodata=True, resampling=Resampling.nearest,
        )  # fmt: skip
    assert (indices == 255).any()
    assert (indices == found).mean() > 0.97  # pixels whose centres lie on an edge may differ


def test_a_published_mask_of_the_tile_lies_inside_the_border_of_an_export(tmp_path):
    path = earth_engine.export(tmp_path / "e.tif", earth_engine.pixels(44, 43))
    export = EarthEngineScene(path, tile_m=400.0)
    stored = masks.published(tmp_path / "10m.npz", ["20210126"], 40, 40)["20210126"]
    member = npz_member(tmp_path / "10m.npz", "20210126")
    indices = placed(ArchiveMask(tmp_path / "10m.npz", member, masks.CLASSES), export).read(
        Window(0, 0, 44, 43)
    )
    assert np.array_equal(indices[1:41, 1:41], stored)
    assert (indices == 255).sum() == 44 * 43 - 40 * 40
    by_place = mask(tmp_path / "m.tif", 40, 40, transform=masks.place(row=1, column=1))
    assert np.array_equal(placed(by_place, export).read(Window(5, 5, 3, 3)), masks.numbers(40, 40)[4:7, 4:7])
    with pytest.raises(UserError, match="found a mask of 40 x 40"):
        placed(mask(tmp_path / "n.tif", 40, 40), export)
