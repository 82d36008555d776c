"""Charts are files with something in them."""

from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from evaluation.segmentation_plots import plot_calendar, plot_confusion


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def _share_of(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(pixels - colour).max(axis=-1) < 3).mean())


def test_rows_of_a_confusion_matrix_have_their_shares_as_colour(tmp_path: Path) -> None:
    path = tmp_path / "confusion.png"
    plot_confusion(np.array([[1000, 0], [0, 3]]), ["cloud", "ground"], path, "both right")
    right = _pixels(path)
    plot_confusion(np.array([[1000, 0], [3, 0]]), ["cloud", "ground"], path, "one right")
    darkest = (8, 48, 107)  # the end of matplotlib's Blues: both cells of the diagonal, whatever their counts
    assert _share_of(right, darkest) > 0.1 and _share_of(_pixels(path), darkest) > 0.1
    assert not np.array_equal(right, _pixels(path))
    assert [file.name for file in tmp_path.iterdir()] == ["confusion.png"]


def test_a_class_that_never_occurs_is_grey(tmp_path: Path) -> None:
    path = tmp_path / "confusion.png"
    plot_confusion(np.array([[5, 0], [0, 0]]), ["cloud", "snow"], path, "no snow")
    assert _share_of(_pixels(path), (0xEE, 0xEE, 0xEE)) > 0.1


def test_days_have_their_place_in_the_calendar(tmp_path: Path) -> None:
    january, december = tmp_path / "january.png", tmp_path / "december.png"
    plot_calendar({date(2021, 1, 1): 1.0}, january, "mean IoU")
    plot_calendar({date(2021, 12, 31): 1.0}, december, "mean IoU")
    yellow = [
        np.argwhere((np.abs(_pixels(p) - (253, 231, 37)).max(axis=-1) < 3)[:, :1290])
        for p in (january, december)
    ]
    assert (yellow[0].mean(axis=0) < yellow[1].mean(axis=0)).all()  # further up and to the left


def test_each_year_has_a_block(tmp_path: Path) -> None:
    plot_calendar({date(2021, 1, 1): 0.5}, tmp_path / "one.png", "one year")
    plot_calendar({date(2021, 1, 1): 0.5, date(2023, 6, 5): 0.7}, tmp_path / "two.png", "two years")
    assert _pixels(tmp_path / "two.png").shape[0] > 1.5 * _pixels(tmp_path / "one.png").shape[0]
