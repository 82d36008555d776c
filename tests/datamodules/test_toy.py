import json
import logging
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from datamodules.toy import Toy
from errors import UserError
from tests.fakes.toy_data import SPLITS, STEP, make_toy, write_dataset
from tests.fakes.toy_scenes import (
    NUM_FRAMES,
    SIDE,
    TASKS,
    annotation,
    pixels,
    write_manifest,
    write_product,
    write_scenes,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("toy"))


def window_of(name: str) -> tuple[slice, slice]:
    row, column, height, width = map(int, name.split("#")[1].split(","))
    return slice(row, row + height), slice(column, column + width)


def expected(name: str, product_name: str) -> np.ndarray:
    """Pixels that an id names, channel first."""
    scene, frame = name.split("#", maxsplit=1)[0].split("/")
    values = pixels(scene, product_name, int(frame.removeprefix("frame_")))
    return values[window_of(name)].transpose(2, 0, 1)


def test_a_training_batch(root: Path) -> None:
    data = make_toy(root, patch_size=8)
    batch = next(iter(data.train_dataloader()))
    assert {key: tuple(value.shape) for key, value in batch.items() if torch.is_tensor(value)} == {
        "source": (4, 6, 8, 8), "target": (4, 3, 8, 8), "valid": (4, 1, 8, 8), "mask": (4, 8, 8), "frame": (4,),
    }  # fmt: skip
    assert [batch[key].dtype for key in ("source", "target", "valid", "mask", "frame")] == [
        torch.float32, torch.float32, torch.bool, torch.int64, torch.int64,
    ]  # fmt: skip
    assert data.channels == {"in_channels": 6, "out_channels": 3}
    assert data.source_layout == {"clouded_optical": (0, 3), "sar": (3, 6)}
    assert data.target_name == "clean_optical"
    assert data.specification.value_range == (0, 1)
    assert data.split_note is None
    assert data.num_classes == 2


def test_an_id_names_the_pixels(root: Path) -> None:
    for batch in make_toy(root, patch_size=9).train_dataloader():
        for i, name in enumerate(batch["id"]):
            assert name.startswith(f"{batch['scene'][i]}/frame_{batch['frame'][i]}#")
            valid = batch["valid"][i].numpy()
            sources = [expected(name, product) for product in ("clouded_optical", "sar")]
            for found, wanted in (
                (batch["source"][i], np.concatenate(sources)),
                (batch["target"][i], expected(name, "clean_optical")),
            ):
                np.testing.assert_allclose(found.numpy() * valid, wanted * valid, atol=STEP)
            classes = annotation()[..., 1][window_of(name)]
            np.testing.assert_array_equal(
                batch["mask"][i], np.where(classes > 0, classes.astype(int) - 1, 255)
            )


def test_pixels_without_data_are_zero_and_marked(root: Path) -> None:
    batch = next(iter(make_toy(root, test_batch_size=3).val_dataloader()))
    assert batch["frame"].tolist() == [0, 1, 2]
    assert torch.nonzero(~batch["valid"]).tolist() == [[0, 0, 3, 4]]
    assert batch["source"][0, :, 3, 4].tolist() == [0] * 6
    assert batch["target"][0, :, 3, 4].tolist() == [0] * 3


def test_the_manifest_is_obeyed(root: Path) -> None:
    data = make_toy(root, batch_size=1)
    loaders = {"train": data.train_dataloader(), "val": data.val_dataloader(), "test": data.test_dataloader()}
    for part, loader in loaders.items():
        scenes = {scene for batch in loader for scene in batch["scene"]}
        assert scenes == {name for name, split in SPLITS.items() if split == part}


def test_test_batches_never_cross_scenes(root: Path) -> None:
    data = make_toy(root, test_batch_size=4, test_every=1)
    batches = [(batch["scene"], batch["frame"].tolist()) for batch in data.test_dataloader()]
    assert batches == [
        (["10"] * 4, [0, 1, 2, 3]),
        (["10"] * 2, [4, 5]),
        (["11"] * 4, [0, 1, 2, 3]),
        (["11"] * 2, [4, 5]),
    ]
    assert next(iter(data.test_dataloader()))["source"].shape == (4, 6, SIDE, SIDE)


@pytest.mark.parametrize("keys", [{"sequence_length": 3}, {"unpaired": True}])
def test_evaluation_has_the_plain_batches(root: Path, keys: dict[str, Any]) -> None:
    data = make_toy(root, **keys)
    for loader in (data.val_dataloader(), data.test_dataloader()):
        batch = next(iter(loader))
        assert batch["source"].ndim == batch["target"].ndim == 4
        assert batch["frame"].tolist() == [0, 1, 2, 3]


def test_limits_count_scenes(root: Path) -> None:
    assert {
        scene for batch in make_toy(root, test_limit=1).test_dataloader() for scene in batch["scene"]
    } == {"10"}
    assert len(make_toy(root, val_limit=1).val_set.items) == NUM_FRAMES


