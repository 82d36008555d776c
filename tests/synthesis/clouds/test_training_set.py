"""From products to pairs in one command, which goes on wherever it was stopped."""

import zipfile
from functools import partial

import pytest

from errors import UserError
from synthesis.clouds.pair_manifest import read_pairs
from synthesis.clouds.training_set import generate
from tests.fakes import clear_images, slstr

SMALL = ("tile_px=16", "tiles.crop_px=4", "buckets=[95,100]", "progress=false")


@pytest.fixture
def sources(tmp_path):
    """A product without radiances, a bad one, one in a zip, and clear images."""
    products = tmp_path / "products"
    slstr.write(products, rows=36, columns=44, bands=())
    other = slstr.write(tmp_path, name=slstr.OTHER, rows=36, columns=44, seed=3, bands=())
    slstr.zipped(other, products / f"{slstr.OTHER}.zip")
    bad = slstr.NAME.replace("T0934", "T0834").replace("T0937", "T0837")
    slstr.write(products, name=bad, rows=36, columns=44, bands=(), empty=["flags_an.nc"])
    clear_images.picture(tmp_path / "clear" / "ground.png")
    return tmp_path


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "generated.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_command(sources, verb, caplog):
    words = (
        "generator=cloud_training_set", f"products={sources / 'products'}", f"surfaces={sources / 'clear'}", *SMALL,
    )  # fmt: skip
    done = verb("generate", *words, f"output={sources / 'set'}")
    assert done.status == 0, done.err
    pairs = read_pairs(sources / "set")
    names = {slstr.NAME.removesuffix(".SEN3"), slstr.OTHER.removesuffix(".SEN3")}
    assert {pair.row["mask_product"] for pair in pairs} == names
    with zipfile.ZipFile(sources / "set" / "training_set.zip") as archive:
        assert len(archive.namelist()) == 4 * len(pairs) + 2
    first = contents(sources / "set")
    (sources / "set" / "images" / "00001.png").unlink()
    (sources / "set" / "training_set.zip").unlink()
    assert verb("generate", *words, f"output={sources / 'set'}").status == 0
    assert contents(sources / "set") == first


def steps(folder, **changes):
    """Steps that tell what they were asked for; the first makes a folder with a file."""
    told = []

    def download(output, **wishes):
        told.append(("download", output, wishes))
        output.mkdir(parents=True)
        (output / "one.zip").touch()
        return output

    def tiles(input, output):
        told.append(("tiles", input, output))
        return output

    def pairs(masks, surfaces, output):
        told.append(("pairs", masks, output))
        return output

    made = {
        "download": partial(download, footprint="ocean"),
        "tiles": tiles,
        "pairs": pairs,
        "search": {"count": None},
    }
    return made | {"surfaces": folder / "clear"} | changes, told


def test_a_search_comes_first(tmp_path):
    settings, told = steps(tmp_path, search={"count": 20, "box": None})
    generate(tmp_path / "set", **settings, seed=3)
    products, tiles = tmp_path / "set" / "products", tmp_path / "set" / "tiles"
    assert told == [
        ("download", products, {"footprint": "ocean"}), ("tiles", products, tiles), ("pairs", tiles, tmp_path / "set"),
    ]  # fmt: skip


def test_a_box_replaces_the_footprint(tmp_path):
    settings, told = steps(tmp_path, search={"count": 1, "box": [1, 2, 3, 4]}, products=tmp_path / "mine")
    generate(tmp_path / "set", **settings)
    assert told[0] == ("download", tmp_path / "mine", {"footprint": None})


def test_products_that_cannot_be_fetched_are_an_error_only_where_there_are_none(tmp_path, caplog):
    def failing(output):
        raise UserError("2 of 20 files were not fetched")

    settings, told = steps(tmp_path, search={"count": 20}, products=tmp_path / "mine", download=failing)
    with pytest.raises(UserError, match="2 of 20 files were not fetched"):
        generate(tmp_path / "set", **settings)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.zip").touch()
    generate(tmp_path / "set", **settings)
    assert [name for name, *_ in told] == ["tiles", "pairs"] and "2 of 20 files" in caplog.text


def test_no_products(tmp_path):
    settings, _ = steps(tmp_path)
    with pytest.raises(UserError, match=r"found no products, .*products=FOLDER, or search.count=20"):
        generate(tmp_path / "set", **settings)
    with pytest.raises(UserError, match=r"products=nowhere: there is no such file or folder"):
        generate(tmp_path / "set", **settings, products="nowhere")
