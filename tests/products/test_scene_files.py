import numpy as np
import pytest

from errors import UserError
from products.scene_files import find_scenes
from tests.fakes import array_product, masks, sentinel2

SENSOR = sentinel2.sensor()


def raster(path):
    return masks.raster(path, np.ones((2, 4, 4), np.uint16))


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """A folder of products with a folder below, other files, and the names of what is a product."""
    root = tmp_path_factory.mktemp("products")
    first = sentinel2.safe(root, groups={10: ["B2"]})
    second = sentinel2.safe(root / "below", tile="T33UUV", groups={10: ["B2"]})
    archive = sentinel2.zipped(first, root / "z.zip")
    (root / "notes.txt").write_text("nothing")
    (root / ".hidden.tif").touch()
    return root, [first, second, archive]


def test_products_are_found_in_a_folder_and_below(products):
    root, found = products
    assert sorted(find_scenes(root, SENSOR)) == sorted(found)
    assert find_scenes(found[0], SENSOR) == [found[0]]
    assert find_scenes(found[0].parent / "below", SENSOR) == [found[1]]
    assert find_scenes(found[2], SENSOR) == [found[2]]


def test_nothing_within_a_product_is_a_scene(products):
    assert all("GRANULE" not in path.parts for path in find_scenes(products[0], SENSOR))


def test_rasters_and_archives_of_arrays_are_scenes(tmp_path):
    paths = [raster(tmp_path / "b.tif"), raster(tmp_path / "a" / "c.TIFF")]
    masks.annotated(tmp_path / "d.npz", 4, 4)
    (tmp_path / "e.csv").write_text("x")
    assert find_scenes(tmp_path) == [paths[1], paths[0], tmp_path / "d.npz"]


def test_several_places_and_a_list_each_once(tmp_path):
    one, other = raster(tmp_path / "1.tif"), raster(tmp_path / "x" / "2.tif")
    listing = tmp_path / "list.txt"
    listing.write_text("# scenes\nx/2.tif\n\n1.tif\n")
    assert find_scenes(listing) == [other, one]
    assert find_scenes([tmp_path / "x", listing, str(one)]) == [other, one]


def test_an_index_is_its_scenes(tmp_path):
    path = raster(tmp_path / "scenes" / "T32TNS_20210126T102311.tif")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "scenes.csv").write_text(
        "key,path\nT32TNS_20210126T102311,../scenes/T32TNS_20210126T102311.tif\n"
    )
    assert [found.resolve() for found in find_scenes(tmp_path / "index")] == [path.resolve()]


def test_folders_that_the_sensor_knows_are_products(tmp_path):
    raster(tmp_path / "many" / "place" / "band.tif")
    raster(tmp_path / "many" / "other" / "band.tif")
    reader = array_product.NamedProducts({"place": array_product.sentinel_like()})
    known = array_product.sensor(array_product.SENTINEL_LIKE, readers=[reader])
    assert find_scenes(tmp_path / "many", known) == [
        tmp_path / "many" / "other" / "band.tif",
        tmp_path / "many" / "place",
    ]


def test_bad_input_is_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").write_text("gone.tif\n")
    (tmp_path / "none.txt").write_text("# nothing\n")
    for images, message in (
        (tmp_path / "no", "there is no such file or folder"),
        (tmp_path / "empty", "found no scene in it"),
        (tmp_path / "list.txt", "gone.tif: there is no such"),
        (tmp_path / "none.txt", "found no path in it"),
        ([], "images: found nothing"),
    ):
        with pytest.raises(UserError, match=message):
            find_scenes(images)
