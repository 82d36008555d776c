"""A scene as a tiled GeoTIFF of whole numbers, as caches hold it."""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window as RasterioWindow

from errors import UserError
from products.raster_scene import HARMONISED_TAG
from products.scene import Scene
from products.thraws import SYNTHETIC_TAG
from products.window import Window
from synthesis.made_with import made_with
from synthesis.worker_threads import StopSign

FORMAT_VERSION = 1  # raise it when the same input comes to give other files
COMPRESSIONS = ("zstd", "deflate", "lzw")
_PIECE = 1024  # columns that are read at a time
_STRIP = 512  # rows that are written at a time, or a row of tiles where those are larger
_LARGEST = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class CacheFormat:
    """How scenes are kept; the keys are those of `conf/generator/scene_cache.yaml`.

    Attributes:
        shift: is added to harmonised digital numbers, which can be negative, so that 0 stays for no data.
        compression: of `COMPRESSIONS`.
        compression_level: of zstd and deflate.
        tile_px: side of the tiles, a multiple of 16.

    Raises:
        UserError: an impossible value.
    """

    shift: int = 1000
    compression: str = "zstd"
    compression_level: int = 3
    tile_px: int = 256

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise UserError(
                f"generator.compression: found {self.compression!r}, expected one of {', '.join(COMPRESSIONS)}"
            )
        if self.tile_px < 16 or self.tile_px % 16:
            raise UserError(f"generator.tile_px: found {self.tile_px}, expected a multiple of 16")
        if not 0 <= self.shift < _LARGEST:
            raise UserError(f"generator.shift: found {self.shift}, expected 0 to {_LARGEST - 1}")

    def record(self) -> dict[str, Any]:
        """What decides about a file beside its sources, in plain Python types."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}


def write_scene(
    path: Path,
    scene: Scene,
    form: CacheFormat,
    record: Mapping[str, Any],
    sign: StopSign,
    advance: Callable[[int], None],
) -> None:
    """Write a scene, whole or not at all: uint16, 0 where any band has no data, band names, and the shift as the bands'
    offset, so that every reader of GeoTIFF can undo it.

    Args:
        path: of the file.
        scene: to be kept.
        form: how.
        record: what it is made with.
        sign: where the job is asked to end.
        advance: is told of rows that are done.

    Raises:
        UserError: the scene cannot be read, or the file not be written.
        Stopped: the job was asked to end.
    """
    bands, height, width = scene.shape
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    strip = max(_STRIP // form.tile_px, 1) * form.tile_px
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # some scenes have no place
            opened = rasterio.open(temporary, "w", **_profile(scene, form))
        with opened as file:
            file.update_tags(**_tags(scene), **made_with(record))
            file.offsets = [-form.shift] * bands
            for number, name in enumerate(scene.bands, start=1):
                file.set_band_description(number, name)
            # Strips in order, so that blocks lie in the file in one order whatever else this process does.
            for row in range(0, height, strip):
                rows = min(strip, height - row)
                stored = np.empty((bands, rows, width), np.uint16)
                for column in range(0, width, _PIECE):
                    sign.check()
                    columns = min(_PIECE, width - column)
                    pixels, valid = scene.read(Window(row, column, rows, columns))
                    stored[:, :, column : column + columns] = _encoded(pixels, valid, form.shift)
                file.write(stored, window=RasterioWindow(0, row, width, rows))
                advance(rows)
        temporary.replace(path)
    except (RasterioError, OSError) as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} cannot be written: {error}; expected a place for a GeoTIFF")


def _encoded(pixels: np.ndarray, valid: np.ndarray, shift: int) -> np.ndarray:
    """(C, h, w) float32 harmonised digital numbers as uint16, at least 1 where valid, 0 elsewhere."""
    stored = np.clip(np.rint(pixels + np.float32(shift)), 1, _LARGEST).astype(np.uint16)
    stored[:, ~valid] = 0
    return stored


def _profile(scene: Scene, form: CacheFormat) -> dict[str, Any]:
    bands, height, width = scene.shape
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": bands, "height": height, "width": width, "dtype": "uint16", "nodata": 0, "tiled": True,
        "blockxsize": form.tile_px, "blockysize": form.tile_px, "interleave": "pixel", "compress": form.compression,
        "predictor": 2, "bigtiff": "IF_SAFER", "photometric": "minisblack", "alpha": "no",
    }  # fmt: skip
    if form.compression != "lzw":
        profile["zstd_level" if form.compression == "zstd" else "zlevel"] = form.compression_level
    if scene.grid.crs:
        profile["crs"] = scene.grid.crs
    if scene.grid.transform is not None:
        profile["transform"] = Affine(*scene.grid.transform)
    return profile


def _tags(scene: Scene) -> dict[str, str]:
    tags = {name: text for name, text in scene.tags.items() if name != "AREA_OR_POINT"}
    tags |= {HARMONISED_TAG: "1", "NADIR_SCENE": scene.name}
    if scene.key is not None:
        tags["NADIR_KEY"] = str(scene.key)
    if scene.synthetic:
        tags[SYNTHETIC_TAG] = "1"
    return tags
