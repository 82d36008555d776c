"""What is drawn of a scene: which part of it, and in which colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from callbacks.segmentation_pictures import TRUTH, UNKNOWN_COLOUR, SceneStrips
from callbacks.super_resolution_pictures import NO_DATA_COLOUR
from evaluation.segmentation_scores import MODEL, SPECTRAL_RULE
from products.band_roles import BandRoles

COLOURS = [(255, 0, 0), (112, 153, 89), (115, 191, 250)]
NAMES = ("cloud", "ground", "snow")
BANDS = ("B2", "B3", "B4", "B8", "B12")
ROLES = BandRoles(blue=["B2"], green=["B3"], red=["B4"], nir=["B8"], swir22=["B12"])
SIDE = 32


def _keep(strips: SceneStrips, scene: str, truth: np.ndarray, valid: np.ndarray | None = None) -> None:
    image = np.random.default_rng(0).uniform(0, 5000, (len(BANDS), *truth.shape)).astype(np.float32)
    prediction = np.where(truth == 255, 1, truth).astype(np.uint8)
    prediction[:, :4] = 2
    maps = {TRUTH: truth, MODEL: prediction, SPECTRAL_RULE: np.ones_like(truth)}
    valid = np.ones(truth.shape, bool) if valid is None else valid
    strips.keep(scene, image, valid, maps, np.full(truth.shape, 0.5, np.float32))


def _halves(side: int = SIDE) -> np.ndarray:
    truth = np.ones((side, side), np.uint8)
    truth[: side // 2] = 0
    return truth


def _strips(crop_px: int = SIDE, scenes: int = 2) -> SceneStrips:
    return SceneStrips(scenes, crop_px, ROLES, NAMES, COLOURS)


def _drawn(strips: SceneStrips, folder: Path, scene: str, bands: tuple[str, ...] = BANDS) -> np.ndarray:
    strips.draw(folder, bands, {scene: "mean IoU model 0.5"})
    return np.asarray(Image.open(folder / f"scene_{scene}.png"))


def _pixels_of(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour)).all(axis=-1).sum())


def test_maps_have_the_colours_of_the_classes(tmp_path: Path) -> None:
    strips = _strips()
    _keep(strips, "a", _halves())
    picture = _drawn(strips, tmp_path, "a")
    scale = 256 // SIDE
    cell = (SIDE * scale) ** 2
    legend = 15 * 15  # and the border of its box
    # Half of the truth and 7/8 of half of the model; the rule finds none, and is wrong where clouds are.
    assert _pixels_of(picture, COLOURS[0]) == pytest.approx(cell * (1 / 2 + 7 / 16), abs=legend)
    # Snow: what the model says wrongly, once in its map and once in its errors.
    assert _pixels_of(picture, COLOURS[2]) == pytest.approx(2 * cell / 8, abs=legend)
    assert picture.shape[1] > 4 * 256


def test_the_square_with_the_most_borders_is_drawn(tmp_path: Path) -> None:
    strips = _strips(crop_px=16)
    plain, telling = np.ones((SIDE, SIDE), np.uint8), np.ones((SIDE, SIDE), np.uint8)
    telling[16:, 16:] = np.indices((16, 16)).sum(axis=0) % 2
    _keep(strips, "a", plain)
    _keep(strips, "a", telling)
    _keep(strips, "a", plain)
    crop = strips._crops["a"]
    assert (crop.row, crop.column) == (16, 16) and crop.images[TRUTH][0].tolist() == telling[
        16:, 16:
    ].tolist()
    assert crop.images["image"].shape == (len(BANDS), 16, 16)


def test_what_windows_are_filled_up_with_is_not_drawn() -> None:
    strips, valid = _strips(), np.zeros((SIDE, SIDE), bool)
    valid[:20, :9] = True
    _keep(strips, "a", _halves(), valid)
    assert strips._crops["a"].images["image"].shape == (len(BANDS), 20, 9)


def test_no_more_scenes_than_asked_for() -> None:
    strips = _strips(scenes=1)
    _keep(strips, "a", _halves())
    _keep(strips, "b", _halves())
    assert list(strips._crops) == ["a"]


def test_unknown_is_white_and_no_data_grey(tmp_path: Path) -> None:
    strips = _strips()
    truth, valid = _halves(), np.ones((SIDE, SIDE), bool)
    truth[:, 20:] = 255
    valid[4:8, 2:10] = False
    _keep(strips, "a", truth, valid)
    picture = _drawn(strips, tmp_path, "a")
    cell = 256 * 256
    grey = (NO_DATA_COLOUR,) * 3
    # No data: in both pictures of bands, in both class maps and in the confidence.
    assert _pixels_of(picture, grey) == pytest.approx(5 * cell * 4 * 8 / SIDE**2, rel=0.03)
    assert strips.colour(truth)[0, 25].tolist() == list(UNKNOWN_COLOUR)


def test_scenes_without_valid_pixels_are_not_drawn(tmp_path: Path) -> None:
    strips = _strips()
    _keep(strips, "a", np.full((SIDE, SIDE), 255, np.uint8))
    strips.draw(tmp_path, BANDS, {})
    assert list(tmp_path.iterdir()) == []


def test_bands_of_other_names_are_drawn_too(tmp_path: Path) -> None:
    strips = SceneStrips(1, SIDE, None, NAMES, COLOURS)
    _keep(strips, "a", _halves())
    assert _drawn(strips, tmp_path, "a", ("x", "y", "z", "v", "w")).shape[1] > 4 * 256


def test_names_of_scenes_become_names_of_files(tmp_path: Path) -> None:
    strips = _strips()
    _keep(strips, "S2A/x y.SAFE", _halves())
    strips.draw(tmp_path, BANDS, {})
    assert [path.name for path in tmp_path.iterdir()] == ["scene_S2A_x_y.SAFE.png"]