def test_every_kth_frame(root: Path) -> None:
    data = make_toy(root, train_every=2, val_every=3, test_every=5, frames=[1, 2, 3, 4, 5])
    assert sorted({frame for _, frame in data.test_set.items}) == [1]
    assert [frame for _, frame in data.val_set.items] == [1, 4]
    assert {int(f) for batch in data.train_dataloader() for f in batch["frame"]} <= {1, 3, 5}
    assert len(data.train_set) == 6


def test_sequences_are_consecutive_crops(root: Path) -> None:
    data = make_toy(root, sequence_length=3, train_every=2, patch_size=8, batch_size=2)
    assert len(data.train_set) == 2  # frames 0, 2, 4 of two scenes
    longer = make_toy(root, sequence_length=3, patch_size=8, batch_size=8)
    assert len(longer.train_set) == 2 * (NUM_FRAMES - 2)
    batch = next(iter(longer.train_dataloader()))
    assert batch["source"].shape == (8, 3, 6, 8, 8)
    assert batch["target"].shape == (8, 3, 3, 8, 8)
    assert batch["valid"].shape == (8, 3, 1, 8, 8)
    assert batch["mask"].shape == (8, 8, 8)
    assert len({int(first) for first in batch["frame"][:, 0]}) > 1
    for i, frames in enumerate(batch["frame"].tolist()):
        assert frames == list(range(frames[0], frames[0] + 3))
        for step, frame in enumerate(frames):
            rows, columns = window_of(batch["id"][i])
            wanted = pixels(batch["scene"][i], "sar", frame)[rows, columns].transpose(2, 0, 1)
            valid = batch["valid"][i, step].numpy()
            np.testing.assert_allclose(
                batch["source"][i, step, 3:].numpy() * valid, wanted * valid, atol=STEP
            )


def test_unpaired_samples_are_independent(root: Path) -> None:
    data = make_toy(root, unpaired=True, patch_size=8, batch_size=12)
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"domain_a", "domain_b", "valid_a", "valid_b", "id"}
    assert batch["domain_a"].shape == (12, 6, 8, 8)
    assert batch["domain_b"].shape == (12, 3, 8, 8)
    assert batch["valid_a"].shape == batch["valid_b"].shape == (12, 1, 8, 8)
    names = [name.split(" + ") for name in batch["id"]]
    assert len({a.split("#")[0] for a, _ in names}) == 12  # every frame of the domain once in an epoch
    assert sum(a == b for a, b in names) <= 1
    for i, (a, b) in enumerate(names):
        for found, wanted, valid in (
            (batch["domain_a"][i, 3:], expected(a, "sar"), batch["valid_a"][i].numpy()),
            (batch["domain_b"][i], expected(b, "clean_optical"), batch["valid_b"][i].numpy()),
        ):
            np.testing.assert_allclose(found.numpy() * valid, wanted * valid, atol=STEP)


def test_upper_bound_and_other_overrides(root: Path) -> None:
    data = make_toy(root, sources=["clean_optical"])
    batch = next(iter(data.val_dataloader()))
    assert torch.equal(batch["source"], batch["target"])
    assert data.baselines == {"band_mean": {"mean": "target"}}
    assert make_toy(root).baselines == TASKS["cloud_removal"]["baselines"]
    assert make_toy(root, target="sar", sources=["clean_optical"]).target_name == "sar"


def test_sar_to_optical_takes_the_target_that_is_there(root: Path) -> None:
    data = make_toy(root, task="sar_to_optical")
    assert data.target_name == "clean_optical"
    assert data.channels == {"in_channels": 3, "out_channels": 3}
    assert data.baselines == {}


@pytest.mark.parametrize("mask", ["classes", "instances"])
def test_segmentation(root: Path, mask: str) -> None:
    data = make_toy(root, task="segmentation", mask=mask)
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"image", "mask", "valid", "id", "scene", "frame"}
    assert data.channels == {"in_channels": 3}
    assert data.specification.num_bands == 3
    wanted = annotation()[..., 0 if mask == "instances" else 1].astype(int)
    if mask == "classes":
        wanted = np.where(wanted > 0, wanted - 1, 255)
    np.testing.assert_array_equal(batch["mask"][0], wanted)


def test_clean_scenes(root: Path) -> None:
    data = make_toy(root, test_every=2)
    found = list(data.clean_scenes("test"))
    assert [name for name, _, _ in found] == ["10", "11"]
    frames, mask = found[0][1:]
    assert (frames.shape, frames.dtype) == ((3, SIDE, SIDE, 3), np.float32)
    np.testing.assert_allclose(frames[1], pixels("10", "clean_optical", 2), atol=STEP)
    assert np.isnan(frames[0, 3, 4]).all()
    assert (mask.dtype, set(np.unique(mask))) == (np.int64, {0, 1, 255})
    assert data.example_input() == root / "10"


def test_a_folder_without_manifest_is_split_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_scenes(
        tmp_path, map(str, range(10)), ["clean_optical", "clouded_optical", "sar"], frames=[0], side=4
    )
    with caplog.at_level(logging.WARNING):
        data = make_toy(tmp_path, val_fraction=0.15, test_fraction=0.15)
        data.setup()
        make_toy(tmp_path, val_fraction=0.15, test_fraction=0.15)  # another satellite
    assert [len(scenes) for scenes in data.plan.parts.values()] == [7, 1, 2]
    assert len(caplog.records) == 1
    assert caplog.records[0].message == data.split_note
    assert "has no manifest.json" in data.split_note


