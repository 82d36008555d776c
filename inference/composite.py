"""Three bands of a scene as a picture of its own size: natural or false colours, 16 bits or 8, in bounded memory."""

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rasterio.errors import NotGeoreferencedWarning

from errors import UserError
from inference import raster_output
from inference.block_cache import block_cache
from inference.engine import with_progress
from inference.sinks import RasterSink
from inference.sources import RasterMetadata
from inference.windows import TileGrid
from products.archives import archive_kind
from products.band_roles import BandRoles
from products.npz_member import is_npz
from products.raster_scene import HARMONISED_TAG
from products.scene import Scene
from products.scene_names import stem_of
from products.sensor import Sensor

_DTYPES = {8: "uint8", 16: "uint16"}
_EIGHT_BIT_DRIVERS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_SAMPLED_TILES, _SAMPLED_PX = 64, 256  # for percentiles: squares spread evenly over the scene
_MULTIPLE = 16  # pixels: blocks of a TIFF


class Scenes(Protocol):
    """What finds and opens scenes; `products.scene_reader.SceneReader` is one.

    Attributes:
        sensor: whose products it opens; None: only files that name their bands.
    """

    sensor: Sensor | None

    def find(self, images: str | Path) -> list[Path]:
        """The scenes that a path means."""

    def open(self, path: Path, bands: Sequence[str] | None = None) -> Scene:
        """A scene with exactly these bands in this order; None: all."""


@dataclass(frozen=True)
class Stretch:
    """How harmonised digital numbers become 8 bits: `low` the darkest, `high` the brightest, bent by `gamma`.

    Attributes:
        low, high: of each band.
        gamma: exponent; below 1 dark parts become brighter.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    gamma: float

    def apply(self, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """`(C, h, w)` digital numbers -> uint8 from 1 to 255; 0 where not valid."""
        low, high = (np.array(edge, np.float32)[:, None, None] for edge in (self.low, self.high))
        share = np.clip((pixels - low) / np.maximum(high - low, 1e-6), 0, 1) ** np.float32(self.gamma)
        return np.where(valid, np.round(1 + 254 * share), 0).astype(np.uint8)


def composite(
    input: str | Path,
    output: str | Path | None,
    *,
    scenes: Scenes,
    roles: BandRoles,
    kinds: Mapping[str, Sequence[str]],
    kind: str = "rgb",
    bands: Sequence[str] | None = None,
    bits: int | None = None,
    limits: Sequence[float] | None = None,
    percentiles: Sequence[float] = (2.0, 98.0),
    gamma: float = 1.0,
    driver: str | None = None,
    driver_options: Mapping[str, Any] | None = None,
    tile_size: int = 1024,
    cache_megabytes: int = 256,
    progress: bool = True,
    needs_network: bool = False,
) -> dict[str, Any]:
    """Write a picture of a scene, or of each scene of a folder.

    Args:
        input: whatever `scenes` finds scenes in.
        output: the picture, e.g. `.tif` or `.png`; for several scenes a folder for GeoTIFFs. Each appears when it is whole.
        scenes: finds and opens scenes.
        roles: finds the bands.
        kinds: {name: roles shown as red, green and blue}.
        kind: one of them.
        bands: names of three bands (or one, in grey) instead.
        bits: 16: harmonised digital numbers, rounded, 1 to 65535; 8: stretched to 1 to 255; 0 is no data in both. None:
            8 for formats that have no more (PNG, JPEG), else 16.
        limits: [darkest, brightest] digital numbers of 8 bits, the same for all bands and scenes; None: `percentiles`.
        percentiles: [darkest, brightest] of each band of a scene, in percent, from squares spread over it.
        gamma: exponent of 8 bits; below 1 dark parts become brighter.
        driver: of GDAL; None: by the suffix of `output`.
        driver_options: its creation options.
        tile_size: pixels a side, a multiple of 16; memory depends on it, the picture does not.
        cache_megabytes: decoded blocks of files kept for neighbouring tiles.
        progress: whether to show a progress bar on standard error.
        needs_network: read by predict.py: this task takes no network.

    Returns:
        rows, columns, bands, seconds; of several scenes their number instead of rows and columns.

    Raises:
        UserError: a scene without these bands, an impossible argument, a file that cannot be read or written.
    """
    start = time.perf_counter()
    wanted = _wanted(kind, kinds, bands)
    _check(bits, limits, percentiles, gamma, tile_size)
    if output is None:
        raise UserError("output is required: give output=PICTURE.tif or .png")
    jobs = _jobs(scenes.find(input), Path(input), Path(output))
    names: list[str] = []
    shape = (0, 0)
    with block_cache(cache_megabytes), _without_georeference():
        for path, target in jobs:
            names = list(bands) if bands is not None else _found(scenes, path, kind, wanted, roles)
            with scenes.open(path, names) as scene:
                chosen = raster_output.driver_of(target, driver)
                depth = bits or (8 if chosen in _EIGHT_BIT_DRIVERS else 16)
                stretch = _stretch(scene, limits, percentiles, gamma) if depth == 8 else None
                words = f"composing {scene.name}" if progress else ""
                _write(scene, target, chosen, driver_options or {}, kind, stretch, tile_size, words)
                shape = scene.grid.shape
    size = {"rows": shape[0], "columns": shape[1]} if len(jobs) == 1 else {"scenes": len(jobs)}
    return {**size, "bands": " ".join(names), "seconds": time.perf_counter() - start}


def _write(
    scene: Scene,
    target: Path,
    driver: str,
    options: Mapping[str, Any],
    kind: str,
    stretch: Stretch | None,
    tile_size: int,
    progress: str,
) -> None:
    grid, count = scene.grid, len(scene.bands)
    dtype = _DTYPES[16 if stretch is None else 8]
    tags = {**scene.tags, "NADIR_COMPOSITE": kind}
    if stretch is None:
        tags[HARMONISED_TAG] = "1"
    else:
        tags["NADIR_STRETCH"] = (
            f"low {_numbers(stretch.low)}, high {_numbers(stretch.high)}, gamma {stretch.gamma:g}"
        )
        tags.pop(HARMONISED_TAG, None)
    metadata = RasterMetadata(dtype, 0, grid.crs, grid.transform or _IDENTITY, scene.bands, tags)
    with raster_output.StagedOutput(target) as folder:
        raster_output.check_driver(driver, folder, target.name, count, dtype, options)
        part = folder / "pixels.part"
        tiles = TileGrid(*grid.shape, tile_size)
        with RasterSink(part, (count, *grid.shape), metadata, tile_size) as sink:
            for window in with_progress(tiles, len(tiles), progress):
                pixels, valid = scene.read(window)
                sink.write(window, _whole(pixels, valid) if stretch is None else stretch.apply(pixels, valid))
        if driver == "GTiff":
            part.replace(folder / target.name)
        elif driver == raster_output.ARCHIVE:
            raster_output.write_archive(part, folder / target.name, scene.bands)
        else:
            raster_output.convert(part, folder / target.name, driver, options)


def _whole(pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Digital numbers in 16 bits, 0 where not valid alone."""
    return np.where(valid, np.clip(np.round(pixels), 1, 65535), 0).astype(np.uint16)


