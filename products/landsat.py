"""Landsat 8 and 9, Level-1 and Level-2: Collection 2, Collection 1 and what came before, in folders and archives."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from errors import UserError
from products.file_tree import FileTree
from products.grid import Grid
from products.landsat_files import file_tree, image_name, looks_like_landsat, metadata_name
from products.landsat_metadata import LandsatMetadata, parse_metadata
from products.landsat_quality import quality_mask
from products.product import Product
from products.raster_handles import BandRaster, RasterHeader, driver_of, read_group
from products.sensor import Sensor
from products.window import Window

QUALITY_SUFFIXES = {"pre_collection": "BQA", "collection_1": "BQA", "collection_2": "QA_PIXEL"}
_PLAIN_NAME = re.compile(r"\w[\w.-]*")
_HEAD_BYTES = 16


class LandsatReader:
    """Opens a product's folder, its MTL file, or a zip or tar archive of it.

    Files are found by the names in the metadata, or else by what their names end in: `_B8.TIF`. A band's `source` in the
    sensor's config is that ending (`SR_B1`), where it is not the band's name.

    Args:
        level: of the products: 1 or 2.
        other_sensor: config of the sensor that reads the other level, for messages.
        spacecraft: names in the metadata that are this sensor's.
        quality: by layout (`pre_collection`, `collection_1`, `collection_2`) and condition the first and last bit in the
            quality band.
    """

    kind = "a Landsat product with its MTL file (folder, zip or tar)"

    def __init__(
        self,
        *,
        level: int = 1,
        other_sensor: str | None = None,
        spacecraft: Sequence[str] = ("LANDSAT_8", "LANDSAT_9"),
        quality: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
    ) -> None:
        self.level, self.other_sensor = level, other_sensor
        self.spacecraft, self.quality = tuple(spacecraft), dict(quality or {})

    def recognises(self, path: Path) -> bool:
        """See `Reader`."""
        return looks_like_landsat(path)

    def open(self, path: Path, sensor: Sensor) -> "LandsatProduct":
        """See `Reader`; raises UserError besides for a product of another level or satellite."""
        path = path.absolute()
        suffixes = {band.name: band.source or band.name for band in sensor.bands.values()}
        wanted = {
            **suffixes,
            **{layout: suffix for layout, suffix in QUALITY_SUFFIXES.items() if layout in self.quality},
        }
        tree = file_tree(path, wanted)
        described = metadata_name(tree, path)
        metadata = parse_metadata(tree.document(described), tree.label(described))
        self._check(tree.label(described), metadata, sensor)
        folder = str(PurePosixPath(described).parent)
        files: dict[str, str] = {}
        for band, suffix in suffixes.items():
            stated = metadata.files.get(_key(suffix))
            found = image_name(tree, folder, stated, suffix)
            if found is None:
                names = f"{stated} or *_{suffix}.TIF" if stated else f"*_{suffix}.TIF"
                raise UserError(f"{path}: found no file of band {band}, expected {names}")
            files[band] = found
        rasters = {band: _raster(tree, name, path) for band, name in files.items()}
        headers = {band: raster.header() for band, raster in rasters.items()}
        ending = QUALITY_SUFFIXES[metadata.layout]
        quality = image_name(tree, folder, metadata.quality_file, ending)
        return LandsatProduct(
            path,
            metadata.identifier if _PLAIN_NAME.fullmatch(metadata.identifier) else path.stem,
            sensor,
            _grids(sensor, rasters, headers, str(path)),
            rasters=rasters,
            metadata=metadata,
            quality_raster=_raster(tree, quality, path) if quality else None,
            quality_bits=self.quality.get(metadata.layout, {}),
            tree=tree,
        )

    def _check(self, label: str, metadata: LandsatMetadata, sensor: Sensor) -> None:
        if metadata.spacecraft not in self.spacecraft:
            raise UserError(
                f"{label}: found a product of {metadata.spacecraft or 'no satellite'}, "
                f"expected {' or '.join(self.spacecraft)} ({sensor.title})"
            )
        if not metadata.level.startswith(f"L{self.level}"):
            lacks = (
                ", which has no panchromatic band to sharpen with" if metadata.level.startswith("L2") else ""
            )
            other = f" or sensor={self.other_sensor}" if self.other_sensor else ""
            raise UserError(
                f"{label}: found a product of level {metadata.level}{lacks}; expected level {self.level} ({sensor.title}){other}"
            )


class LandsatProduct(Product):
    """An opened Landsat product.

    Digital numbers are harmonised as they are: the rescaling terms are the same in all collections of a level. Thermal
    bands have terms of their own, to radiance or temperature.

    Attributes:
        metadata: of the product.
        physical_offsets: by band: added after scaling, where the metadata says otherwise than the sensor's config.
        quality_names: conditions that `quality` knows; empty where the product has no quality band.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        sensor: Sensor,
        grids: Mapping[int, Grid],
        *,
        rasters: Mapping[str, BandRaster],
        metadata: LandsatMetadata,
        quality_raster: BandRaster | None,
        quality_bits: Mapping[str, Sequence[int]],
        tree: FileTree,
    ) -> None:
        terms = {
            band.name: metadata.rescaling[_key(band.source or band.name)]
            for band in sensor.bands.values()
            if _key(band.source or band.name) in metadata.rescaling
        }
        scales = {band: scale for band, (scale, _) in terms.items() if not np.isclose(scale, sensor.scale)}
        super().__init__(path, name, sensor, grids, scales=scales, tags=metadata.tags)
        self.physical_offsets = {
            band: offset for band, (_, offset) in terms.items() if not np.isclose(offset, sensor.offset)
        }
        self.rasters, self.metadata = dict(rasters), metadata
        self._quality_raster, self._quality_bits = quality_raster, quality_bits if quality_raster else {}
        self._tree: FileTree | None = tree  # keeps unpacked files alive

    @property
    def quality_names(self) -> tuple[str, ...]:
        """Conditions that `quality` knows."""
        return tuple(self._quality_bits)

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`."""
        return read_group(self, self.rasters, ground_sample_distance_m, window)

    def quality(self, names: str | Sequence[str], window: Window, confidence: str = "high") -> np.ndarray:
        """Where any of the named conditions holds, by the product's own quality band.

        Args:
            names: of `quality_names`, e.g. `cloud` or `["cloud", "cirrus"]`.
            window: of the 30 m grid.
            confidence: conditions of two bits hold from this confidence on: `low`, `medium` or `high`.

        Returns:
            (h, w) bool.

        Raises:
            UserError: the product has no quality band, or its collection no such condition.
        """
        if self._quality_raster is None:
            raise UserError(
                f"{self.path}: found no quality band, expected a file *_BQA.TIF or *_QA_PIXEL.TIF"
            )
        stored = np.empty((window.height, window.width), "uint16")
        self._quality_raster.read(window, stored)
        return quality_mask(stored, self._quality_bits, names, confidence)

    def close(self) -> None:
        """Close the files of this thread; reading opens them again."""
        for raster in (*self.rasters.values(), *([self._quality_raster] if self._quality_raster else ())):
            raster.close()

    def __getstate__(self) -> dict[str, Any]:
        # Unpacked files belong to the process that unpacked them, and to the object that it keeps.
        return {**self.__dict__, "_tree": None}


def _key(suffix: str) -> str:
    """What the metadata calls a band that file names call `B8`, `SR_B1` or `ST_B10`: `8`, `1`, `ST_B10`."""
    return suffix if suffix.startswith("ST_") else suffix.removeprefix("SR_").removeprefix("B")


def _raster(tree: FileTree, name: str, path: Path) -> BandRaster:
    driver = driver_of(tree.head(name, _HEAD_BYTES))
    if driver is None:
        raise UserError(f"{tree.label(name)}: found no image, expected GeoTIFF")
    own = tree.path / name
    stamp = (own if own.is_file() else path).stat().st_mtime_ns
    return BandRaster(tree.raster_path(name), tree.label(name), driver, (stamp, tree.size(name)))


def _grids(
    sensor: Sensor, rasters: Mapping[str, BandRaster], headers: Mapping[str, RasterHeader], name: str
) -> dict[int, Grid]:
    """The grid of each group, its files held against each other.

    The last pixel of each file is read: a file that was cut off ends earlier.
    """
    grids: dict[int, Grid] = {}
    for distance in sensor.ground_sample_distances_m:
        first = sensor.group(distance)[0].name
        for band in sensor.group(distance):
            raster, header = rasters[band.name], headers[band.name]
            if not np.can_cast(header.dtype, sensor.dtype, "safe"):
                raise UserError(f"{raster.label}: found {header.dtype}, expected {sensor.dtype}")
            grid = Grid(header.height, header.width, header.crs, header.transform)
            if grid != grids.setdefault(distance, grid):
                raise UserError(
                    f"{raster.label}: found {grid.height} x {grid.width} pixels that lie otherwise than "
                    f"{grids[distance].height} x {grids[distance].width} of {first}, expected one grid for {distance} m"
                )
            raster.read(Window(grid.height - 1, grid.width - 1, 1, 1), np.empty((1, 1), sensor.dtype))
    finest_m, finest = next(iter(grids.items()))
    for distance, grid in grids.items():
        if distance != finest_m:
            finest.relation(grid, distance // finest_m, name)
    return grids
