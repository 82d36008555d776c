import json
import pickle

import numpy as np
import pytest
import torch

from datamodules.segmentation import Segmentation
from errors import UserError
from products.class_table import ClassTable
from products.query_folder import RECORD, Query, read_queries, record_of
from products.raster_scene import RasterScene
from products.scene_reader import SceneReader
from products.sensor import Sensor
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, grid, quarters, write_pair, write_tif


def data(folder=None, setup=True, reader=None, classes=CLOUDS, **options) -> Segmentation:
    given = {
        "patch_size": 16,
        "test_patch_size": 32,
        "batch_size": 2,
        "split_seed": 1,
        "statistics_windows": 8,
    }
    if folder is not None:
        given |= {"images": str(folder / "images"), "masks": str(folder / "masks")}
    made = Segmentation(scenes=SceneReader(**(reader or {})), classes=classes, **{**given, **options})
    if setup:
        made.prepare_data()
        made.setup()
    return made


@pytest.fixture
def one(tmp_path):
    """One scene with georeference, cut into blocks."""
    write_pair(tmp_path, "T33UUU_20210101", 200, own=grid(200, 200))
    return tmp_path


@pytest.fixture
def three(tmp_path):
    """Three tiles at two dates each, of different sizes, one smaller than a patch."""
    for tile, side in (("T31UAA", 64), ("T32UAA", 12), ("T33UAA", 40)):
        for day in ("20210101", "20210202"):
            west = 300_000 + 1000 * int(tile[1:3])
            write_pair(tmp_path, f"{tile}_{day}", side, own=grid(side, side, west=west), seed=int(day))
    return tmp_path


def painted(windows, shape):
    image = np.zeros(shape, bool)
    for window in windows:
        image[window.row : window.bottom, window.column : window.right] = True
    return image


@pytest.fixture
def reads(monkeypatch):
    """Every window that is read of an image: {name of the scene: windows}."""
    found: dict[str, list[Window]] = {}
    read = RasterScene.read

    def recorded(self, window):
        found.setdefault(self.name, []).append(window)
        return read(self, window)

    monkeypatch.setattr(RasterScene, "read", recorded)
    return found


@pytest.mark.parametrize("sampling", ["uniform", "rare_classes"])
@pytest.mark.parametrize("cache_mb", [0, 64])
def test_no_pixel_of_validation_or_test_is_read_in_training(one, reads, sampling, cache_mb):
    """Nor by the statistics, nor one of the strips between."""
    made = data(one, sampling=sampling, cache_mb=cache_mb, windows_per_epoch=300)
    reads.clear()  # of the check of the numbers when a scene is opened
    made.band_statistics(), made.class_counts()
    assert sum(len(batch["id"]) for batch in made.train_dataloader()) >= 300
    train = painted(reads.pop("T33UUU_20210101"), (200, 200))
    held = {}
    for name in ("val", "test"):
        list(getattr(made, f"{name}_dataloader")())
        held[name] = painted(reads.pop("T33UUU_20210101"), (200, 200))
        assert held[name].sum() > 0.08 * 200 * 200
    assert not (train & held["val"]).any() and not (train & held["test"]).any()
    assert not (held["val"] & held["test"]).any()
    assert train.sum() > 0.5 * 200 * 200
    unread = ~(train | held["val"] | held["test"])
    assert unread.sum() >= 2 * 200 * 4  # strips between blocks


def test_no_scene_of_validation_or_test_is_read_in_training(three, reads):
    made = data(three)
    assert made.plan.split.kind == "tile" and "by tile" in made.split_note
    reads.clear()  # of the check of the numbers when a scene is opened
    list(made.train_dataloader())
    made.band_statistics()
    tiles = {name[:6] for name in reads}

    assert len(tiles) == 1
    reads.clear()
    list(made.val_dataloader()), list(made.test_dataloader())
    assert len({name[:6] for name in reads} | tiles) == 3


