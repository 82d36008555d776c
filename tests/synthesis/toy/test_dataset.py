import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.dataset import generate
from synthesis.toy.layout import open_product
from synthesis.toy.time_series import load_pool

Make = Callable[..., Path]
CLOUD_REMOVAL = ["clean_optical", "clouded_optical", "sar"]


@pytest.fixture
def make(tmp_path: Path, dataset_keys: dict[str, Any]) -> Make:
    """Generates a small dataset in `tmp_path/NAME`; any key may be given."""

    def run(name: str = "dataset", **keys: Any) -> Path:
        return generate(tmp_path / name, **{**dataset_keys, **keys})

    return run


@pytest.fixture
def series(tmp_path: Path, ts_file: Callable[..., Path]) -> dict[str, str]:
    """Folders of `.ts` files; every series has a level of its own, class b the higher ones."""
    folders = {}
    for name, count in (("optical", 20), ("sar", 12)):
        folder = tmp_path / name
        folder.mkdir()
        for part, first in (("TEST", count), ("TRAIN", 0)):
            levels = range(first, first + count)
            rows = [
                ":".join([f"{k},{k},{k},{k}"] * 3 + ["a" if k % 2 else "b"]) for k in (2 * k for k in levels)
            ]
            rows += [row.replace(":b", ":a") for row in rows[::2]]
            ts_file(folder / f"X_{part}.ts", rows, dimensions=3)
        folders[name] = str(folder)
    return folders


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def followed(folder: Path, product: str) -> dict[str, set[int]]:
    """Series that the scenes of each split follow."""
    sets: dict[str, set[int]] = {"train": set(), "val": set(), "test": set()}
    for scene in manifest(folder)["scenes"].values():
        sets[scene["split"]] |= set(scene["products"][product]["series"])
    return sets


@pytest.mark.parametrize(
    ("task", "sizes"),
    [
        ("cloud_removal", {"clean_optical": 37, "clouded_optical": 37, "sar": 37}),
        ("super_resolution", {"high_resolution": 37, "medium_resolution": 9, "low_resolution": 5}),
        ("sar_to_optical", {"optical": 37, "sar": 37}),
        ("segmentation", {"clean_optical": 37, "clouded_optical": 37}),
    ],
)
def test_every_task_has_its_products(make: Make, task: str, sizes: dict[str, int]) -> None:
    folder = make(task=task, num_scenes=1, height=40)
    assert manifest(folder)["products"] == list(sizes)
    products = {name: open_product(folder / "1" / name) for name in sizes}
    assert {name: product.shape[1] for name, product in products.items()} == sizes
    assert all(product.frame_indices == [0, 1, 2, 3] for product in products.values())


def test_sensors_see_the_same_fields_and_nothing_else_in_common(make: Make) -> None:
    scene = make(num_scenes=1, width=120, height=96) / "1"
    clean, clouded, sar = (open_product(scene / name) for name in CLOUD_REMOVAL)
    for other in (clouded, sar):
        np.testing.assert_array_equal(clean.annotation(0), other.annotation(3))
    inside = clean.annotation(0)[..., 0] == 2
    textures = [product.frame(0)[inside] - product.frame(0)[inside].mean(axis=0) for product in (clean, sar)]
    assert abs(np.corrcoef(*(texture.ravel() for texture in textures))[0, 1]) < 0.2


def test_clouds_lie_on_the_clean_product(make: Make) -> None:
    scene = make(num_scenes=1) / "1"
    clean, clouded = (open_product(scene / name) for name in CLOUD_REMOVAL[:2])
    gain, offset = 0.91526, 0.05598  # published
    for index in clean.frame_indices:
        ground = gain * clean.frame(index) + offset
        opacity = (clouded.frame(index) - ground) / (gain * 0.98 + offset - ground)
        assert -0.2 < np.median(opacity) < 1.2