def test_no_training_scenes(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], frames=[0], side=4)
    data = make_toy(tmp_path)
    assert len(list(data.test_dataloader())) == 1
    with pytest.raises(UserError, match="no training images"):
        data.train_dataloader()


def test_no_data_and_no_generator() -> None:
    with pytest.raises(UserError, match=r"data\.root is null: expected a folder"):
        Toy(task="cloud_removal", tasks=TASKS)


def test_the_fingerprint_follows_the_products(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1", "2"], frames=[0, 1], side=4)
    write_manifest(tmp_path, {"1": "train", "2": "test"})
    before = make_toy(tmp_path).clean_fingerprint("train")
    assert before == make_toy(tmp_path, seed=9, patch_size=2).clean_fingerprint("train")
    assert before != make_toy(tmp_path, test_every=2).clean_fingerprint("train")
    assert before != make_toy(tmp_path, target="sar", sources=["clean_optical"]).clean_fingerprint("train")
    write_product(tmp_path / "1" / "clean_optical", frames=[0, 1], side=4)
    assert before != make_toy(tmp_path).clean_fingerprint("train")


def test_super_resolution(root: Path) -> None:
    keys: dict[str, Any] = {
        "task": "super_resolution",
        "revisit": 2,
        "degradation": {"low_resolution": {"block_px": 4}},
    }
    data = make_toy(root, patch_size=8, **keys)
    assert data.source_layout == {"history": (0, 3), "low_resolution": (3, 6)}
    assert data.revisit == 2
    assert {frame for _, frame in data.test_set.items} == {1, 2, 3, 4, 5}
    whole = make_toy(root, batch_size=12, **keys).train_dataloader()
    for batch in whole:
        for i, frame in enumerate(batch["frame"].tolist()):
            history = pixels(batch["scene"][i], "clean_optical", (frame - 1) // 2 * 2).transpose(2, 0, 1)
            there = batch["source"][i, :3].numpy() != 0
            np.testing.assert_allclose(batch["source"][i, :3].numpy() * there, history * there, atol=STEP)


def test_products_that_the_original_software_wrote(tmp_path: Path) -> None:
    for name in ("clean_optical", "clouded_optical", "sar"):
        folder = tmp_path / "1" / name
        files: dict[str, Any] = {}
        for index in range(4):
            if index == 2:  # left out by temporal_res
                files[str(index)] = None
                continue
            files[str(index)] = {
                "frame": f"frames/frame_{index}.h5",
                "annotation": f"annotations/annotation_{index}.h5",
            }
            for kind, values in (("frame", pixels("1", name, index)), ("annotation", annotation())):
                path = folder / files[str(index)][kind]
                path.parent.mkdir(parents=True, exist_ok=True)
                with h5py.File(path, "w") as file:
                    file.create_dataset("data", data=values)
        # Derived products of the original count their frames twice.
        features = {"width": SIDE, "height": SIDE, "nbands": 3, "horizon": 4, "ndigit": 4, "nframes": 6}
        (folder / "index.json").write_text(json.dumps({"features": features, "files": files}))
    data = make_toy(tmp_path, test_batch_size=8)
    batch = next(iter(data.test_dataloader()))
    assert batch["frame"].tolist() == [0, 1, 3]
    assert batch["source"].dtype == torch.float32
    np.testing.assert_allclose(
        batch["target"][2], pixels("1", "clean_optical", 3).transpose(2, 0, 1), atol=1e-7
    )
    np.testing.assert_array_equal(batch["mask"][0], data.plan.first.class_mask(0))


def test_the_config_builds_it(repository: Path, tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from running.config_check import run_preflights
    from running.instantiation import instantiate

    words = [
        "data=toy",
        f"data.cache={tmp_path}",
        "data.generator.num_scenes=3",
        "data.generator.num_frames=2",
    ]
    size = ["data.generator.width=40", "data.generator.height=32", "data.generator.num_cells=4"]
    with initialize_config_dir(str(repository / "conf"), version_base="1.3"):
        config = compose("train", overrides=[*words, *size])
        presets = compose("generate", overrides=["generator=toy_dataset"]).generator.presets
    run_preflights(config)
    data = instantiate(config.data)
    data.prepare_data()
    data.setup()
    assert {part: len(scenes) for part, scenes in data.plan.parts.items()} == {
        "train": 1,
        "val": 1,
        "test": 1,
    }
    assert data.channels == {"in_channels": 6, "out_channels": 3}
    assert next(iter(data.val_dataloader()))["source"].shape[:2] == (2, 6)
    assert [path.name.split("_")[0] for path in tmp_path.iterdir()] == ["cloud"]
    for name, options in config.data.degradation.items():  # the same sensor, whoever makes the coarse product
        preset = OmegaConf.to_container(presets[name].aggregation)
        assert {key: value for key, value in preset.items() if value is not None} == dict(options)
