"""The product in what somebody has sent: a raster, a file of a swath, or an archive of a folder."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import rasterio

from errors import UserError
from products.archives import TarTree, ZipTree, archive_kind
from products.file_tree import FileTree
from products.sensor import Sensor
from products.unpacking import UnpackedTree
from serving.hdf5_links import refuse_links

CHUNK = 1 << 20


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold: `members` files of `unpacked_bytes` together."""

    members: int
    unpacked_bytes: int


class UploadedProduct:
    """A file that somebody has sent, as a path that the sensor's readers know; unpacked where they do not.

    Attributes:
        path: what to open; lives as long as this object.

    Args:
        file: what was sent.
        sensor: whose readers are asked.
        folder: an empty folder for what has to be unpacked.
        limits: of archives.

    Raises:
        UserError: a dangerous, damaged or too large archive, or no reader knows the product.
    """

    def __init__(self, file: Path, sensor: Sensor, folder: Path, limits: ArchiveLimits) -> None:
        self._unpacked: FileTree | None = None
        self.path = self._find(file, sensor, folder, limits)

    def _find(self, file: Path, sensor: Sensor, folder: Path, limits: ArchiveLimits) -> Path:
        kind = archive_kind(file)
        tree: FileTree
        if kind in ("zip", "tar"):
            tree = ZipTree(file) if kind == "zip" else TarTree(file)
            _check(file, len(tree.names), sum(map(tree.size, tree.names)), limits)
            if _is_known(file, sensor):
                return file
        if kind == "zip":
            _unpack(file, folder)
        elif kind is not None:
            self._unpacked = UnpackedTree(file, lambda _: True, limits.unpacked_bytes)
            _check(file, len(self._unpacked.names), 0, limits)
            folder = self._unpacked.path
        elif _is_safe_and_known(file, sensor):
            return file
        elif _is_raster(file):
            file.rename(folder / file.name)  # a folder of one raster
        else:
            raise UserError(
                f"{file.name}: not recognised; expected a zip or tar archive, a GeoTIFF or a product of {sensor.title}"
            )
        refuse_links(folder.rglob("*"))
        for candidate in _candidates(folder):
            if _is_known(candidate, sensor):
                return candidate
        raise UserError(f"{file.name}: found no product of {sensor.title} in it")


def _check(file: Path, members: int, size: int, limits: ArchiveLimits) -> None:
    if members > limits.members:
        raise UserError(f"{file.name}: found {members} files, expected at most {limits.members}")
    if size > limits.unpacked_bytes:
        raise UserError(f"{file.name}: unpacks to {size} bytes, expected at most {limits.unpacked_bytes}")


def _is_known(path: Path, sensor: Sensor) -> bool:
    return any(reader.recognises(path) for reader in sensor.readers)


def _is_safe_and_known(file: Path, sensor: Sensor) -> bool:
    refuse_links([file])
    return _is_known(file, sensor)


def _is_raster(file: Path) -> bool:
    try:
        with rasterio.open(file):
            return True
    except rasterio.errors.RasterioIOError:
        return False


def _unpack(file: Path, folder: Path) -> None:
    """Write all members of a zip archive; `ZipTree` has checked their names."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            target = folder / member.filename
            if not target.resolve().is_relative_to(folder.resolve()):
                raise UserError(f"{file.name}: found a member outside of it; expected names within")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("xb") as out:
                    left = member.file_size
                    while chunk := source.read(CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise UserError(f"{file.name}: a member is longer than it says")
                        out.write(chunk)
            except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
                raise UserError(
                    f"{file.name}: found a damaged archive ({error}), expected a whole one"
                ) from error


def _candidates(folder: Path) -> Iterator[Path]:
    """The folder, then what it holds, two levels down: archives have one folder around their files, or none."""
    yield folder
    level = sorted(folder.iterdir())
    yield from level
    for inner in level:
        if inner.is_dir():
            yield from sorted(inner.iterdir())
