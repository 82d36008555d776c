"""Pictures of super-resolved scenes: the input, the methods beside each other, the truth and the errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

PERCENTILES = (2.0, 98.0)  # of the target, shown black and white
ERROR_PERCENTILE = 98.0  # of the bicubic baseline's errors: the brightest colour of an error
ERROR_COLOURS = "magma"
NO_DATA_COLOUR = 128
CELL_PX = 256  # largest side of one picture
LEAST_PX = 190  # room for the words above it
GAP_PX = 6
LINE_PX = 20
TEXT_PX = 14


@dataclass(frozen=True)
class Cell:
    """A picture with a line of words above: `(H, W, 3)` uint8; None leaves its place empty."""

    words: str
    picture: np.ndarray | None


class Stretch:
    """Turns bands into colours, all with one stretch, so that pictures can be compared.

    Args:
        image: `(C, H, W)` digital numbers whose percentiles become black and white, each band for itself.
        valid: `(H, W)` bool.
        shown: three bands as red, green and blue, or one in grey.
    """

    def __init__(self, image: np.ndarray, valid: np.ndarray, shown: Sequence[int]) -> None:
        self.shown = list(shown)
        inside = image[self.shown][:, valid]
        limits = np.percentile(inside, PERCENTILES, axis=1) if inside.size else np.array([[0.0], [1.0]])
        self.low, self.high = (edge.reshape(-1, 1, 1) for edge in limits)

    def colours(self, image: np.ndarray) -> np.ndarray:
        """`(C, H, W)` -> `(H, W, 3)` uint8."""
        values = (image[self.shown] - self.low) / np.maximum(self.high - self.low, 1e-6)
        pixels = np.round(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
        return np.broadcast_to(np.moveaxis(pixels, 0, -1), (*pixels.shape[1:], 3))


def shown_bands(names: Sequence[str], wanted: Sequence[str] | None) -> list[int]:
    """Which bands are red, green and blue: the wanted ones, if all are there, or the first three; one of fewer in grey."""
    if wanted and set(wanted) <= set(names):
        return [list(names).index(name) for name in wanted]
    return [0, 1, 2] if len(names) >= 3 else [0]


def mean_error(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mean absolute error over the bands: two `(C, H, W)` -> `(H, W)` digital numbers; infinite where it is no number."""
    return np.nan_to_num(np.abs(prediction - target).mean(axis=0), nan=np.inf, posinf=np.inf)


def brightest_error(error: np.ndarray, valid: np.ndarray) -> float:
    """The error that gets the brightest colour: a percentile of `(H, W)` errors in two significant digits, above 0."""
    inside = error[valid & np.isfinite(error)]
    value = float(np.percentile(inside, ERROR_PERCENTILE)) if inside.size else 0.0
    return float(f"{value:.1e}") if value > 0 else 1.0


def error_colours(error: np.ndarray, valid: np.ndarray, brightest: float) -> np.ndarray:
    """`(H, W)` errors -> `(H, W, 3)` uint8, from black (none) to bright; grey where not valid."""
    colours = (colormaps[ERROR_COLOURS](np.clip(error / brightest, 0, 1))[..., :3] * 255).astype(np.uint8)
    colours[~valid] = NO_DATA_COLOUR
    return colours


def panel(rows: Sequence[Sequence[Cell]], title: str, footer: str | None = None) -> np.ndarray:
    """Rows of pictures, each with its words above; small pictures are enlarged pixel by pixel.

    Returns:
        `(height, width, 3)` uint8.
    """
    font = ImageFont.load_default(TEXT_PX)
    drawn = [[None if cell.picture is None else _scaled(cell.picture) for cell in row] for row in rows]
    sizes = [image.size for row in drawn for image in row if image is not None]
    column_px = max([LEAST_PX, *(width for width, _ in sizes)]) + GAP_PX
    row_px = max([LEAST_PX, *(height for _, height in sizes)]) + LINE_PX + GAP_PX
    width = GAP_PX + max(len(row) for row in rows) * column_px
    height = LINE_PX + GAP_PX + len(rows) * row_px + (LINE_PX if footer else 0)
    canvas = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(canvas)
    pen.text((GAP_PX, 4), title, fill="black", font=font)
    for line, (row, images) in enumerate(zip(rows, drawn, strict=True)):
        upper = LINE_PX + GAP_PX + line * row_px
        for number, (cell, image) in enumerate(zip(row, images, strict=True)):
            left = GAP_PX + number * column_px
            pen.text((left, upper), cell.words, fill="black", font=font)
            if image is not None:
                canvas.paste(image, (left, upper + LINE_PX))
    if footer:
        pen.text((GAP_PX, height - LINE_PX), footer, fill="black", font=font)
    return np.asarray(canvas)


def _scaled(picture: np.ndarray) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture))
    longest = max(image.size)
    if longest <= CELL_PX:  # by a whole number, so that all pixels look alike
        times = CELL_PX // longest
        return image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)
    width, height = (max(1, round(side * CELL_PX / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)
