from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.tasks import Task, choose_task, open_scene, require_products, settled
from tests.fakes.toy_scenes import CLOUD_REMOVAL, SIDE, TASKS, annotation, pixels, write_product, write_scenes

STEP = 1.0 / 65534  # of the compact layout
COARSE = {"low_resolution": {"block_px": 4}}


def task(name: str = "cloud_removal", products: tuple[str, ...] = CLOUD_REMOVAL, **keys: Any) -> Task:
    """A settled task."""
    return settled(choose_task(name, TASKS, **keys), products)


def test_sources_in_order_and_a_window(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["3"])
    scene = open_scene(tmp_path / "3", task(sources=["sar", "clouded_optical"]))
    assert scene.source_layout == {"sar": (0, 3), "clouded_optical": (3, 6)}
    assert scene.bands == {"clean_optical": 3, "sar": 3, "clouded_optical": 3}
    source, target = scene.source_pixels(2, (4, 5, 6, 7)), scene.target_pixels(2, (4, 5, 6, 7))
    for found, product in ((source[:3], "sar"), (source[3:], "clouded_optical"), (target, "clean_optical")):
        wanted = pixels("3", product, 2)[4:10, 5:12].transpose(2, 0, 1)
        np.testing.assert_allclose(found, wanted, atol=STEP)
    assert source.dtype == target.dtype == np.float32
    np.testing.assert_array_equal(scene.annotation(2, (4, 5, 6, 7)), annotation()[4:10, 5:12])


def test_masks(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["3"], frames=[0])
    scene = open_scene(tmp_path / "3", task())
    cells, classes = annotation()[..., 0], annotation()[..., 1]
    assert scene.class_mask(0).dtype == scene.instance_mask(0).dtype == np.int64
    np.testing.assert_array_equal(scene.class_mask(0)[1:], classes[1:].astype(int) - 1)
    assert set(scene.class_mask(0)[0]) == {255}
    np.testing.assert_array_equal(scene.instance_mask(0), cells)


def test_frames_that_all_products_have(tmp_path: Path) -> None:
    write_product(tmp_path / "1" / "clean_optical", frames=[0, 1, 2, 4])
    write_product(tmp_path / "1" / "clouded_optical", frames=[1, 2, 3, 4])
    write_product(tmp_path / "1" / "sar", frames=[0, 2, 3, 4, 5])
    scene = open_scene(tmp_path / "1", task())
    assert scene.frames == [2, 3, 4]
    assert scene.paired == [2, 4]
    assert scene.horizon == 6


@pytest.mark.parametrize(
    ("products", "target"),
    [
        (("clean_optical", "optical", "sar"), "optical"),
        (("clean_optical", "sar"), "clean_optical"),
    ],
)
def test_the_first_target_that_is_there_wins(products: tuple[str, ...], target: str) -> None:
    assert task("sar_to_optical", products).target == target


def test_super_resolution_with_a_coarse_product(tmp_path: Path) -> None:
    products = {"high_resolution": SIDE, "low_resolution": SIDE // 4}
    for name, side in products.items():
        write_product(tmp_path / "1" / name, side=side)
    scene = open_scene(
        tmp_path / "1", task("super_resolution", tuple(products), revisit=3, degradation=COARSE)
    )
    assert scene.paired == [1, 2, 3, 4, 5]  # frame 0 has no history
    assert scene.source_layout == {"history": (0, 3), "low_resolution": (3, 6)}
    assert scene.source_pixels(4).shape == (6, SIDE, SIDE)
    for frame, taken in ((1, 0), (3, 0), (4, 3), (5, 3)):
        wanted = pixels("1", "high_resolution", taken).transpose(2, 0, 1)
        np.testing.assert_allclose(scene.source_pixels(frame)[:3], wanted, atol=STEP)


def test_super_resolution_of_a_cloud_removal_scene(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"])
    choice = task("super_resolution", revisit=2, degradation=COARSE)
    assert (choice.target, choice.made) == ("clean_optical", {"low_resolution"})
    low = open_scene(tmp_path / "1", choice).source_pixels(3)[3:]
    blocks = pixels("1", "clean_optical", 3).reshape(4, 4, 4, 4, 3).mean((1, 3)).transpose(2, 0, 1)
    np.testing.assert_allclose(low.mean((1, 2)), blocks.mean((1, 2)), atol=0.02)
    assert low.std() < 0.4 * pixels("1", "clean_optical", 3).std()


def test_an_override_of_the_table(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], frames=[0])
    scene = open_scene(tmp_path / "1", task(sources=["clean_optical"], target="sar"))
    np.testing.assert_array_equal(scene.source_pixels(0), np.float32(scene.source_pixels(0)))
    assert scene.bands == {"sar": 3, "clean_optical": 3}


def test_prediction_needs_no_target(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], ["clouded_optical", "sar"])
    scene = open_scene(tmp_path / "1", task(products=("clouded_optical", "sar")), paired=False)
    assert scene.target is None
    assert scene.frames == scene.paired == list(range(6))
    np.testing.assert_array_equal(scene.annotation(0), annotation())
    with pytest.raises(UserError, match="lacks the target 'clean_optical' of task cloud_removal"):
        open_scene(tmp_path / "1", task())