def test_batches(three):
    made = data(three, windows_per_epoch=20)
    batch = next(iter(made.train_dataloader()))
    assert batch["image"].shape == (2, 3, 16, 16) and batch["image"].dtype == torch.float32
    assert batch["mask"].shape == (2, 16, 16) and batch["mask"].dtype == torch.int64
    assert batch["valid"].shape == (2, 1, 16, 16) and batch["valid"].dtype == torch.bool
    assert batch["id"][0].startswith(batch["scene"][0] + "#")
    assert set(batch["mask"].unique().tolist()) <= {0, 1, 2, 3, 255}
    known = batch["mask"] != 255
    assert (batch["image"][:, 0][known] // 1000 - 1 == batch["mask"][known]).all()
    assert made.channels == {"bands": ["B1", "B2", "B3"]} and made.decided["bands"] == ["B1", "B2", "B3"]
    assert made.specification.bands == ("B1", "B2", "B3") and made.specification.value_range == (0, 10_000)
    assert made.example_input().suffix == ".tif"
    for loader in (made.val_dataloader(), made.test_dataloader()):
        shapes = {tuple(each["image"].shape[1:]) for each in loader}
        assert len(shapes) == 1


def test_counts_and_statistics_are_of_the_training_ground(one):
    made = data(one, cache=one / "cache")
    (part,) = made.plan.split.parts["train"]
    mask = quarters(200, 200)[painted(part.areas, (200, 200))]
    assert made.class_counts() == np.bincount(mask, minlength=4).tolist()
    statistics = data(one, statistics_windows=200).band_statistics()
    assert len(statistics["mean"]) == 3 and statistics == data(one, statistics_windows=200).band_statistics()
    assert statistics["mean"][0] == pytest.approx(1000 * (1 + mask.mean()) + 25, rel=0.15)


def test_another_seed_other_windows_the_same_split(one):
    first, second = data(one), data(one, seed=1)
    assert first.plan.split == second.plan.split
    ids = [next(iter(each.train_dataloader()))["id"] for each in (first, second, data(one))]
    assert ids[0] == ids[2] != ids[1]


def test_archives_with_their_masks(tmp_path):
    """One archive of 256 x 128 pixels is enough, and floats are taken as they are scaled."""
    image = np.random.default_rng(0).random((256, 128, 4), np.float32)
    np.savez_compressed(tmp_path / "chip.npz", img=image, msk=quarters(256, 128)[..., None])
    made = data(
        images=str(tmp_path / "chip.npz"), reader={"scale": 10_000, "band_order": ["B2", "B3", "B4", "B8"]}
    )
    batch = next(iter(made.train_dataloader()))
    assert made.plan.split.kind == "blocks" and made.channels == {"bands": ["B2", "B3", "B4", "B8"]}
    assert 4000 < batch["image"].mean() < 6000 and (batch["mask"] != 255).all()
    assert len(made.val_set) and len(made.test_set)


def test_one_image_and_one_mask_belong_together(tmp_path):
    write_tif(tmp_path / "scene.tif", np.full((2, 64, 64), 7, np.uint16), names=["B1", "B2"])
    write_tif(tmp_path / "truth_2021.tif", quarters())
    made = data(images=str(tmp_path / "scene.tif"), masks=str(tmp_path / "truth_2021.tif"))
    assert len(made.plan.scenes) == 1


def test_scenes_smaller_than_a_patch(tmp_path):
    for number in range(2):
        write_pair(tmp_path, f"s{number}", 333, width=70, seed=number)
    made = data(tmp_path, patch_size=512, augmentation="none")
    assert made.plan.patch_size < 333 and "data.patch_size: found 512" in made.plan.notes[0]
    batch = next(iter(made.train_dataloader()))
    assert not batch["valid"][..., 70:].any() and (batch["mask"][..., 70:] == 255).all()
    assert batch["valid"].any()


def test_every_scene_is_test(three):
    made = data(
        three, test_on="all", labelled="of_another_training.json", edited_masks=["of_another_training"]
    )
    assert (
        made.train_set is None
        and made.val_set is None
        and len({each["scene"] for each in made.test_set}) == 6
    )
    with pytest.raises(UserError, match="everything is in the validation or test set"):
        made.train_dataloader()


def test_satellites_share_the_ground(one):
    parts = []
    for satellite in range(2):
        made = data(one, setup=False)
        made.satellite, made.num_satellites, made.data_shard = satellite, 2, "place"
        made.setup()
        windows = [
            made.train_set[index, draw]["id"] for index in range(len(made.train_set)) for draw in range(3)
        ]
        parts.append(
            painted([Window(*map(int, id.partition("#")[2].split(","))) for id in windows], (200, 200))
        )
    assert not (parts[0] & parts[1]).any() and parts[0].any() and parts[1].any()


def test_active_learning_trains_on_the_listed_windows(one):
    ids = data(one).grid_windows()
    chosen = [ids[3], ids[0], ids[7]]
    (one / "labelled.json").write_text(json.dumps({"windows": chosen}))
    made = data(one, labelled=str(one / "labelled.json"), windows_per_epoch=1)
    assert made.grid_windows() == ids and len(made.train_set) == 3
    assert [made.train_set[index, 0]["id"] for index in range(3)] == chosen
    pool = [made.pool_set[index]["id"] for index in range(len(made.pool_set))]
    assert pool == [id for id in ids if id not in chosen] and made.pool_set.id(0) == pool[0]
    assert sum(made.class_counts()) == 3 * 16 * 16
    assert set(made.pool_set[0]) == {"image", "mask", "valid", "id", "scene"}
    assert {made.labelled_set[index]["id"] for index in range(len(made.labelled_set))} == set(chosen)
    assert len(data(one).pool_set) == len(ids)  # nothing is listed: everything can be asked for
    assert data(one).labelled_set is None


def test_answers_replace_masks_and_never_reach_validation(one, caplog):
    made = data(one)
    inside = made.grid_windows()[2]
    (held,) = made.plan.split.parts["val"]
    outside = f"T33UUU_20210101#{held.areas[0].row},{held.areas[0].column},4,4"
    folder = one / "queries"
    folder.mkdir()
    asked = []
    for number, id in enumerate((inside, outside)):
        window = Window(*map(int, id.partition("#")[2].split(",")))
        asked.append(Query(f"{number}", id, "T33UUU_20210101", "", window))
    (folder / RECORD).write_text(record_of(CLOUDS, asked))
    for query in read_queries(folder).queries:
        read_queries(folder).write_edited(query, np.full(query.window[2:], 255, np.uint8), {})
    (one / "labelled.json").write_text(json.dumps({"windows": [made.grid_windows()[0]]}))
    before = [sample["mask"] for sample in made.val_set]
    edited = data(one, edited_masks=[str(folder)], labelled=str(one / "labelled.json"), windows_per_epoch=1)
    assert [edited.train_set[index, 0]["id"] for index in range(2)] == [made.grid_windows()[0], inside]
    assert (edited.train_set[1, 0]["mask"] == 255).all()
    assert all((one == other["mask"]).all() for one, other in zip(before, edited.val_set, strict=True))
    (warning,) = [record.getMessage() for record in caplog.records if "edited_masks" in record.getMessage()]
    assert outside in warning and inside not in warning
    assert len(edited.pool_set) == len(made.pool_set) - 2


def test_workers_give_the_same_batches(three):
    alone, helped = data(three), data(three, num_workers=1)
    pickle.loads(pickle.dumps(alone.train_set))
    for one, other in zip(alone.test_dataloader(), helped.test_dataloader(), strict=True):
        assert one["id"] == other["id"] and torch.equal(one["image"], other["image"])


def test_generated_scenes_with_layers(tmp_path):
    bands = {
        "B2": {"ground_sample_distance_m": 10, "wavelength_nm": 490},
        "B11": {"ground_sample_distance_m": 20},
    }
    toy = Sensor(name="toy", bands=bands, dtype="uint16", nodata=0, valid_range=[1, 65535], readers=[])
    generator = {"tiles": 3, "dates": 1, "size_px": 64, "auxiliary": ["treecover"]}
    made = data(generator=generator, sensor=toy, cache=tmp_path)
    assert made.channels == {"bands": ["B2", "B11", "treecover"]} and made.specification.synthetic
    assert made.plan.split.kind == "tile" and len(made.plan.scenes) == 3
    found = made.decided
    assert found["bands"] == ["B2", "B11", "treecover"]
    layer = found["scenes.auxiliary.treecover"]
    again = data(  # as a run's record asks for it
        reader={"bands": found["bands"], "auxiliary": {"treecover": layer}},
        images=str(made.plan.scenes[0].path.parent), masks=str(made.plan.masks[0].path.parent),
    )  # fmt: skip
    assert again.channels == made.channels
    assert torch.equal(
        next(iter(again.test_dataloader()))["image"], next(iter(made.test_dataloader()))["image"]
    )
    bright = data(generator=generator, sensor=toy, cache=tmp_path, gain_spread=0.5, augmentation="none")
    plain = data(generator=generator, sensor=toy, cache=tmp_path, augmentation="none")
    one, other = (next(iter(each.train_dataloader()))["image"] for each in (bright, plain))
    assert torch.equal(one[:, 2], other[:, 2]) and not torch.allclose(one[:, 0], other[:, 0], rtol=1e-2)


def test_impossible_arguments(tmp_path):
    with pytest.raises(UserError, match=r"data.images is null: expected scenes"):
        data(setup=False)
    with pytest.raises(
        UserError, match=r"data.images: found null, expected scenes, because data.masks is given"
    ):
        data(setup=False, masks="m")
    with pytest.raises(UserError, match=r"data.sampling: found 'rare', expected uniform, rare_classes"):
        data(tmp_path, setup=False, sampling="rare")


@pytest.mark.real
def test_a_real_image_with_its_mask(real_data):
    """256 columns of ukis-csmask, one file: six bands of reflectance and classes of which some are missing."""
    names = {"cloud": 4, "ground": 3, "snow": 1, "water": 2, "shadow": 0}
    table = {name: {"values": [value], "colour": [0, 0, value]} for name, value in names.items()}
    made = data(
        images=str(real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz"),
        reader={"scale": 10_000, "band_order": ["B2", "B3", "B4", "B8", "B11", "B12"]},
        patch_size=128, classes=ClassTable(name="csmask", classes=table),
    )  # fmt: skip
    batch = next(iter(made.train_dataloader()))
    assert batch["image"].shape == (2, 6, 128, 128) and 500 < batch["image"].mean() < 5000
    assert made.class_counts()[0] > 5000 and 0 in made.class_counts()
    for held in (made.val_set, made.test_set):  # blocks are laid so that both show cloud
        assert any((sample["mask"] == 0).any() for sample in held)