def test_the_manifest_says_what_was_made(make: Make) -> None:
    folder = make(num_scenes=4, seed=7, num_bands=2, split_fractions=[0.5, 0.25, 0.25])
    found = manifest(folder)
    assert {key: found[key] for key in ("schema", "task", "num_bands", "classes", "series_pool")} == {
        "schema": "nadir-toy-dataset/1",
        "task": "cloud_removal",
        "num_bands": 2,
        "classes": 2,
        "series_pool": "generated",
    }
    assert found["split_fractions"] == [0.5, 0.25, 0.25]
    assert [scene["split"] for scene in found["scenes"].values()] == ["train", "test", "val", "train"]
    assert list(found["scenes"]) == ["7", "8", "9", "10"] == sorted(found["scenes"], key=int)
    assert found["scenes"]["9"]["products"]["sar"] == {"seed": 9, "series": []}
    assert found["settings"] == json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["10", "7", "8", "9"]


@pytest.mark.parametrize("rng", ["nadir", "published"])
def test_no_series_is_followed_in_two_splits(make: Make, series: dict[str, str], rng: str) -> None:
    folder = make(series=series, rng=rng, num_scenes=12, num_frames=2, width=24, height=20, layout="compact")
    assert manifest(folder)["series_pool"] == "disjoint"
    for product in CLOUD_REMOVAL:
        sets = followed(folder, product)
        assert all(sets.values())
        assert len(set.union(*sets.values())) == sum(map(len, sets.values()))


