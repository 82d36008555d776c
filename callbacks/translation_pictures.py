"""Pictures of translated scenes: strips over time, class maps, animations."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

from callbacks.pictures import save_png

CELL_PX = 168  # side of one picture
GAP_PX = 4
MARGIN_PX = 124  # for the names of the rows
HEADER_PX = 22
TEXT_PX = 14
PERCENTILES = (2.0, 98.0)  # of the target over the whole scene, shown black and white
ERROR_SHOWN = 0.5  # of the declared range: the brightest colour of an error
ERROR_COLOURS = "magma"
FRAME_MILLISECONDS = 300  # of an animation
# Okabe and Ito's colours, told apart by colour-blind readers.
CLASS_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")
NO_CLASS_COLOUR = "#DDDDDD"
NO_CLASS = 255


class Stretch:
    """Turns pixels of a scene into colours, all with one stretch, so that frames and rows can be compared.

    Args:
        target: `(T, C, H, W)`, whose percentiles per band become black and white.
        valid: `(T, H, W)` bool.
    """

    def __init__(self, target: np.ndarray, valid: np.ndarray) -> None:
        self.bands = target.shape[1]
        self.lo, self.hi = self._limits(target, valid)

    def colours(self, frames: np.ndarray) -> np.ndarray:
        """`(T, C, H, W)` -> `(T, H, W, 3)` uint8: the first three bands, or the first one in grey.

        Frames with another number of bands than the target get a stretch of their own.
        """
        lo, hi = self.lo, self.hi
        if frames.shape[1] != self.bands:
            lo, hi = self._limits(frames, np.ones(frames[:, 0].shape, dtype=bool))
        shown = frames[:, : len(lo)]
        values = (shown - lo[:, None, None]) / np.maximum(hi - lo, 1e-6)[:, None, None]
        pixels = np.round(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
        return np.broadcast_to(np.moveaxis(pixels, 1, -1), (*pixels[:, 0].shape, 3))

    @staticmethod
    def _limits(frames: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shown = 3 if frames.shape[1] >= 3 else 1
        if not valid.any():
            return np.zeros(shown), np.ones(shown)
        limits = np.percentile(np.moveaxis(frames[:, :shown], 1, -1)[valid], PERCENTILES, axis=0)
        return limits[0], limits[1]


def error_colours(
    prediction: np.ndarray, target: np.ndarray, valid: np.ndarray, span: float = 1.0
) -> np.ndarray:
    """Mean absolute error over the bands `(T, H, W, 3)` uint8, from black to bright at half the range `span`; grey
    where not valid."""
    error = np.nan_to_num(np.abs(prediction - target).mean(axis=1), nan=np.inf) / (ERROR_SHOWN * span)
    colours = (colormaps[ERROR_COLOURS](np.clip(error, 0, 1))[..., :3] * 255).astype(np.uint8)
    colours[~valid] = 128
    return colours


def strip(
    rows: Mapping[str, np.ndarray], columns: Sequence[str], title: str, footer: str | None = None
) -> np.ndarray:
    """Rows of pictures with their names at the left and the columns' names above.

    Args:
        rows: {name: `(T, H, W, 3)` uint8}, T = number of columns; names may have several lines.
        columns: names of the columns.
        title: above everything.
        footer: below everything.

    Returns:
        `(height, width, 3)` uint8.
    """
    font = ImageFont.load_default(TEXT_PX)
    step = CELL_PX + GAP_PX
    top = 2 * HEADER_PX
    width = MARGIN_PX + len(columns) * step
    height = top + len(rows) * step + (HEADER_PX if footer else 0)
    canvas = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(canvas)
    pen.text((GAP_PX, GAP_PX), title, fill="black", font=font)
    for number, name in enumerate(columns):
        pen.text((MARGIN_PX + number * step + GAP_PX, HEADER_PX + 2), name, fill="black", font=font)
    for line, (name, pictures) in enumerate(rows.items()):
        upper = top + line * step
        pen.multiline_text((GAP_PX, upper + GAP_PX), name.replace("_", " "), fill="black", font=font)
        for number, picture in enumerate(pictures):
            _paste(canvas, picture, MARGIN_PX + number * step, upper)
    if footer:
        pen.text((MARGIN_PX, height - HEADER_PX + 2), footer, fill="black", font=font)
    return np.asarray(canvas)


def class_maps(maps: Mapping[str, np.ndarray], title: str) -> np.ndarray:
    """Maps of classes beside each other, with a legend.

    Args:
        maps: {name: `(H, W)` classes from 0, 255 = none}.
        title: above everything.

    Returns:
        `(height, width, 3)` uint8.
    """
    font = ImageFont.load_default(TEXT_PX)
    step, top = 2 * CELL_PX + GAP_PX, 2 * HEADER_PX
    classes = sorted({int(value) for each in maps.values() for value in np.unique(each)} - {NO_CLASS})
    canvas = Image.new("RGB", (len(maps) * step + GAP_PX, top + step + HEADER_PX + GAP_PX), "white")
    pen = ImageDraw.Draw(canvas)
    pen.text((GAP_PX, GAP_PX), title, fill="black", font=font)
    for number, (name, classified) in enumerate(maps.items()):
        left = GAP_PX + number * step
        pen.text((left, HEADER_PX + 2), name.replace("_", " "), fill="black", font=font)
        _paste(canvas, class_colours(classified), left, top, 2 * CELL_PX)
    left = GAP_PX
    for label in [*classes, NO_CLASS]:
        words = "background" if label == NO_CLASS else f"class {label + 1}"
        upper = top + step + 2
        colour = tuple(int(part) for part in _colour(label))
        pen.rectangle((left, upper, left + TEXT_PX, upper + TEXT_PX), fill=colour, outline="black")
        pen.text((left + TEXT_PX + GAP_PX, upper - 1), words, fill="black", font=font)
        left += TEXT_PX + int(pen.textlength(words, font=font)) + 5 * GAP_PX
    return np.asarray(canvas)


def class_colours(classified: np.ndarray) -> np.ndarray:
    """`(H, W)` classes -> `(H, W, 3)` uint8."""
    colours = np.zeros((*classified.shape, 3), np.uint8)
    for label in np.unique(classified):
        colours[classified == label] = _colour(int(label))
    return colours


def animation(rows: Mapping[str, np.ndarray], columns: Sequence[str], title: str, path: Path) -> None:
    """An animated GIF: the rows of a strip beside each other, one of its columns after the other; see `strip`."""
    pictures = [
        Image.fromarray(_abreast({name: frames[index] for name, frames in rows.items()}, f"{title}, {when}"))
        for index, when in enumerate(columns)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    pictures[0].save(
        temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=FRAME_MILLISECONDS, loop=0
    )  # fmt: skip
    temporary.replace(path)


def save(pixels: np.ndarray, path: Path) -> None:
    """Write a picture as PNG, wholly or not at all."""
    save_png(pixels, path)


def _abreast(pictures: Mapping[str, np.ndarray], title: str) -> np.ndarray:
    font = ImageFont.load_default(TEXT_PX)
    step, top = CELL_PX + GAP_PX, 2 * HEADER_PX
    canvas = Image.new("RGB", (len(pictures) * step + GAP_PX, top + step), "white")
    pen = ImageDraw.Draw(canvas)
    pen.text((GAP_PX, GAP_PX), title, fill="black", font=font)
    for number, (name, picture) in enumerate(pictures.items()):
        left = GAP_PX + number * step
        pen.text((left, HEADER_PX + 2), name.split("\n")[0].replace("_", " "), fill="black", font=font)
        _paste(canvas, picture, left, top)
    return np.asarray(canvas)


def _paste(canvas: Image.Image, picture: np.ndarray, left: int, upper: int, size: int = CELL_PX) -> None:
    image = Image.fromarray(np.ascontiguousarray(picture))
    scale = size / max(image.size)
    resampling = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    shape = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    canvas.paste(image.resize(shape, resampling), (left, upper))


def _colour(label: int) -> np.ndarray:
    text = NO_CLASS_COLOUR if label == NO_CLASS else CLASS_COLOURS[label % len(CLASS_COLOURS)]
    return np.array([int(text[start : start + 2], 16) for start in (1, 3, 5)], np.uint8)
