from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.multiresolution import Multiresolution
from errors import UserError
from products.demonstration_mat import DemonstrationMatReader
from products.raster_folder import RasterFolderReader
from tests.fakes.array_product import SENTINEL_LIKE, sensor, sentinel_like, shelf
from tests.fakes.demonstration_mat import write_mat

READERS = [DemonstrationMatReader(), RasterFolderReader()]


def mats(folder: Path, **sides: int) -> list[str]:
    """Files in the layout of DSen2's demonstration data."""
    return [
        str(write_mat(folder / f"{name}.mat", sentinel_like(side, 72, seed=side).arrays))
        for name, side in sides.items()
    ]


def data(toy=None, **options) -> Multiresolution:
    arguments = {"target_m": 20, "patch_size": 8, "batch_size": 2, "test_patch_size": 64, "context": 8}
    made = Multiresolution(sensor=toy or sensor(SENTINEL_LIKE, readers=READERS), **{**arguments, **options})
    made.prepare_data()
    made.setup()
    return made


def test_batches_of_the_demonstration_layout(tmp_path):
    train, val, test = mats(tmp_path, a=72, b=84, c=96)
    made = data(train=[train], val=[val], test=[test], target_m=60, patch_size=6)
    assert made.channels == {"in_channels": [2, 1, 1]} and made.factor == 6
    assert made.specification.bands == ("C1",) and not made.specification.synthetic
    batch = next(iter(made.train_dataloader()))
    assert {m: tuple(group.shape) for m, group in batch["inputs"].items()} == {
        10: (2, 2, 6, 6), 20: (2, 1, 6, 6), 60: (2, 1, 6, 6),
    }  # fmt: skip
    assert list(batch["inputs"]) == [10, 20, 60]
    assert batch["target"].dtype == batch["inputs"][10].dtype == torch.float32
    assert batch["valid"].dtype == torch.bool and batch["valid"].shape == batch["target"].shape == (
        2,
        1,
        6,
        6,
    )
    assert batch["scene"] == ["a", "a"] and batch["id"][0].startswith("a#")
    assert "bicubic" not in batch
    (tested,) = made.test_dataloader()
    assert (
        tested["bicubic"].shape == tested["target"].shape == (1, 1, 12, 12)
    )  # 16 x 12, of which blocks of 6
    assert tested["id"] == ["c#0,0,12,12"]
    assert made.example_input() == Path(test)
    assert [found["scene"] for found in made.consistency_windows(3)] == ["c"]


@pytest.mark.parametrize("holes", [False, True])
def test_no_pixel_of_validation_or_test_is_read_in_training(tmp_path, holes):
    """Nor one of another set, nor one of the strips between: from the files, whatever filters and fillings need."""
    product = sentinel_like(300, 66)
    if holes:
        product.arrays[10][0, ::7, ::5] = 0
    toy, paths = shelf(tmp_path, {"a": product})
    made = data(toy, train=[paths["a"]], cache_block_px=64)
    seen = {}
    for name, loader in (
        ("train", made.train_dataloader),
        ("val", made.val_dataloader),
        ("test", made.test_dataloader),
    ):
        product.read_windows.clear()
        for _ in range(6 if name == "train" else 1):
            assert len(list(loader())) > 0
        if name == "test":
            assert list(made.consistency_windows(2))
        seen[name] = {
            (m, row) for m, window in product.read_windows for row in range(window.row, window.bottom)
        }
        assert seen[name]
    for one, other in combinations(seen.values(), 2):
        assert not one & other
    rows = sorted(row for m, row in set.union(*seen.values()) if m == 20)
    assert len(rows) <= 150 - 2 * 12  # two strips of 12 rows


def test_four_products_are_dealt_whole(tmp_path):
    paths = mats(tmp_path, a=72, b=78, c=84, d=90, e=96)
    made = data(train=paths)
    names = {name: {product.name for product in own} for name, own in made.plan.parts.items()}
    assert sorted(map(len, names.values())) == [1, 1, 3]
    assert set.union(*names.values()) == set("abcde")
    trained = {scene for _ in range(3) for batch in made.train_dataloader() for scene in batch["scene"]}
    assert trained == names["train"]