def _stretch(
    scene: Scene, limits: Sequence[float] | None, percentiles: Sequence[float], gamma: float
) -> Stretch:
    count = len(scene.bands)
    if limits is not None:
        return Stretch((float(limits[0]),) * count, (float(limits[1]),) * count, gamma)
    tiles = TileGrid(*scene.grid.shape, _SAMPLED_PX)
    places = np.unique(np.linspace(0, len(tiles) - 1, min(len(tiles), _SAMPLED_TILES)).round().astype(int))
    samples = [pixels[:, valid] for pixels, valid in (scene.read(tiles.tile(int(place))) for place in places)]
    known = np.concatenate(samples, axis=1)
    if not known.size:
        return Stretch((0.0,) * count, (1.0,) * count, gamma)
    low, high = np.percentile(known, percentiles, axis=1)
    return Stretch(tuple(map(float, low)), tuple(map(float, high)), gamma)


def _wanted(kind: str, kinds: Mapping[str, Sequence[str]], bands: Sequence[str] | None) -> Sequence[str]:
    """The roles of a kind."""
    if bands is not None and len(bands) not in (1, 3):
        raise UserError(f"bands: found {len(bands)} ({', '.join(bands)}), expected three, or one for grey")
    if bands is None and kind not in kinds:
        raise UserError(f"kind={kind}: expected one of {', '.join(kinds)}")
    return [] if bands is not None else list(kinds[kind])


def _found(scenes: Scenes, path: Path, kind: str, wanted: Sequence[str], roles: BandRoles) -> list[str]:
    """Names of the bands with these roles.

    Raises:
        UserError: the scene lacks one.
    """
    if scenes.sensor is not None and (path.is_dir() or (archive_kind(path) is not None and not is_npz(path))):
        known = tuple(
            scenes.sensor.bands
        )  # a product may lack bands that are not shown (Level-2A the cirrus band)
    else:
        with scenes.open(path) as scene:
            known = scene.bands
    positions = roles.indices(wanted, known)
    if positions is None:
        raise UserError(
            f"{path}: {roles.missing(wanted, known)}, expected all that kind={kind} takes "
            "(or bands=[RED,GREEN,BLUE] by name)"
        )
    return [known[position] for position in positions]


def _check(
    bits: int | None,
    limits: Sequence[float] | None,
    percentiles: Sequence[float],
    gamma: float,
    tile_size: int,
) -> None:
    if bits is not None and bits not in _DTYPES:
        raise UserError(f"bits={bits}: expected 8 or 16")
    if limits is not None and not (len(limits) == 2 and limits[0] < limits[1]):
        raise UserError(f"limits={list(limits)}: expected [darkest, brightest] digital numbers")
    if len(percentiles) != 2 or not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise UserError(f"percentiles={list(percentiles)}: expected [darkest, brightest] from 0 to 100")
    if not gamma > 0:
        raise UserError(f"gamma={gamma}: expected a number above 0")
    if tile_size < _MULTIPLE or tile_size % _MULTIPLE:
        raise UserError(f"tile_size={tile_size}: expected a multiple of {_MULTIPLE} pixels")


def _jobs(found: Sequence[Path], input: Path, output: Path) -> list[tuple[Path, Path]]:
    """Each scene with its picture.

    Raises:
        UserError: an output that is the input, two scenes of one name, several scenes for one file.
    """
    if len(found) == 1 and not output.is_dir():
        jobs = [(found[0], output)]
    elif output.is_file():
        raise UserError(
            f"output={output}: found a file, expected a folder for {len(found)} scenes in {input}"
        )
    else:
        jobs = [(path, output / f"{stem_of(path)}.tif") for path in found]
    targets = [target for _, target in jobs]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice is not None:
        raise UserError(f"{input}: found two scenes called {twice.stem}, expected different names")
    for path, target in jobs:
        if path.resolve() == target.resolve():
            raise UserError(f"input and output are the same file, {path}; expected two")
    return jobs


@contextmanager
def _without_georeference() -> Iterator[None]:
    """Let scenes have none without a warning for each file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _numbers(values: Sequence[float]) -> str:
    return "/".join(f"{value:.6g}" for value in values)
