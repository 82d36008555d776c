import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datamodules.multiresolution_plan import MultiresolutionData, listed, plan_products, preflight
from errors import UserError
from products.grid import Grid
from products.product_part import ProductPart
from tests.fakes.array_product import landsat_like, sentinel_like, shelf


def plan(folder: Path, products, **options):
    sensor, paths = shelf(folder, products)
    options = {
        key: [paths[name] for name in value] if key in ("train", "val", "test") else value
        for key, value in options.items()
    }
    data = MultiresolutionData(**{"sensor": sensor, "target_m": 20, "patch_size": 16, **options})
    return plan_products(data, data.given)


def place(*products):
    """Put products of `landsat_like` on the map."""
    for product in products:
        for distance, grid in product.grids.items():
            product.grids[distance] = Grid(grid.height, grid.width, "EPSG:32633", grid.transform)


def test_named_sets_are_what_they_are(tmp_path):
    products = {name: sentinel_like(seed=seed) for seed, name in enumerate("abc")}
    made = plan(tmp_path, products, train=["a"], val=["b"], test=["c"])
    assert {name: [product.name for product in own] for name, own in made.parts.items()} == {
        "train": ["a"], "val": ["b"], "test": ["c"],
    }  # fmt: skip
    assert made.notes == [] and made.patch_size == 16


def test_what_is_not_named_is_taken_from_training(tmp_path):
    made = plan(tmp_path, {"a": sentinel_like(300, 66), "b": sentinel_like(seed=1)}, train=["a"], val=["b"])
    assert [type(made.parts[name][0]) for name in ("train", "test")] == [ProductPart, ProductPart]
    assert [product.name for product in made.parts["val"]] == ["b"]
    only_test = plan(tmp_path, {"a": sentinel_like()}, test=["a"])
    assert only_test.parts == {"train": [], "val": [], "test": only_test.parts["test"]}


def test_patches_shrink_to_what_fits_and_say_so(tmp_path):
    made = plan(tmp_path, {"a": sentinel_like(240, 66), "b": sentinel_like(seed=1)}, train=["a"], val=["b"],
                patch_size=64, target_m=20)  # fmt: skip
    assert made.patch_size == 32
    assert made.notes == [
        "data.patch_size: found 64, but of a only 90 x 32 pixels of 20 m are for training; patches have 32"
    ]


def test_products_are_named_by_lists_too(tmp_path):
    sensor, paths = shelf(tmp_path, {"a": sentinel_like(), "b": sentinel_like(), "c.txt": sentinel_like()})
    (tmp_path / "lists").mkdir()
    text = tmp_path / "lists" / "train.txt"
    text.write_text(f"# places\n../a   # the first\n\n{paths['b']}\n../a\n", encoding="utf-8")
    expected = [tmp_path / "a", tmp_path / "b"]
    assert [path.resolve() for path in listed(str(text), "data.train", sensor)] == expected
    assert listed(paths["a"], "data.train", sensor) == [tmp_path / "a"]
    assert [path.resolve() for path in listed([text, paths["c.txt"]], "data.train", sensor)] == [
        *expected, tmp_path / "c.txt",
    ]  # fmt: skip


def test_empty_and_missing_products_are_named(tmp_path):
    sensor, _ = shelf(tmp_path, {"a": sentinel_like()})
    (tmp_path / "empty.txt").write_text("\n# nothing\n", encoding="utf-8")
    (tmp_path / "wrong.txt").write_text("gone.SAFE\n", encoding="utf-8")
    for value, words in {
        str(tmp_path / "empty.txt"): "data.val: found no product, expected at least one",
        str(tmp_path / "wrong.txt"): r"data.val: .*gone\.SAFE does not exist; expected a product of toy",
        str(tmp_path / "b"): "data.val: .*b does not exist",
    }.items():
        with pytest.raises(UserError, match=words):
            listed(value, "data.val", sensor)
    with pytest.raises(UserError, match="found no product"):
        listed([], "data.val", sensor)


def test_no_product_is_in_two_sets(tmp_path):
    with pytest.raises(UserError, match=r"data\.test: .*a is in data\.train too"):
        plan(tmp_path, {"a": sentinel_like(), "b": sentinel_like()}, train=["a", "b"], test=["a"])


def test_a_product_without_the_bands_is_refused(tmp_path):
    lacking = sentinel_like()
    del lacking.grids[20]
    with pytest.raises(UserError, match="lacking: found bands of 10 m, 60 m, expected those of 20 m too"):
        plan(tmp_path, {"a": sentinel_like(), "lacking": lacking}, train=["a"], val=["lacking"])


def test_another_date_of_the_same_ground_is_mentioned(tmp_path):
    products = {"may": landsat_like(), "june": landsat_like()}
    place(*products.values())
    made = plan(tmp_path, products, train=["may"], test=["june"], target_m=30, val_fraction=0)
    assert made.notes == ["data.test: june shows ground that may of data.train shows too"]


def test_one_product_under_two_paths_is_refused(tmp_path):
    products = {"a": landsat_like(), "copy": landsat_like()}
    place(*products.values())
    sensor, paths = shelf(tmp_path, products)
    opened = {Path(paths["a"]): products["a"], Path(paths["copy"]): products["copy"]}

    class SameName:
        kind = "a name"

        def recognises(self, path):
            return path in opened

        def open(self, path, sensor):
            opened[path].path, opened[path].name = path, "LC08"
            return opened[path]

    sensor.readers[:] = [SameName()]
    data = MultiresolutionData(
        sensor=sensor, target_m=30, train=[paths["a"]], test=[paths["copy"]], val_fraction=0
    )
    with pytest.raises(UserError, match=r"data\.test: .*copy is the product .*a of another set"):
        plan_products(data, data.given)


@pytest.mark.parametrize(("options", "words"), [
    ({"sensor": None}, "sensor: found none"),
    ({"target_m": 10}, "no 10 m bands to sharpen; expected one of 20, 60"),
    ({"patch_size": 0}, r"data\.patch_size: found 0"),
    ({"test_patch_size": 64, "context": 32}, r"data\.test_patch_size: found 64, expected more than twice"),
    ({"augmentation": "flips"}, "found 'flips', expected none or dihedral"),
    ({"min_valid_fraction": 2}, r"data\.min_valid_fraction: found 2"),
    ({"val_fraction": 0.5, "test_fraction": 0.5}, "expected less than 1 together"),
])  # fmt: skip
def test_impossible_values_are_named(tmp_path, options, words):
    sensor, _ = shelf(tmp_path, {"a": sentinel_like()})
    with pytest.raises(UserError, match=words):
        preflight(**{"sensor": sensor, "target_m": 20, **options})


def test_preflight_reads_headers_and_no_pixels(tmp_path):
    product = sentinel_like(300, 66)
    sensor, paths = shelf(tmp_path, {"a": product})
    preflight(sensor=sensor, target_m=60, train=[paths["a"]], patch_size=6, val_fraction=0)
    assert product.read_windows == []
    assert np.prod(product.grids[60].shape) == 550


def test_the_plan_needs_no_torch():
    code = "import sys, datamodules.multiresolution_plan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