def test_a_map_of_another_frame_serves_where_the_target_misses_one(tmp_path: Path) -> None:
    write_product(tmp_path / "1" / "high_resolution", frames=[0, 4])
    write_product(tmp_path / "1" / "low_resolution", side=SIDE // 4)
    choice = task("super_resolution", ("high_resolution", "low_resolution"), revisit=4, degradation=COARSE)
    scene = open_scene(tmp_path / "1", choice, paired=False)
    assert (scene.frames, scene.paired) == ([1, 2, 3, 4, 5], [4])
    np.testing.assert_array_equal(scene.annotation(2), annotation())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"name": "cloud_removl"},
            r"data\.task: found 'cloud_removl' \(did you mean 'cloud_removal'\?\), expected one of",
        ),
        ({"sources": []}, r"data\.sources: found \[\], expected names of products"),
        ({"sources": ["sar", "sar"]}, r"data\.sources: found \['sar', 'sar'\]"),
        ({"revisit": 0}, r"data\.revisit: found 0, expected a number of frames of at least 1"),
    ],
)
def test_impossible_tasks(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_task(**{"name": "cloud_removal", "tasks": TASKS, **keys})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"sources": ["clean_optcal"]},
            r"data\.sources: found 'clean_optcal' \(did you mean 'clean_optical'\?\), expected a product: the scenes of "
            r"ROOT have clean_optical, clouded_optical, sar$",
        ),
        ({"target": "truth"}, r"data\.target: found truth, expected a product: the scenes of ROOT have"),
        ({"sources": ["low_resolution"]}, r"data\.sources: found 'low_resolution'"),
    ],
)
def test_products_that_no_scene_has(keys: dict[str, Any], message: str) -> None:
    choice = task(**keys)
    with pytest.raises(UserError, match=message):
        require_products(choice, CLOUD_REMOVAL, Path("ROOT"))


def test_nothing_to_make_a_source_of() -> None:
    tasks = {"segmentation": {"sources": ["history"], "target": None}}
    with pytest.raises(
        UserError,
        match=r"data\.target: found none for task segmentation, expected the product of which history",
    ):
        require_products(
            settled(choose_task("segmentation", tasks), CLOUD_REMOVAL), CLOUD_REMOVAL, Path("ROOT")
        )


def test_a_missing_source_is_named_with_its_folder(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], ["clean_optical", "sar"], frames=[0])
    with pytest.raises(
        UserError,
        match=r"1 lacks the source 'clouded_optical' of task cloud_removal: .* found clean_optical, sar$",
    ):
        open_scene(tmp_path / "1", task())


def test_frames_of_another_size(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], ["clean_optical", "clouded_optical"], frames=[0])
    write_product(tmp_path / "1" / "sar", frames=[0], side=SIDE // 2)
    with pytest.raises(UserError, match=r"sar has frames of 8x8 pixels, expected 16x16 as .*clean_optical$"):
        open_scene(tmp_path / "1", task())


def test_a_coarse_source_alone_has_no_size_to_be_raised_to(tmp_path: Path) -> None:
    write_product(tmp_path / "1" / "low_resolution", frames=[0], side=4)
    choice = task("super_resolution", ("low_resolution",), sources=["low_resolution"], degradation=COARSE)
    with pytest.raises(UserError, match="lacks the target 'high_resolution', whose size"):
        open_scene(tmp_path / "1", choice, paired=False)