def test_a_shared_pool_is_as_published_and_warns(
    make: Make, series: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    keys = {"num_scenes": 12, "num_frames": 2, "width": 24, "height": 20, "layout": "compact"}
    folder = make(series=series, series_pool="shared", **keys)
    assert "test scenes follow the same time series" in caplog.text
    assert manifest(folder)["series_pool"] == "shared"
    sets = followed(folder, "sar")
    assert sets["train"] & sets["test"]


@pytest.mark.parametrize("rng", ["nadir", "published"])
def test_cells_follow_the_series_that_the_manifest_names(
    make: Make, series: dict[str, str], rng: str
) -> None:
    folder = make(series=series, rng=rng, texture_amplitude=0.0, width=96, height=80)
    files = [Path(series["optical"]) / f"X_{part}.ts" for part in ("TRAIN", "TEST")]
    pool = load_pool(files, 3, 2)
    for seed, scene in manifest(folder)["scenes"].items():
        product = open_product(folder / seed / "clean_optical")
        cells, classes = product.annotation(1).transpose(2, 0, 1)
        chosen = scene["products"]["clean_optical"]["series"]
        assert len(chosen) == 6
        for cell in np.unique(cells[cells > 0]):
            of_cell = cells == cell
            assert pool.classes[chosen[cell - 1]] == classes[of_cell][0]
            values = np.median(product.frame(1)[of_cell], axis=0)
            np.testing.assert_allclose(values, pool.values[chosen[cell - 1], 1], atol=1e-6)


def test_any_number_of_processes_gives_the_same_bytes(make: Make) -> None:
    assert contents(make("one")) == contents(make("two", num_workers=2))


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_an_interrupted_dataset_goes_on(make: Make, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(make("whole", layout=layout))
    from synthesis.toy.product_writer import ProductWriter

    written: list[tuple[str, int]] = []
    write = ProductWriter.write

    def until_the_second_scene(writer: ProductWriter, index: int, *arrays: np.ndarray) -> None:
        if writer.folder.parent.name == "2" and writer.folder.name == "clouded_optical" and index == 2:
            raise KeyboardInterrupt
        write(writer, index, *arrays)

    def noted(writer: ProductWriter, index: int, *arrays: np.ndarray) -> None:
        written.append((f"{writer.folder.parent.name}/{writer.folder.name}", index))
        write(writer, index, *arrays)

    with monkeypatch.context() as patch:
        patch.setattr(ProductWriter, "write", until_the_second_scene)
        with pytest.raises(KeyboardInterrupt):
            make("broken", layout=layout)
    folder = make("whole", layout=layout).parent / "broken"
    assert not (folder / "manifest.json").exists()
    assert not list(folder.glob("**/.*.partial"))
    monkeypatch.setattr(ProductWriter, "write", noted)
    make("broken", layout=layout)
    assert contents(folder) == whole
    assert written[0] == ("2/clouded_optical", 2 if layout == "published" else 0)
    assert not any(place.startswith("1/") or place == "2/clean_optical" for place, _ in written)


def test_a_finished_dataset_is_left_alone_and_may_grow(make: Make) -> None:
    folder = make(num_scenes=3)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    make(num_scenes=2)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    first = manifest(folder)["scenes"]
    make(num_scenes=5)
    assert {seed: manifest(folder)["scenes"][seed] for seed in first} == first
    assert contents(folder) == contents(make("at_once", num_scenes=5))


def test_another_dataset_is_replaced_only_when_asked(make: Make) -> None:
    folder = make(num_scenes=3)
    before = contents(folder)
    with pytest.raises(UserError, match=r"another generator\.seed \(1 instead of 2\).*overwrite=true"):
        make(seed=2)
    with pytest.raises(UserError, match=r"another generator\.task \(cloud_removal instead of segmentation\)"):
        make(task="segmentation")
    assert contents(folder) == before
    make(seed=2, num_scenes=1, overwrite=True)
    assert contents(folder) == contents(make("fresh", seed=2, num_scenes=1))


def test_scenes_of_a_stranger_are_not_touched(make: Make, tmp_path: Path) -> None:
    (tmp_path / "dataset" / "17").mkdir(parents=True)
    (tmp_path / "dataset" / "17" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match=r"without settings\.json"):
        make()
    assert sorted(path.name for path in (tmp_path / "dataset").rglob("*")) == ["17", "holiday.jpg"]


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_latents_are_kept_when_asked(make: Make, layout: str) -> None:
    assert not list(make(num_scenes=1, layout=layout).glob("*/latent_*"))
    folder = make("kept", num_scenes=1, layout=layout, keep_latents=True)
    names = {path.name for path in (folder / "1").iterdir()}
    assert names == {*CLOUD_REMOVAL, "latent_optical", "latent_sar"}
    latent, clean = (open_product(folder / "1" / name) for name in ("latent_optical", "clean_optical"))
    assert latent.shape == (40, 48, 3)
    assert set(np.unique(latent.annotation(0)[..., 0])) >= set(np.unique(clean.annotation(0)[..., 0]))


def test_a_product_may_be_left_out(make: Make, dataset_keys: dict[str, Any]) -> None:
    tasks = {"cloud_removal": {**dataset_keys["tasks"]["cloud_removal"], "sar": None}}
    folder = make(tasks=tasks, num_scenes=1)
    assert manifest(folder)["products"] == CLOUD_REMOVAL[:2]


def test_the_last_seed_must_be_possible(make: Make) -> None:
    with pytest.raises(UserError, match=r"generator\.seed is 4294967296"):
        make(seed=2**32 - 2, num_scenes=3)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"num_scenes": 0}, r"generator\.num_scenes is 0"),
        ({"num_workers": 0}, r"generator\.num_workers is 0"),
        ({"task": "cloud"}, r"generator\.task is cloud: expected one of cloud_removal"),
        ({"layout": "zip"}, r"generator\.layout is zip"),
        ({"series_pool": "own"}, r"generator\.series_pool is own: expected one of disjoint, shared"),
        ({"split_fractions": [0.7, 0.7, 0.7]}, r"generator\.split_fractions"),
        ({"series": {"optical": "nowhere"}}, r"generator\.series\.optical: nowhere does not exist"),
        ({"num_bands": 13}, r"generator\.num_bands is 13"),
        ({"num_cells": 0}, r"generator\.num_cells is 0"),
    ],
)
def test_bad_values_are_named_and_leave_nothing(
    make: Make, tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(**keys)
    assert not (tmp_path / "dataset").exists()


def test_more_frames_than_the_series_have_are_refused(make: Make, series: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"num_frames is 5: the series of generator\.series\.optical have 4"):
        make(series=series, num_frames=5)
