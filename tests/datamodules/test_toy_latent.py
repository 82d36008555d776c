from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from datamodules.toy_latent import ToyLatent, cache_key, cached_scene
from errors import UserError
from synthesis.toy.latent import generate
from synthesis.toy.layout import open_product

SIDE, PATCH = 48, 32


@pytest.fixture
def generator(repository: Path) -> Callable[..., Path]:
    """The generator of a tiny scene as the config gives it: a partial."""
    phenology = OmegaConf.to_container(OmegaConf.load(repository / "conf" / "phenology" / "temperate.yaml"))
    return partial(
        generate, seed=0, num_frames=3, width=SIDE + 8, height=SIDE, num_bands=4, num_cells=6, num_classes=3,
        layout="compact", texture_amplitude=0.1, time_series=None, phenology=phenology, progress=False,
    )  # fmt: skip


@pytest.fixture
def make(generator: Callable[..., Path], tmp_path: Path) -> Callable[..., ToyLatent]:
    """Makes a DataModule of 2 training, 1 validation and 2 test scenes."""

    def run(**keys: Any) -> ToyLatent:
        data: dict[str, Any] = {
            "generator": generator, "cache": tmp_path / "cache", "num_train_scenes": 2, "num_val_scenes": 1,
            "num_test_scenes": 2, "patch_size": PATCH, "batch_size": 3, "seed": 7,
        }  # fmt: skip
        return ToyLatent(**{**data, **keys})

    return run


def ready(data: ToyLatent) -> ToyLatent:
    data.setup()
    return data


def test_batches(make: Callable[..., ToyLatent]) -> None:
    data = ready(make())
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"image", "valid", "id"}
    assert (batch["image"].shape, batch["image"].dtype) == ((3, 4, PATCH, PATCH), torch.float32)
    assert (batch["valid"].shape, batch["valid"].dtype) == ((3, 1, PATCH, PATCH), torch.bool)
    assert batch["valid"].all()
    assert len(batch["id"]) == 3
    assert data.specification.bands == ("red", "green", "blue", "near_infrared")
    assert data.specification.num_bands == 4


