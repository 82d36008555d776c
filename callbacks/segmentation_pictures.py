"""Pictures of segmented scenes: the image, the truth, what the methods say, where they err and how sure the model is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

from callbacks.pictures import save_png
from callbacks.super_resolution_crops import Crop, most_telling
from callbacks.super_resolution_pictures import GAP_PX, LINE_PX, NO_DATA_COLOUR, TEXT_PX, Cell, Stretch, panel
from evaluation.segmentation_scores import MODEL, SPECTRAL_RULE
from products.band_roles import BandRoles
from products.class_table import IGNORE

IMAGE, TRUTH, CONFIDENCE = "image", "truth", "confidence"
RGB, FALSE_COLOUR = ("red", "green", "blue"), ("swir22", "nir", "red")
UNKNOWN_COLOUR = (255, 255, 255)  # where masks know nothing
CORRECT_GREYS = (150, 232)  # of the darkest and brightest pixels where a prediction is right
GAMMA = 0.7  # of the image's colours: clouds take the bright end, and ground shall be seen beside them
CONFIDENCE_COLOURS = "viridis"
_LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue in grey (ITU-R BT.601)


class SceneStrips:
    """Keeps the most telling square of each of the first scenes, and draws them.

    Args:
        scenes: how many are drawn.
        crop_px: side of the square.
        roles: finds red, green, blue and the bands of false colours; without them the first three bands are shown.
        classes: names.
        colours: of the classes, [red, green, blue].
    """

    def __init__(
        self,
        scenes: int,
        crop_px: int,
        roles: BandRoles | None,
        classes: Sequence[str],
        colours: Sequence[Sequence[int]],
    ) -> None:
        self.scenes, self.crop_px, self.roles = scenes, crop_px, roles
        self.classes, self.colours = tuple(classes), [tuple(colour) for colour in colours]
        self._crops: dict[str, Crop] = {}

    def keep(
        self,
        scene: str,
        image: np.ndarray,
        valid: np.ndarray,
        maps: Mapping[str, np.ndarray],
        confidence: np.ndarray,
    ) -> None:
        """Take a window into account; the square with the most borders between classes of the truth is kept.

        Args:
            scene: its name.
            image: `(C, H, W)` harmonised digital numbers.
            valid: `(H, W)` bool.
            maps: `TRUTH` and the methods' class maps, `(H, W)`.
            confidence: `(H, W)` probability of the model's class.
        """
        if scene not in self._crops and len(self._crops) >= self.scenes:
            return
        if not valid.any():
            return
        # Windows are filled up at the border of a scene.
        rows, columns = _extent(valid, 0), _extent(valid, 1)
        image, valid, confidence = image[:, rows, columns], valid[rows, columns], confidence[rows, columns]
        maps = {name: each[rows, columns] for name, each in maps.items()}
        images = {
            IMAGE: image,
            CONFIDENCE: confidence[None],
            **{name: each[None] for name, each in maps.items()},
        }
        known = valid & (maps[TRUTH] != IGNORE)
        crop = most_telling(images, known, _borders(maps[TRUTH]), self.crop_px)
        if crop is not None and (scene not in self._crops or crop.worth > self._crops[scene].worth):
            height, width = crop.valid.shape
            crop.valid[:] = valid[crop.row : crop.row + height, crop.column : crop.column + width]
            self._crops[scene] = crop

    def draw(self, folder: Path, bands: Sequence[str], words: Mapping[str, str]) -> None:
        """Write `scene_<name>.png`.

        Args:
            folder: is made where needed.
            bands: names of the image's bands.
            words: {scene: what is said of it in the title}.
        """
        for scene, crop in self._crops.items():
            title = f"{scene}: {words[scene]}" if words.get(scene) else scene
            save_png(self._strip(title, crop, bands), folder / f"scene_{_plain(scene)}.png")

    def _strip(self, title: str, crop: Crop, bands: Sequence[str]) -> np.ndarray:
        """`(height, width, 3)` uint8."""
        image, truth = crop.images[IMAGE], crop.images[TRUTH][0]
        rgb = self._shown(RGB, bands)
        natural = _stretched(image, crop.valid, rgb or list(range(3 if len(image) >= 3 else 1)))
        words = "red, green, blue" if rgb else ", ".join(bands[:3] if len(image) >= 3 else bands[:1])
        upper = [Cell(words, natural), Cell("truth", self.colour(truth))]
        false = self._shown(FALSE_COLOUR, bands)
        lower = [
            Cell("SWIR, NIR, red", _stretched(image, crop.valid, false)) if false else Cell("", None),
            Cell("confidence: 0 dark, 1 yellow", _confidence(crop.images[CONFIDENCE][0], crop.valid)),
        ]
        for method in (MODEL, SPECTRAL_RULE):
            if method not in crop.images:
                continue
            prediction = crop.images[method][0]
            known = (truth != IGNORE) & crop.valid
            wrong = known & (prediction != truth)
            share = 100 * wrong.sum() / max(known.sum(), 1)
            upper.append(Cell(method.replace("_", " "), self.colour(prediction, crop.valid)))
            lower.append(Cell(f"wrong: {share:.1f} %", self._errors(natural, prediction, wrong, known)))
        drawn = panel([upper, lower], title, "where a prediction is wrong, the colour of what it says")
        return _with_legend(drawn, self.classes, self.colours)

    def _shown(self, roles: Sequence[str], bands: Sequence[str]) -> list[int] | None:
        return None if self.roles is None else self.roles.indices(roles, bands)

    def colour(self, classified: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """`(H, W)` class indices -> `(H, W, 3)` uint8; white where nothing is known, grey where not valid."""
        lookup = np.full((IGNORE + 1, 3), UNKNOWN_COLOUR, np.uint8)
        lookup[: len(self.colours)] = self.colours
        colours = lookup[classified]
        if valid is not None:
            colours[~valid] = NO_DATA_COLOUR
        return colours

    def _errors(
        self, picture: np.ndarray, prediction: np.ndarray, wrong: np.ndarray, known: np.ndarray
    ) -> np.ndarray:
        """What is wrong in the colour of what was said, on a faint grey picture; white where nothing is known."""
        darkest, brightest = CORRECT_GREYS
        grey = darkest + (brightest - darkest) * (picture @ _LUMA) / 255
        result = np.repeat(np.round(grey).astype(np.uint8)[..., None], 3, axis=-1)
        result[wrong] = self.colour(prediction)[wrong]
        result[~known] = UNKNOWN_COLOUR
        return result


def _extent(valid: np.ndarray, axis: int) -> slice:
    """From the first to the last row (axis 0) or column (axis 1) of `(H, W)` in which something is True."""
    places = np.nonzero(valid)[axis]
    return slice(int(places.min()), int(places.max()) + 1)


def _borders(truth: np.ndarray) -> np.ndarray:
    """1 where the right or the lower neighbour is of another class, else 0; `(H, W)` float32."""
    known = truth != IGNORE
    borders = np.zeros(truth.shape, np.float32)
    borders[:, :-1] += (truth[:, :-1] != truth[:, 1:]) & known[:, :-1] & known[:, 1:]
    borders[:-1] += (truth[:-1] != truth[1:]) & known[:-1] & known[1:]
    return borders


def _stretched(image: np.ndarray, valid: np.ndarray, shown: Sequence[int]) -> np.ndarray:
    linear = Stretch(image, valid, shown).colours(image) / 255
    colours = np.round(linear**GAMMA * 255).astype(np.uint8)
    colours[~valid] = NO_DATA_COLOUR
    return colours


def _confidence(confidence: np.ndarray, valid: np.ndarray) -> np.ndarray:
    colours = (colormaps[CONFIDENCE_COLOURS](np.clip(confidence, 0, 1))[..., :3] * 255).astype(np.uint8)
    colours[~valid] = NO_DATA_COLOUR
    return colours


def _with_legend(drawn: np.ndarray, classes: Sequence[str], colours: Sequence[Sequence[int]]) -> np.ndarray:
    """The panel with the colours of the classes and of confidence below it."""
    font = ImageFont.load_default(TEXT_PX)
    entries = [(name.replace("_", " "), tuple(colour)) for name, colour in zip(classes, colours, strict=True)]
    entries += [("unknown", UNKNOWN_COLOUR), ("no data", (NO_DATA_COLOUR,) * 3)]
    canvas = Image.new("RGB", (drawn.shape[1], 3 * LINE_PX), "white")
    pen = ImageDraw.Draw(canvas)
    left, upper = GAP_PX, 2
    for words, colour in entries:
        width = TEXT_PX + GAP_PX + int(pen.textlength(words, font=font)) + 3 * GAP_PX
        if left + width > canvas.width and left > GAP_PX:
            left, upper = GAP_PX, upper + LINE_PX
        pen.rectangle((left, upper + 1, left + TEXT_PX, upper + 1 + TEXT_PX), fill=colour, outline="black")
        pen.text((left + TEXT_PX + GAP_PX, upper), words, fill="black", font=font)
        left += width
    legend = np.asarray(canvas)[: upper + LINE_PX + GAP_PX]
    return np.concatenate([drawn, legend])


def _plain(scene: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in scene)
