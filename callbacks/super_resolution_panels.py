"""One panel of pictures for each scene that a super-resolution model was tested on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from callbacks import super_resolution_pictures as pictures
from callbacks.pictures import save_png
from callbacks.super_resolution_crops import Crop, most_telling

MODEL, BICUBIC, BILINEAR = "model", "bicubic", "bilinear"
TARGET, GUIDE, MEASURED = "target", "guide", "measured"
METHODS = (MODEL, BICUBIC, BILINEAR)
SHOWN = (BILINEAR, BICUBIC, MODEL)


class ScenePanels:
    """Keeps the most telling square of each of the first scenes, and draws them.

    Args:
        scenes: how many are drawn.
        crop_px: side of the square, pixels of the fine grid.
        colours: target bands shown as red, green and blue; where one is missing or None, the first three.
    """

    def __init__(self, scenes: int, crop_px: int, colours: Sequence[str] | None = None) -> None:
        self.scenes = scenes
        self.crop_px = crop_px
        self.colours = None if colours is None else list(colours)
        self.forget()

    def forget(self) -> None:
        """Forget all scenes."""
        self._crops: dict[str, Crop] = {}
        self._native: dict[str, Crop] = {}

    def keep(self, scene: str, images: Mapping[str, np.ndarray], valid: np.ndarray) -> None:
        """Take a window with a truth into account: `METHODS`, `TARGET` and `GUIDE`, `(C, H, W)`, and the valid pixels."""
        if scene in self._crops or len(self._crops) < self.scenes:
            difference = pictures.mean_error(images[BICUBIC], images[TARGET])
            _keep(self._crops, scene, images, valid, difference, self.crop_px)

    def keep_native(
        self, scene: str, images: Mapping[str, np.ndarray], valid: np.ndarray, factor: int
    ) -> None:
        """Take a window at full resolution into account: `METHODS`, `MEASURED` and `GUIDE`, on the fine grid."""
        if scene in self._native or len(self._native) < self.scenes:
            difference = pictures.mean_error(images[MODEL], images[BICUBIC])
            _keep(self._native, scene, images, valid, difference, self.crop_px, factor)

    def draw(self, folder: Path, bands: Sequence[str], resolutions: Sequence[int]) -> None:
        """Write `scene_<name>.png` and, for windows at full resolution, `native_<name>.png`.

        Args:
            folder: is made where needed.
            bands: names of the target's bands.
            resolutions: ground sample distances of the inputs in m, finest first.
        """
        shown = pictures.shown_bands(bands, self.colours)
        for scene, crop in self._crops.items():
            save_png(degraded_panel(scene, crop, shown, resolutions), folder / f"scene_{_plain(scene)}.png")
        for scene, crop in self._native.items():
            save_png(native_panel(scene, crop, shown, resolutions), folder / f"native_{_plain(scene)}.png")


def degraded_panel(scene: str, crop: Crop, shown: Sequence[int], resolutions: Sequence[int]) -> np.ndarray:
    """Input, methods and target at reduced resolution, and the errors below them; `(height, width, 3)` uint8."""
    images, finest, coarsest = crop.images, resolutions[0], resolutions[-1]
    stretch = pictures.Stretch(images[TARGET], crop.valid, shown)
    errors = {name: pictures.mean_error(images[name], images[TARGET]) for name in METHODS}
    brightest = pictures.brightest_error(errors[BICUBIC], crop.valid)
    first = [
        pictures.Cell(f"input, {finest} m bands", _guide(images[GUIDE], crop.valid)),
        *(pictures.Cell(_words(name, coarsest), stretch.colours(images[name])) for name in SHOWN),
        pictures.Cell("target", stretch.colours(images[TARGET])),
    ]
    second = [pictures.Cell("", None)]
    for name in SHOWN:
        mean = errors[name][crop.valid].mean()
        picture = pictures.error_colours(errors[name], crop.valid, brightest)
        second.append(pictures.Cell(f"error of {name}: {mean:.1f}", picture))
    factor = coarsest // finest
    title = f"{scene}: everything degraded by {factor}, and the {coarsest} m bands sharpened back"
    footer = f"error: mean absolute error of a pixel's bands, digital numbers; black 0, brightest {brightest:g} and more"
    return pictures.panel([first, second], title, footer)


def native_panel(scene: str, crop: Crop, shown: Sequence[int], resolutions: Sequence[int]) -> np.ndarray:
    """Input and methods at full resolution; `(height, width, 3)` uint8."""
    images, finest, coarsest = crop.images, resolutions[0], resolutions[-1]
    stretch = pictures.Stretch(images[MEASURED], crop.valid, shown)
    row = [
        pictures.Cell(f"{finest} m bands", _guide(images[GUIDE], crop.valid)),
        pictures.Cell(f"{coarsest} m bands as measured", stretch.colours(images[MEASURED])),
        *(pictures.Cell(name, stretch.colours(images[name])) for name in SHOWN),
    ]
    title = f"{scene}: {coarsest} m bands sharpened to {finest} m, where there is no truth to compare with"
    return pictures.panel([row], title)


def repeated(coarse: np.ndarray, factor: int, shape: tuple[int, ...]) -> np.ndarray:
    """`(C, h, w)` cells repeated to pixels, cut or continued with the last ones to `shape` (rows, columns)."""
    pixels = coarse.repeat(factor, axis=1).repeat(factor, axis=2)[:, : shape[0], : shape[1]]
    missing = [(0, side - have) for side, have in zip(shape, pixels.shape[1:], strict=True)]
    return np.pad(pixels, [(0, 0), *missing], mode="edge")


def _keep(
    crops: dict[str, Crop],
    scene: str,
    images: Mapping[str, np.ndarray],
    valid: np.ndarray,
    difference: np.ndarray,
    size: int,
    align: int = 1,
) -> None:
    everywhere: np.ndarray = np.asarray(valid.all(axis=0))
    crop = most_telling(images, everywhere, difference, size, align)
    if crop is not None and (scene not in crops or crop.worth > crops[scene].worth):
        crops[scene] = crop


def _guide(image: np.ndarray, valid: np.ndarray) -> np.ndarray:
    return pictures.Stretch(image, valid, [0, 1, 2] if len(image) >= 3 else [0]).colours(image)


def _words(name: str, coarsest: int) -> str:
    return f"input, {coarsest} m bands, bilinear" if name == BILINEAR else name


def _plain(scene: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in scene)
