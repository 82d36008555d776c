"""Maps of classes on disk held against masks on disk."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from errors import UserError
from evaluation.comparison import compare
from evaluation.results import read_results
from evaluation.segmentation_metrics import count_pixels, segmentation_scores
from products.class_raster import write_classes
from products.class_table import ClassTable
from tests.fakes.annotated_scenes import CLOUDS, grid, write_tif

DAYS = ("20210126", "20210131", "20220302")
GRID = grid(40, 52)
FAST = {"progress": False, "pictures": False, "tile_size": 256}


def _truth(number: int) -> np.ndarray:
    truth = np.random.default_rng(number).choice([0, 1, 2, 255], GRID.shape, p=[0.2, 0.5, 0.2, 0.1])
    return truth.astype(np.uint8)


def _prediction(number: int) -> np.ndarray:
    truth = _truth(number)
    wrong = np.random.default_rng(10 + number).random(truth.shape) < 0.1 * (number + 1)
    prediction = np.where(truth == 255, 1, np.where(wrong, 3, truth)).astype(np.uint8)
    prediction[:2] = 255
    return prediction


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three predictions, as segmentation writes them, and their masks."""
    predictions, masks = tmp_path / "predictions", tmp_path / "masks"
    for number, day in enumerate(DAYS):
        write_classes(predictions / f"T32TNS_{day}.tif", _prediction(number), GRID, CLOUDS)
        write_tif(masks / f"T32TNS_{day}_mask.tif", _truth(number), GRID)
    doubt = np.zeros((1, *GRID.shape), np.float32)
    write_tif(predictions / f"T32TNS_{DAYS[0]}_uncertainty.tif", doubt, GRID)
    return predictions, masks


