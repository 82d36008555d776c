"""Files of any raster format that appear whole or not at all, made from a GeoTIFF: GDAL's drivers and `.npz`."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.drivers import raster_driver_extensions
from rasterio.errors import RasterioError

from errors import UserError
from inference.sinks import TemporaryFile

ARCHIVE = "npz"
# What else belongs to a raster and would tell wrong things of the next one of that name.
_SIDECARS = (".aux.xml", ".ovr", ".msk")
_SUFFIXES = {"npz": ARCHIVE, "hdr": "ENVI", "bin": "ENVI"}
_CREATION_OPTIONS: dict[str, dict[str, Any]] = {
    "COG": {
        "COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": 512, "BIGTIFF": "IF_SAFER",
        "OVERVIEW_RESAMPLING": "AVERAGE",
    }
}  # fmt: skip
_ARCHIVE_STRIP = 512  # rows
_TRIAL_NUMBER = 30000
_LARGEST_COMMENT = 65535  # bytes, of a zip archive


def driver_of(path: Path, driver: str | None) -> str:
    """The driver that is asked for, or that fits the name of the file; GTiff for suffixes that say nothing.

    Raises:
        UserError: GDAL has no driver of that name.
    """
    if driver is None:
        suffix = path.suffix.lower().removeprefix(".")
        return _SUFFIXES.get(suffix) or raster_driver_extensions().get(suffix, "GTiff")
    if driver.lower() == ARCHIVE:
        return ARCHIVE
    with rasterio.Env() as environment:
        known = {name.lower(): name for name in environment.drivers()}
    if driver.lower() not in known:
        raise UserError(
            f"driver={driver}: found no such driver in GDAL, expected e.g. GTiff, COG, ENVI or npz"
        )
    return known[driver.lower()]


def data_path(path: Path, driver: str) -> Path:
    """The file that holds the pixels: of ENVI's pair not the header, which GDAL names itself."""
    return path.with_suffix(".bin") if driver == "ENVI" and path.suffix.lower() == ".hdr" else path


class StagedOutput:
    """A folder beside an output in which its files are made; they take their places when all is whole.

    A context manager that gives the folder. Any exception, Ctrl-C included, removes it; what was there before stays.

    Args:
        path: where the output shall be.

    Raises:
        UserError: `path` is a folder, or its folder cannot be made.
    """

    def __init__(self, path: Path) -> None:
        file = TemporaryFile(path)
        self.path, self.folder = path, file.temporary

    def __enter__(self) -> Path:
        try:
            self.folder.mkdir()
        except OSError as error:
            raise UserError(f"{self.path} cannot be written: {error}") from error
        return self.folder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self.folder)

    def _publish(self) -> None:
        made = sorted(self.folder.iterdir(), key=lambda file: file.name == self.path.name)
        try:
            for suffix in _SIDECARS:
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            for file in made:  # the raster itself last: where it is, all is
                file.replace(self.path.with_name(file.name))
        except OSError as error:
            raise UserError(f"{self.path} cannot be written: {error}") from error


def check_driver(
    driver: str, folder: Path, name: str, bands: int, dtype: str, options: Mapping[str, Any] | None = None
) -> None:
    """Write a few pixels, so that hours of computing do not end at a format that cannot hold them.

    Raises:
        UserError: the driver cannot write such a raster, or gives back other numbers.
    """
    if driver in (ARCHIVE, "GTiff"):
        return
    trial = folder / "trial"
    trial.mkdir()
    number = min(_TRIAL_NUMBER, np.iinfo(dtype).max) if np.dtype(dtype).kind in "ui" else _TRIAL_NUMBER
    layout = {"count": bands, "height": 32, "width": 32, "dtype": dtype, "crs": "EPSG:3857"}
    with rasterio.open(
        trial / "pixels.tif", "w", driver="GTiff", **layout, transform=rasterio.Affine(10, 0, 0, 0, -10, 0)
    ) as file:
        file.write(np.full((bands, 32, 32), number, dtype))
    convert(trial / "pixels.tif", trial / name, driver, options or {})
    with rasterio.open(trial / name) as file:
        found = file.read()
    # Lossy formats are the user's choice, but not such as have fewer bits.
    if found.shape != (bands, 32, 32) or not np.allclose(found, number, rtol=1e-2):
        raise UserError(
            f"{name} cannot be written with driver={driver}, which does not hold {bands} bands of {dtype}"
        )
    shutil.rmtree(trial)


def convert(source: Path, target: Path, driver: str, options: Mapping[str, Any]) -> None:
    """A GeoTIFF as a file of another format.

    Args:
        source: the GeoTIFF; it is removed.
        target: the file to write.
        driver: of GDAL.
        options: creation options of the driver.

    Raises:
        UserError: the driver cannot write it.
    """
    chosen = {**_CREATION_OPTIONS.get(driver, {}), **options}
    try:
        rasterio.shutil.copy(source, target, driver=driver, **chosen)
    except (RasterioError, CPLE_BaseError, OSError, ValueError) as error:
        raise UserError(f"{target.name} cannot be written with driver={driver}: {error}") from error
    if not target.exists():
        raise UserError(
            f"{target.name} cannot be written with driver={driver}; expected one that creates rasters"
        )
    source.unlink()


def write_archive(
    source: Path, target: Path, names: Sequence[str], arrays: Mapping[str, np.ndarray] | None = None
) -> None:
    """A GeoTIFF as a `.npz` archive with one (H, W) array per band; the GeoTIFF is removed.

    The archive's comment holds JSON: `crs` (WKT), `transform` (six coefficients), `nodata`, `scales`, `offsets`, `tags`.

    Args:
        source: the GeoTIFF.
        target: the archive.
        names: of the arrays, by band.
        arrays: what else to keep, e.g. longitude and latitude.

    Raises:
        UserError: it cannot be written.
    """
    try:
        with rasterio.open(source) as raster, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, name in enumerate(names, start=1):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    _write_band(raster, number, stream)
            for name, array in (arrays or {}).items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
            archive.comment = _comment(raster)
    except OSError as error:
        raise UserError(f"{target.name} cannot be written: {error}") from error
    source.unlink()


def _write_band(raster: Any, number: int, stream: IO[bytes]) -> None:
    """A band as an array of numpy's own format, in strips."""
    header = {
        "shape": (raster.height, raster.width),
        "fortran_order": False,
        "descr": np.lib.format.dtype_to_descr(np.dtype(raster.dtypes[0])),
    }
    np.lib.format.write_array_header_1_0(stream, header)
    for row in range(0, raster.height, _ARCHIVE_STRIP):
        rows = min(_ARCHIVE_STRIP, raster.height - row)
        stream.write(
            raster.read(number, window=rasterio.windows.Window(0, row, raster.width, rows)).tobytes()
        )


def _comment(raster: Any) -> bytes:
    facts = {
        "crs": raster.crs.to_wkt() if raster.crs else "",
        "transform": list(raster.transform)[:6],
        "nodata": raster.nodata,
        "scales": list(raster.scales),
        "offsets": list(raster.offsets),
        "tags": raster.tags(),
    }
    comment = json.dumps(facts).encode()
    if len(comment) > _LARGEST_COMMENT:
        comment = json.dumps({**facts, "tags": {}}).encode()
    return comment