def test_workers_and_a_resumed_run_see_the_same(tmp_path):
    paths = mats(tmp_path, a=72, b=84, c=96)
    alone, helped = (
        data(train=[paths[0]], val=[paths[1]], test=[paths[2]], num_workers=workers, pin_memory=False)
        for workers in (0, 2)
    )
    next(iter(helped.val_dataloader()))  # so that workers are forked from a process with open files
    for one, other in zip(alone.train_dataloader(), helped.train_dataloader(), strict=True):
        assert one["id"] == other["id"]
        assert all(torch.equal(one["inputs"][m], other["inputs"][m]) for m in (10, 20))
    helped.batches_seen = lambda: 3
    ids = [batch["id"] for batch in alone.train_dataloader()]
    assert next(iter(helped.train_dataloader()))["id"] == ids[3]


def test_without_products_small_ones_are_made_once(tmp_path):
    options = {"cache": tmp_path / "cache", "generator": {"train": 1, "val": 1, "test": 1, "size_px": 72}}
    made = data(**options)
    assert made.specification.synthetic
    assert len(next(iter(made.train_dataloader()))["id"]) == 2
    assert len(list(made.val_dataloader())) == len(list(made.test_dataloader())) == 1
    assert made.example_input().name == "toy_test_0"
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "cache").rglob("*"))
    data(**options)
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "cache").rglob("*")) == before
    (own,) = mats(tmp_path, mine=96)
    assert data(**options, test=[own]).example_input() == Path(own)


def test_the_best_network_of_all_would_have_no_error(tmp_path):
    """Target and inputs lie on one another: of a smooth product, interpolation is already right."""
    product = sentinel_like(300, 72)
    for m, array in product.arrays.items():
        rows, columns = np.meshgrid(
            np.arange(array.shape[1]) * m, np.arange(array.shape[2]) * m, indexing="ij"
        )
        array[:] = 2000 + rows / 4 + columns / 6 + m / 2 * (1 / 4 + 1 / 6)
    toy, paths = shelf(tmp_path, {"a": product})
    for batch in data(toy, train=[paths["a"]], augmentation="none").train_dataloader():
        for group in (batch["inputs"][10][:, :1], batch["inputs"][20]):
            assert (group - batch["target"])[..., 3:-3, 3:-3].abs().median() < 1.5  # of whole numbers


def test_what_cannot_be_is_said(tmp_path):
    with pytest.raises(UserError, match=r"data\.train is null: expected products"):
        data()
    with pytest.raises(UserError, match="sensor: found none"):
        Multiresolution(sensor=None, target_m=20)
    (path,) = mats(tmp_path, a=72)
    with pytest.raises(UserError, match=r"gone\.mat does not exist"):
        data(train=[path], val=[str(tmp_path / "gone.mat")])
    Path(path).write_bytes(Path(path).read_bytes()[:3000])
    with pytest.raises(UserError, match=r"a\.mat is corrupt"):
        data(train=[path])


@pytest.mark.real
@pytest.mark.parametrize(("target_m", "expected"), [(20, 146.4), (60, 105.5)])
def test_published_baseline_through_the_loader(real_data, repository, tmp_path, target_m, expected):
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    facts = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2.yaml")
    facts.readers = [
        {"_target_": f"products.{name}"}
        for name in ("demonstration_mat.DemonstrationMatReader", "raster_folder.RasterFolderReader")
    ]
    scene = str(real_data / "s2_dsen2_demo" / "S2A_MSIL1C_20170527_T33UUB.mat")
    made = data(instantiate(facts), test=[scene], target_m=target_m, cache=tmp_path,
                generator={"train": 1, "val": 0, "test": 0, "size_px": 216}, patch_size=32)  # fmt: skip
    squared = [
        ((batch["bicubic"] - batch["target"]) ** 2, batch["valid"]) for batch in made.test_dataloader()
    ]
    bands = range(squared[0][0].shape[1])
    errors = [torch.cat([error[:, band][valid[:, band]] for error, valid in squared]) for band in bands]
    found = float(np.mean([error.double().mean().sqrt() for error in errors]))
    assert found == pytest.approx(expected, abs=0.06)


def test_large_products_are_decoded_for_training_and_give_the_same_samples(tmp_path):
    train, val, test = mats(tmp_path, a=72, b=84, c=96)
    options = {"train": [train], "val": [val], "test": [test]}
    small = data(**options)
    large = data(**options, cache=tmp_path / "cache", decode_above_mb=0)
    assert sorted(path.name[:2] for path in (tmp_path / "cache" / "decoded").iterdir()) == ["a_", "b_"]
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        for one, other in zip(getattr(small, loader)(), getattr(large, loader)(), strict=True):
            assert one["id"] == other["id"] and torch.equal(one["target"], other["target"])
            assert all(torch.equal(one["inputs"][m], other["inputs"][m]) for m in (10, 20))