@pytest.fixture
def run(folders: tuple[Path, Path], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Compare: `run(resampling="nearest")`."""

    def call(**keys: Any) -> dict[str, Any]:
        given = {"input": folders[0], "masks": folders[1], "output": tmp_path / "out", "classes": CLOUDS}
        return compare(**{**given, **FAST, **keys})

    return call


def test_scores_are_of_all_pixels_and_of_each_scene(run: Callable[..., Any], tmp_path: Path) -> None:
    figures = run()
    counts = [count_pixels(_truth(n), _prediction(n), 4) for n in range(3)]
    expected = segmentation_scores(np.sum(counts, axis=0), CLOUDS.names)
    assert figures["mean_iou"] == expected["mean_iou"] and figures["scenes"] == 3 and figures["unpaired"] == 0
    results = read_results(tmp_path / "out" / "results.json")
    assert results["scores"]["model"] == expected
    assert results["scored"]["windows"] == 3 and results["data"]["classes"] == "clouds"
    total = np.sum(counts, axis=0).sum(axis=1)
    assert results["scores"]["majority"]["accuracy"] == pytest.approx(total.max() / total.sum())
    assert results["score_notes"]["majority"].startswith("ground everywhere")
    assert "have no prediction" in results["score_notes"]["model, left out"]
    one = json.loads((tmp_path / "out" / "scenes" / f"T32TNS_{DAYS[1]}.json").read_text())
    assert one["confusion_matrix"] == counts[1].tolist()
    assert one["scores"] == segmentation_scores(counts[1], CLOUDS.names)


def test_differences_have_a_number_and_a_colour_for_each_pair(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    run()
    with rasterio.open(tmp_path / "out" / "differences" / f"T32TNS_{DAYS[0]}.tif") as file:
        values, palette = file.read(1), file.colormap(1)
        assert file.nodata == 255 and tuple(file.transform)[:6] == GRID.transform
    truth, prediction = _truth(0), _prediction(0)
    known = (truth != 255) & (prediction != 255)
    assert (values[known] == (prediction.astype(int) * 4 + truth)[known]).all() and (
        values[~known] == 255
    ).all()
    assert palette[1 * 4 + 1] == (112, 153, 89, 255)  # right: the class's own colour
    assert palette[3 * 4 + 0] == (248, 119, 81, 255)  # the mean of water and cloud


def test_pictures(run: Callable[..., Any], folders: tuple[Path, Path], tmp_path: Path) -> None:
    run(input=folders[0] / f"T32TNS_{DAYS[0]}.tif", pictures=True)
    pictures = tmp_path / "out" / "pictures"
    names = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png"))
    assert names == [
        "calendar_accuracy.png", "calendar_mean_f1.png", "calendar_mean_iou.png", "confusion.png",
        f"confusion/T32TNS_{DAYS[0]}.png",
    ]  # fmt: skip


def test_one_file_against_another_without_differences(
    run: Callable[..., Any], folders, tmp_path: Path
) -> None:
    other = write_tif(tmp_path / "truth.tif", _truth(0), GRID)
    figures = run(input=folders[0] / f"T32TNS_{DAYS[0]}.tif", masks=other, differences=False)
    assert figures["scenes"] == 1 and not (tmp_path / "out" / "differences").exists()


def test_tiles_do_not_matter(run: Callable[..., Any], tmp_path: Path) -> None:
    truth = np.random.default_rng(0).integers(0, 4, (300, 520)).astype(np.uint8)
    place = grid(*truth.shape)
    single = write_classes(tmp_path / "a.tif", np.roll(truth, 1), place, CLOUDS)
    mask = write_tif(tmp_path / "b.tif", truth, place)
    figures = [
        run(input=single, masks=mask, tile_size=side, differences=False)["mean_iou"] for side in (256, 512)
    ]
    expected = segmentation_scores(count_pixels(truth, np.roll(truth, 1), 4), CLOUDS.names)["mean_iou"]
    assert figures == [expected, expected]


def test_numbers_of_other_programs_are_read_by_the_table(run: Callable[..., Any], tmp_path: Path) -> None:
    table = ClassTable(name="mine", classes={"forest": 10, "water": [20, 21]}, ignore=[0])
    truth = np.array([[10, 20, 21, 0]] * 4, np.uint8)
    stored = write_tif(tmp_path / "p.tif", np.array([[20, 20, 10, 0]] * 4, np.uint8))
    mask = write_tif(tmp_path / "m.tif", truth)
    by_values = run(input=stored, masks=mask, classes=table)
    assert by_values["pixels"] == 12 and by_values["accuracy"] == pytest.approx(1 / 3)
    indices = write_tif(tmp_path / "i.tif", np.array([[0, 1, 1, 1]] * 4, np.uint8))
    assert run(input=indices, masks=mask, classes=table, predictions="indices")["accuracy"] == 1


def test_names_in_the_file_decide_and_not_positions(run: Callable[..., Any], folders, tmp_path: Path) -> None:
    swapped = ClassTable(
        name="swapped",
        classes={
            name: CLOUDS.values[CLOUDS.names.index(name)][0] for name in ("water", "snow", "ground", "cloud")
        },
    )
    first = run(input=folders[0] / f"T32TNS_{DAYS[0]}.tif")
    second = run(input=folders[0] / f"T32TNS_{DAYS[0]}.tif", classes=swapped)
    assert first["mean_iou"] == pytest.approx(second["mean_iou"]) and first["accuracy"] == second["accuracy"]


def test_published_masks_are_paired_by_day(run: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "labels" / "10m.npz"
    file.parent.mkdir()
    np.savez(file, **{day: _truth(number) for number, day in enumerate(DAYS)})
    assert run(masks=file)["scenes"] == 3


def test_what_is_left_over_is_named(run: Callable[..., Any], folders, tmp_path: Path, caplog) -> None:
    (folders[1] / f"T32TNS_{DAYS[2]}_mask.tif").rename(folders[1] / "T32TNS_20230101_mask.tif")
    with caplog.at_level(logging.WARNING):
        assert run()["unpaired"] == 2
    left = read_results(tmp_path / "out" / "results.json")["unpaired"]
    assert [Path(path).name for path in left["predictions"]] == [f"T32TNS_{DAYS[2]}.tif"]
    assert len(left["masks"]) == 1 and "20230101" in left["masks"][0] and "20230101" in caplog.text


def test_a_comparison_can_be_repeated_inside_the_predictions(run: Callable[..., Any], folders) -> None:
    inside = folders[0] / "compared"
    assert run(output=inside) | {"seconds": 0} == run(output=inside) | {"seconds": 0}
    assert not list(folders[0].glob(".*"))


def test_resampling_by_georeference(run: Callable[..., Any], tmp_path: Path) -> None:
    wide = np.pad(_truth(0), 4, constant_values=255)
    place = grid(48, 60, GRID.transform[2] - 40, GRID.transform[5] + 40)
    mask = write_tif(tmp_path / "wide" / f"T32TNS_{DAYS[0]}.tif", wide, place)
    with pytest.raises(
        UserError, match=r"found a mask of 48 x 60 pixels .* expected 40 x 52 pixels .* resampling=nearest"
    ):
        run(masks=mask)
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))
    expected = segmentation_scores(count_pixels(_truth(0), _prediction(0), 4), CLOUDS.names)
    assert run(masks=mask, resampling="nearest")["mean_iou"] == pytest.approx(expected["mean_iou"])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"output": None}, "output is required"),
        ({"masks": None}, "masks is required"),
        ({"classes": None}, "classes is required"),
        ({"predictions": "numbers"}, "predictions=numbers: expected one of auto, indices, values"),
        ({"resampling": "cubic"}, "resampling=cubic: expected one of none, nearest"),
        ({"tile_size": 100}, "tile_size=100: expected a multiple of 256"),
        (
            {"classes": ClassTable(name="two", classes={"clear": 0, "cloud": 1})},
            "found the classes cloud, ground, snow",
        ),
    ],
)
def test_bad_input_is_a_sentence(run: Callable[..., Any], tmp_path: Path, keys: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(**keys)
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_belong_together(run: Callable[..., Any], folders, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found none that belongs to an image"):
        run(masks=write_tif(tmp_path / "x" / "T33UUU_20200101.tif", _truth(0), GRID))
    write_tif(folders[1] / f"T32TNS_{DAYS[0]}_mask.tif", np.full(GRID.shape, 9, np.uint8), GRID)
    with pytest.raises(UserError, match="found 9, which classes=clouds does not know"):
        run()
    for day in DAYS:
        write_tif(folders[1] / f"T32TNS_{day}_mask.tif", np.full(GRID.shape, 255, np.uint8), GRID)
    with pytest.raises(UserError, match="no pixel that has a class in both"):
        run()
