"""Pictures of scenes: their numbers, their place, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from errors import UserError
from inference.composite import Stretch, composite
from products.band_roles import BandRoles
from products.scene_reader import SceneReader
from tests.fakes import sentinel2
from tests.fakes.annotated_scenes import grid, write_tif

ROLES = BandRoles(red=["B4"], green=["B3"], blue=["B2"], nir=["B8"], swir22=["B12"])
KINDS = {"rgb": ["red", "green", "blue"], "false_colour": ["swir22", "nir", "red"]}
NAMES = ("B2", "B3", "B4", "B8", "B12")
GRID = grid(70, 90)


def _pixels() -> np.ndarray:
    pixels = np.random.default_rng(0).integers(100, 9000, (5, *GRID.shape)).astype(np.uint16)
    pixels[:, :10, :20] = 0
    return pixels


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Compose a scene: `run("picture.png", kind="false_colour")`."""
    scene = write_tif(tmp_path / "scenes" / "a.tif", _pixels(), GRID, names=NAMES, nodata=0)

    def call(name: str | None, input: Path = scene, **keys: Any) -> dict[str, Any]:
        given = {"scenes": SceneReader(), "roles": ROLES, "kinds": KINDS, "progress": False, **keys}
        return composite(input, None if name is None else tmp_path / name, **given)

    return call


def test_sixteen_bits_are_the_numbers_of_the_scene_in_its_place(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    figures = run("rgb.tif", tile_size=32)
    assert figures["bands"] == "B4 B3 B2" and (figures["rows"], figures["columns"]) == GRID.shape
    with rasterio.open(tmp_path / "rgb.tif") as file:
        assert (file.read() == _pixels()[[2, 1, 0]]).all() and file.dtypes[0] == "uint16"
        assert (
            tuple(file.transform)[:6] == GRID.transform and file.nodata == 0 and file.crs.to_epsg() == 32633
        )
        assert file.descriptions == ("B4", "B3", "B2") and file.tags()["NADIR_COMPOSITE"] == "rgb"
    with SceneReader(scale=7.0).open(tmp_path / "rgb.tif") as again:
        assert (
            again.read(again.window)[0] == _pixels()[[2, 1, 0]]
        ).all()  # harmonised, whatever is configured


def test_false_colours_as_png(run: Callable[..., Any], tmp_path: Path) -> None:
    run("false.png", kind="false_colour", limits=[0, 9000])
    picture = np.asarray(Image.open(tmp_path / "false.png").convert("RGB")).astype(int)
    expected = np.moveaxis(_pixels()[[4, 3, 2]], 0, -1) / 9000 * 254 + 1
    expected[:10, :20] = 0
    assert np.abs(picture - expected).max() <= 0.51
    with rasterio.open(tmp_path / "false.png") as file:  # its place is in false.png.aux.xml
        assert tuple(file.transform)[:6] == GRID.transform and file.crs.to_epsg() == 32633
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert files == ["false.png", "false.png.aux.xml"]


def test_tiles_do_not_matter_and_percentiles_are_those_of_each_band(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    for name, side in (("a.tif", 16), ("b.tif", 1024)):
        run(name, bits=8, tile_size=side, percentiles=[10, 90])
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        assert (one.read() == other.read()).all()
        darkest = (one.read(1) == 1).sum() / (one.read(1) > 0).sum()
        assert darkest == pytest.approx(0.1, abs=0.01)
        assert (one.read(1)[:10, :20] == 0).all() and (one.read(1)[10:] > 0).all()


def test_gamma_makes_dark_parts_brighter() -> None:
    pixels, valid = np.full((1, 1, 1), 2500, np.float32), np.ones((1, 1), bool)
    values = [int(Stretch((0,), (10000,), gamma).apply(pixels, valid)[0, 0, 0]) for gamma in (1.0, 0.5)]
    assert values == [round(1 + 254 * 0.25), 1 + 254 // 2]


def test_one_band_in_grey_by_name(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("grey.png", bands=["B8"])["bands"] == "B8"
    assert Image.open(tmp_path / "grey.png").mode == "L"


def test_a_folder_of_scenes_gives_a_folder_of_pictures(run: Callable[..., Any], tmp_path: Path) -> None:
    write_tif(tmp_path / "scenes" / "b.tif", _pixels(), GRID, names=NAMES)
    assert run("pictures", input=tmp_path / "scenes")["scenes"] == 2
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["a.tif", "b.tif"]


def test_products_of_both_levels(run: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    sensor = instantiate(OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml"))
    for level in ("L1C", "L2A"):
        product = sentinel2.safe(tmp_path / level, level=level)
        figures = run(f"{level}.tif", input=product, scenes=SceneReader(sensor=sensor), kind="false_colour")
        assert figures["bands"] == "B12 B8 B4"
        with rasterio.open(tmp_path / f"{level}.tif") as file:
            assert (file.read(2) == sentinel2.pixels("B8", 10) - 1000).all()  # the offset of baseline 05.09


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "infrared"}, "kind=infrared: expected one of rgb, false_colour"),
        ({"bands": ["B2", "B3"]}, r"bands: found 2 \(B2, B3\), expected three"),
        ({"bands": ["B2", "B3", "B9"]}, "B9"),
        ({"bits": 12}, "bits=12: expected 8 or 16"),
        ({"limits": [5, 5]}, r"limits=\[5, 5\]: expected \[darkest, brightest\]"),
        ({"percentiles": [2, 102]}, r"percentiles=\[2, 102\]"),
        ({"gamma": 0}, "gamma=0: expected a number above 0"),
        ({"tile_size": 100}, "tile_size=100: expected a multiple of 16"),
        ({"roles": BandRoles(red=["B4"], green=["B3"])}, "no band for blue"),
    ],
)
def test_bad_input_is_a_sentence(run: Callable[..., Any], tmp_path: Path, keys: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run("out.tif", **keys)
    assert [path.name for path in tmp_path.iterdir()] == ["scenes"]


def test_outputs_that_cannot_be(run: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="output is required"):
        run(None)
    with pytest.raises(UserError, match="input and output are the same file"):
        run("scenes/a.tif")
    with pytest.raises(UserError, match="driver=nonsense: found no such driver"):
        run("a.png", driver="nonsense")
    write_tif(tmp_path / "scenes" / "b.tif", _pixels(), GRID, names=NAMES)
    (tmp_path / "file.tif").write_text("here")
    with pytest.raises(UserError, match="found a file, expected a folder for 2 scenes"):
        run("file.tif", input=tmp_path / "scenes")


@pytest.mark.real
def test_a_real_archive(run: Callable[..., Any], real_data: Path, tmp_path: Path) -> None:
    bands = ["blue", "green", "red", "nir", "swir16", "swir22"]
    roles = BandRoles(**{name: [name] for name in bands})
    scenes = SceneReader(scale=10000, band_order=bands)
    file = real_data / "cloudmask_ukis_csmask" / "landsat7.npz"
    assert run("real.png", input=file, scenes=scenes, roles=roles)["rows"] == 512
    picture = np.asarray(Image.open(tmp_path / "real.png").convert("RGB")).astype(float)
    assert picture.std() > 40  # something is to be seen
