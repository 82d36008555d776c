"""Mean, spread and quantiles of the bands of scenes: what `generate.py generator=band_statistics images=...` runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from errors import UserError
from products.scene_reader import Images, SceneReader
from synthesis.band_moments import BandMoments
from synthesis.scene_windows import drawn_windows
from synthesis.text_file import write_whole
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

FILE = "band_statistics.yaml"


def generate(
    output: str | Path,
    *,
    images: Images,
    scenes: Callable[..., SceneReader],
    resolution_m: int = 10,
    bands: Sequence[str] | None = None,
    auxiliary: Mapping[str, str | None] | None = None,
    windows_per_scene: int = 64,
    window_px: int = 128,
    percentiles: Sequence[float] = (1, 30, 50, 70, 99),
    log_percentiles: Sequence[float] = (30, 70),
    number_range: Sequence[int] = (-1000, 65535),
    seed: int = 0,
    num_workers: int = 1,
    progress: bool = False,
) -> Path:
    """Write `band_statistics.yaml`: mean and standard deviation, percentiles, and the constants of the logarithmic scale.

    Windows are drawn from each scene without overlap, by seed and name of the scene, so the numbers depend neither on
    the order of scenes nor on the number of workers. Only pixels of which all bands have data count.

    Args:
        output: folder of the file.
        images: scenes.
        scenes: makes what opens them, of the next keys.
        resolution_m: grid of scenes made of products; rasters and arrays stay on their own.
        bands: which, in order; None: all of the first scene, which all must have.
        auxiliary: files of layers that are bands too, by name.
        windows_per_scene: at most.
        window_px: their side.
        percentiles: 0 to 100; to whole digital numbers.
        log_percentiles: the two that the logarithmic scale sets to these shares of its range.
        number_range: smallest and largest digital number that percentiles tell apart.
        seed: of the windows.
        num_workers: threads; any number gives the same file.
        progress: show a progress bar.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, a scene that cannot be read or lacks a band, or no pixel with data.
    """
    low, high = _checked(windows_per_scene, window_px, [*percentiles, *log_percentiles], number_range)
    if len(log_percentiles) != 2 or log_percentiles[0] >= log_percentiles[1]:
        raise UserError(
            f"generator.log_percentiles: found {list(log_percentiles)}, expected two rising numbers"
        )
    reader = scenes(resolution_m=resolution_m, bands=bands, auxiliary=auxiliary)
    paths = reader.find(images)
    with reader.open(paths[0]) as first:
        names = first.bands
    with progress_bar(len(paths), progress, "scenes") as advance:

        def work(path: Path, sign: StopSign) -> tuple[str, BandMoments]:
            moments = BandMoments(len(names), low, high)
            with reader.open(path, names) as scene:
                for window in drawn_windows(scene, window_px, windows_per_scene, seed):
                    sign.check()
                    pixels, valid = scene.read(window)
                    moments.add(pixels[:, valid])
                advance(1)
                return scene.name, moments

        found = sorted(in_order(work, paths, num_workers), key=lambda item: item[0])
    total = BandMoments(len(names), low, high)
    for _, moments in found:
        total.merge(moments)
    if total.count == 0:
        raise UserError(f"generator.images: found no pixel with data in {len(paths)} scenes, expected some")
    record = {
        "bands": list(names),
        "mean": _rounded(total.mean),
        "std": _rounded(total.std()),
        "percentiles": {float(number): total.percentile(number).tolist() for number in percentiles},
        "log": _log_constants(total, names, set(reader.auxiliary), log_percentiles),
        "pixels": total.count,
        "scenes": len(paths),
        "seed": seed,
    }
    _write(Path(output), record)
    _print(record, Path(output))
    return Path(output)


def _checked(
    windows_per_scene: int, window_px: int, percentiles: Sequence[float], number_range: Sequence[int]
) -> tuple[int, int]:
    for name, value in (("windows_per_scene", windows_per_scene), ("window_px", window_px)):
        if value < 1:
            raise UserError(f"generator.{name}: found {value}, expected at least 1")
    for number in percentiles:
        if not 0 <= number <= 100:
            raise UserError(f"generator.percentiles: found {number:g}, expected 0 to 100")
    if len(number_range) != 2 or number_range[0] >= number_range[1]:
        raise UserError(f"generator.number_range: found {list(number_range)}, expected [low, high]")
    return int(number_range[0]), int(number_range[1])


def _log_constants(
    total: BandMoments, names: Sequence[str], layers: set[str], percentiles: Sequence[float]
) -> dict[str, Any]:
    """As `normalisation.log` takes them; a band that is nearly always dark still has 0 < low < high."""
    low, high = (total.percentile(number) for number in percentiles)
    low = np.maximum(low, 1)
    high = np.maximum(high, low + 1)
    bands = [number for number, name in enumerate(names) if name not in layers]
    return {
        "shares": [float(number) / 100 for number in percentiles],
        "low": {names[number]: int(low[number]) for number in bands},
        "high": {names[number]: int(high[number]) for number in bands},
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    lines = yaml.safe_dump(dict(record), sort_keys=False, default_flow_style=None, width=120)
    heading = "# Harmonised digital numbers (reflectance x 10000) of valid pixels, by generate.py generator=band_statistics\n"
    write_whole(folder / FILE, heading + lines)


def _print(record: Mapping[str, Any], folder: Path) -> None:
    title = f"{record['pixels']:,} pixels of {record['scenes']} scenes: {folder / FILE}"
    table = Table(title=title, title_justify="left")
    percentiles = record["percentiles"]
    for heading in ("band", "mean", "std", *(f"{number:g} %" for number in percentiles)):
        table.add_column(heading, justify="left" if heading == "band" else "right")
    for row, name in enumerate(record["bands"]):
        numbers = (f"{record[key][row]:.1f}" for key in ("mean", "std"))
        table.add_row(name, *numbers, *(str(values[row]) for values in percentiles.values()))
    Console().print(table)