def test_parts_share_no_scene(make: Callable[..., ToyLatent]) -> None:
    data = ready(make(batch_size=1))
    loaders = (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    scenes = [{name.split("/")[0] for batch in loader for name in batch["id"]} for loader in loaders]
    assert scenes == [{"seed_0", "seed_1"}, {"seed_2"}, {"seed_3", "seed_4"}]


def test_an_id_names_the_pixels(make: Callable[..., ToyLatent]) -> None:
    data = ready(make(dtype="float32"))
    batch = next(iter(data.train_dataloader()))
    for image, name in zip(batch["image"], batch["id"], strict=True):
        place, window = name.split("#")
        scene, frame = place.split("/")
        where = tuple(int(number) for number in window.split(","))
        pixels = open_product(data.folder / scene).frame(int(frame.removeprefix("frame_")), where)
        np.testing.assert_array_equal(image.numpy(), pixels.transpose(2, 0, 1))


def test_training_crops_are_random_and_test_crops_central(make: Callable[..., ToyLatent]) -> None:
    data = ready(make(batch_size=1))
    windows = {batch["id"][0].split("#")[1] for _ in range(3) for batch in data.train_dataloader()}
    assert len(windows) > 1
    central = f"{(SIDE - PATCH) // 2},{(SIDE + 8 - PATCH) // 2},{PATCH},{PATCH}"
    assert {batch["id"][0].split("#")[1] for batch in data.test_dataloader()} == {central}
    assert len(data.test_dataloader()) == 6


def test_crops_are_a_function_of_seed_satellite_and_draw(make: Callable[..., ToyLatent]) -> None:
    def first(**keys: Any) -> list[str]:
        data = make(**{key: value for key, value in keys.items() if key != "satellite"})
        data.satellite = keys.get("satellite", 0)
        return next(iter(ready(data).train_dataloader()))["id"]

    assert first() == first()
    assert first() != first(seed=8)
    assert first() != first(satellite=1)


def test_workers_give_the_same_data(make: Callable[..., ToyLatent]) -> None:
    alone, workers = (ready(make(num_workers=count)).train_dataloader() for count in (0, 2))
    for one, other in zip(alone, workers, strict=True):
        assert one["id"] == other["id"]
        assert torch.equal(one["image"], other["image"])


@pytest.mark.parametrize(("dtype", "highest"), [("uint8", 255), ("uint16", 65535)])
def test_integer_pixels_span_the_possible_values(
    make: Callable[..., ToyLatent], dtype: str, highest: int
) -> None:
    data, exact = ready(make(dtype=dtype)), ready(make(dtype="float32"))
    assert data.specification.dtype == dtype
    assert data.specification.value_range == (0, highest)
    assert exact.specification.value_range == (0, 1)
    for batch, values in zip(data.test_dataloader(), exact.test_dataloader(), strict=True):
        numbers = batch["image"] * highest
        torch.testing.assert_close(numbers, numbers.round(), atol=0.02, rtol=0)
        # Values lie in [-0.1, 1.1] with this texture.
        torch.testing.assert_close(batch["image"] * 1.2 - 0.1, values["image"], atol=0.7 / highest, rtol=0)


def test_scenes_are_made_once(make: Callable[..., ToyLatent]) -> None:
    data = make()
    data.prepare_data()
    before = {path: path.stat().st_mtime_ns for path in data.folder.rglob("*")}
    assert sorted(path.name for path in data.folder.iterdir()) == [f"seed_{seed}" for seed in range(5)]
    ready(make())
    assert {path: path.stat().st_mtime_ns for path in data.folder.rglob("*")} == before


def test_other_settings_have_another_folder(generator: Any) -> None:
    key = cache_key(generator.keywords)
    assert key == cache_key({**generator.keywords, "progress": True, "seed": 9})
    assert key != cache_key({**generator.keywords, "num_cells": 7})
    assert key == cache_key(OmegaConf.create(generator.keywords))


def test_processes_at_the_same_time_make_one_scene(generator: Callable[..., Path], tmp_path: Path) -> None:
    barrier = Barrier(4)

    def together(output: Path, **keys: Any) -> Path:
        made = generator(output, **keys)
        barrier.wait(30)  # all are done before the first renames
        return made

    with ThreadPoolExecutor(4) as pool:
        scenes = list(pool.map(lambda _: cached_scene(together, tmp_path, 3), range(4)))
    assert set(scenes) == {tmp_path / "seed_3"}
    assert [path.name for path in tmp_path.iterdir()] == ["seed_3"]
    assert open_product(scenes[0]).frame_indices == [0, 1, 2]


def test_a_failed_scene_leaves_nothing(tmp_path: Path) -> None:
    def fail(output: Path, **_: Any) -> Path:
        output.mkdir(parents=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_scene(fail, tmp_path, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_a_file_is_named(generator: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"data\.cache: .* cannot be written"):
        cached_scene(generator, tmp_path / "cache", 0)


def test_no_validation_scenes_is_fine(make: Callable[..., ToyLatent]) -> None:
    assert ready(make(num_val_scenes=0)).val_dataloader() == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"patch_size": SIDE + 1}, rf"data\.patch_size is {SIDE + 1}: expected 1 to {SIDE}"),
        ({"patch_size": 0}, r"data\.patch_size is 0"),
        ({"dtype": "int8"}, r"data\.dtype is int8: expected one of uint8, uint16, float32"),
        ({"num_train_scenes": 0}, r"data\.num_train_scenes is 0"),
        ({"num_test_scenes": 0}, r"data\.num_test_scenes is 0"),
        ({"num_val_scenes": -1}, r"data\.num_val_scenes is -1"),
        ({"generator": generate}, r"data\.generator is no partial"),
    ],
)
def test_bad_values_are_named(make: Callable[..., ToyLatent], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(**keys)


def test_the_config_builds_it(repository: Path, tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir

    from running.instantiation import instantiate

    overrides = [
        "data=toy_latent",
        "data.generator.num_frames=1",
        f"data.cache={tmp_path}",
        "data.num_train_scenes=1",
    ]
    with initialize_config_dir(str(repository / "conf"), version_base="1.3"):
        config = compose("train", overrides=[*overrides, "data.num_val_scenes=1", "data.num_test_scenes=1"])
    data = instantiate(config.data)
    assert ready(data).specification.bands == ("red", "green", "blue")
    assert len(data.train_set) == 1
