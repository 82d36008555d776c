"""Pictures of rate-distortion: the curves, and panels of single images with their errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from evaluation.bjontegaard_rate import Point, is_learned

LABELS = {"jpeg": "JPEG", "jpeg2000": "JPEG 2000", "webp": "WebP", "jpegxl": "JPEG XL", "avif": "AVIF"}
# Okabe-Ito colours, told apart by colour-blind readers; learned curves are black and the reds.
COLOURS = {
    "jpeg": "#E69F00",
    "jpeg2000": "#0072B2",
    "webp": "#009E73",
    "jpegxl": "#CC79A7",
    "avif": "#56B4E9",
}
LEARNED_COLOURS = ("#000000", "#D55E00", "#8B0000", "#7F7F7F", "#5E3C99", "#1B9E77")
MARKERS = {"jpeg": "s", "jpeg2000": "^", "webp": "v", "jpegxl": "D", "avif": "P"}
STRETCH_PERCENTILES = (1.0, 99.0)  # of the original, for display


def plot_rate_distortion(points: Sequence[Point], path: Path, title: str) -> None:
    """PSNR and MS-SSIM against bits per pixel, one curve per codec, as a PNG file.

    MS-SSIM is drawn as `-10 log10(1 - MS-SSIM)` dB, which spreads the values near 1; where no point has one,
    PSNR stands alone.

    Args:
        points: of a `rate_distortion` section.
        path: the PNG file; its folder exists.
        title: above the curves.
    """
    axes_wanted = [("PSNR (dB)", lambda point: point["psnr"])]
    if any(point.get("ms_ssim") is not None for point in points):
        axes_wanted.append(("MS-SSIM in dB: -10 log10(1 - MS-SSIM)", _ms_ssim_decibels))
    figure = Figure(figsize=(6.4 * len(axes_wanted), 5.2), layout="constrained")
    figure.suptitle(title)
    for index, (label, value) in enumerate(axes_wanted, start=1):
        axes = figure.add_subplot(1, len(axes_wanted), index)
        _curves(axes, points, value)
        axes.set_xlabel("bits per pixel, all bytes counted")
        axes.set_ylabel(label)
    figure.axes[0].legend(loc="upper left", frameon=False)
    _save(figure, path)


@dataclass(frozen=True)
class Shown:
    """One decoded version of an image in a panel: digital numbers `(C, H, W)`, its name, rate and quality."""

    name: str
    decoded: np.ndarray
    bits_per_pixel: float
    psnr: float


def plot_panel(
    original: np.ndarray, shown: Sequence[Shown], path: Path, title: str, valid: np.ndarray | None = None
) -> None:
    """The original, its decoded versions, and below each version its error, on one scale of colours.

    Three bands are shown as red, green and blue, other numbers of bands by the first one. All pictures of a
    panel have the stretch of the original. An error is the root mean square over all bands, in digital numbers.

    Args:
        original: `(C, H, W)` in digital numbers.
        shown: the decoded versions.
        path: the PNG file; its folder exists.
        title: above the panel, e.g. the id of the image.
        valid: `(H, W)` bool; errors are left white where False.
    """
    height, width = original.shape[-2:]
    side = 3.4
    columns = 1 + len(shown)
    figure = Figure(
        figsize=(side * columns + 0.9, 2 * (side * height / width + 0.5) + 0.4), layout="constrained"
    )
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(2, columns, squeeze=False)
    errors = [_error_map(original, version.decoded, valid) for version in shown]
    finite = np.concatenate([error[np.isfinite(error)] for error in errors])
    highest = max(float(np.percentile(finite, 99.5)) if finite.size else 0.0, 1e-9)
    low, high = _stretch(original, valid)
    _picture(grid[0, 0], original, low, high, "original")
    grid[1, 0].axis("off")
    image = None
    for column, (version, error) in enumerate(zip(shown, errors, strict=True), start=1):
        numbers = f"{version.bits_per_pixel:.3f} bpp, {version.psnr:.2f} dB"
        _picture(grid[0, column], version.decoded, low, high, f"{version.name}\n{numbers}")
        axes = grid[1, column]
        image = axes.imshow(error, cmap="inferno", vmin=0.0, vmax=highest, interpolation="nearest")
        axes.set_title(f"error of {version.name}", fontsize=9)
        axes.set_axis_off()
    if image is not None:
        bar = figure.colorbar(image, ax=grid[1, 1:].tolist(), shrink=0.9, pad=0.02)
        bar.set_label("root mean square error (digital numbers)", fontsize=8)
        bar.ax.tick_params(labelsize=8)
    _save(figure, path)


def label_of(codec: str) -> str:
    """What a codec is called in pictures."""
    return LABELS.get(codec, codec.replace("learned:", "learned, "))


def _curves(axes: Axes, points: Sequence[Point], value: Any) -> None:
    learned_seen = 0
    for codec in dict.fromkeys(point["codec"] for point in points):
        curve = sorted((p for p in points if p["codec"] == codec), key=lambda point: point["bits_per_pixel"])
        drawn = [(point["bits_per_pixel"], value(point)) for point in curve]
        drawn = [(rate, quality) for rate, quality in drawn if quality is not None and rate > 0]
        if not drawn:
            continue
        learned = is_learned(codec)
        axes.plot(
            *zip(*drawn, strict=True),
            label=label_of(codec),
            color=LEARNED_COLOURS[learned_seen % len(LEARNED_COLOURS)]
            if learned
            else COLOURS.get(codec, "#666666"),
            marker="*" if learned else MARKERS.get(codec, "o"),
            markersize=13 if learned else 5,
            linewidth=2.2 if learned else 1.3,
            zorder=3 if learned else 2,
        )
        learned_seen += learned
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _ms_ssim_decibels(point: Point) -> float | None:
    similarity = point.get("ms_ssim")
    return None if similarity is None or similarity >= 1 else -10.0 * math.log10(1.0 - similarity)


def _error_map(original: np.ndarray, decoded: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    difference = original.astype(np.float64) - decoded.astype(np.float64)
    error = np.sqrt(np.mean(np.square(difference), axis=0))
    return error if valid is None else np.where(valid, error, np.nan)


def _shown_bands(image: np.ndarray) -> np.ndarray:
    return image[:3] if image.shape[0] == 3 else image[:1]


def _stretch(original: np.ndarray, valid: np.ndarray | None) -> tuple[float, float]:
    bands = _shown_bands(original)
    values = bands.ravel() if valid is None else bands[:, valid].ravel()
    low, high = np.percentile(values, STRETCH_PERCENTILES)
    return float(low), float(max(high, low + 1e-9))


def _picture(axes: Axes, image: np.ndarray, low: float, high: float, title: str) -> None:
    bands = np.clip((_shown_bands(image).astype(np.float64) - low) / (high - low), 0.0, 1.0)
    if bands.shape[0] == 3:
        axes.imshow(np.moveaxis(bands, 0, -1), interpolation="nearest")
    else:
        axes.imshow(bands[0], cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


def _save(figure: Figure, path: Path) -> None:
    path = Path(path)
    # A name that ends in .png and is no final one: a picture is there wholly or not at all.
    temporary = path.with_name(f".{path.stem}.part.png")
    FigureCanvasAgg(figure).print_figure(temporary, dpi=110)
    temporary.replace(path)
