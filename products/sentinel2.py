"""Sentinel-2 products of Level-1C and Level-2A: SAFE folders, and zip and tar archives of them."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from products.archives import TarTree, ZipTree, archive_kind
from products.file_tree import FileTree, FolderTree
from products.grid import Grid
from products.jpeg2000 import HEAD_BYTES, TAIL_BYTES, damage, is_jpeg2000
from products.product import Product
from products.raster_handles import BandRaster, driver_of, read_group
from products.sensor import Band, Sensor
from products.sentinel2_grids import grids_of
from products.sentinel2_layout import (
    Layer,
    Located,
    band_files,
    described_missing,
    granule_images,
    is_product_folder,
    layer_of,
    locate,
    looks_like_product,
    sniff,
    tile_metadata,
    tile_of,
)
from products.sentinel2_metadata import (
    PRODUCT_ROOT,
    TILE_ROOT,
    ProductMetadata,
    band_name,
    is_spectral,
    parse_product,
    parse_tile,
)
from products.unpacking import UnpackedTree, first_names
from products.window import Window

LOG = logging.getLogger(__name__)
_PLAIN_NAME = re.compile(r"\w[\w.-]*")
_FIRST_NAMES = 20  # of a compressed archive: enough to see whose product it is


class Sentinel2Reader:
    """Opens SAFE products, whatever their folder or archive is called.

    What may be named: the SAFE folder, a folder that holds just one, the product's metadata file, the folder or metadata
    file of one granule, or an archive with one product.

    Args:
        tile: the granule to take of products with several, e.g. `T33UUU`.
        baselines: oldest and newest known processing baseline; what others' numbers mean is not known.
        offsets_from: from this baseline on metadata lists radiometric offsets.
        quantification: digital numbers per unit of reflectance that networks expect.
        verify_bytes: images in zip archives that are not larger are held against their checksums when the product is
            opened; larger ones would have to be read whole for a window of some pixels.

    Sources: ESA, Sentinel-2 Products Specification Document, issues 12 to 14.9.
    """

    kind = "a Sentinel-2 SAFE product (folder, zip or tar)"

    def __init__(
        self,
        *,
        tile: str | None = None,
        baselines: Sequence[str] = ("01.00", "05.99"),
        offsets_from: str = "04.00",
        quantification: float = 10_000,
        verify_bytes: int = 4 * 2**20,
    ) -> None:
        self.tile = tile
        self.baselines = (str(baselines[0]), str(baselines[1]))
        self.offsets_from = str(offsets_from)
        self.quantification, self.verify_bytes = float(quantification), verify_bytes

    def recognises(self, path: Path) -> bool:
        """Whether `path` may be a Sentinel-2 product, whole or not; archives that cannot be listed are taken as one."""
        path = path.absolute()
        if path.is_dir():
            return is_product_folder(path) or bool(_products_below(path))
        kind = archive_kind(path)
        if kind is None:
            return sniff(path, PRODUCT_ROOT) or sniff(path, TILE_ROOT)
        try:
            names: Iterable[str]
            if kind == "compressed tar":
                names = first_names(path, _FIRST_NAMES)
            else:
                names = (ZipTree(path) if kind == "zip" else TarTree(path)).names
            return looks_like_product(names)
        except UserError:
            return True  # `open` says what is wrong with it

    def open(self, path: Path, sensor: Sensor) -> "Sentinel2Product":
        """Open a product and check it, all but its pixels.

        Raises:
            UserError: no metadata, an unknown baseline, missing or damaged bands, grids that do not fit, a damaged
                archive or one with members that would lie outside of it.
        """
        given = path.absolute()
        tree, granule = _tree(given, sensor)
        # Perhaps the path is a metadata file beside others.
        named = given.is_file() and archive_kind(given) is None and sniff(given, PRODUCT_ROOT)
        located = Located("", given.name) if named else locate(tree)
        metadata = parse_product(
            tree.document(located.metadata), tree.label(located.metadata), self.baselines, self.offsets_from
        )
        if metadata.quantification != self.quantification:
            raise UserError(
                f"{tree.label(located.metadata)}: QUANTIFICATION_VALUE: found {metadata.quantification:g}, "
                f"expected {self.quantification:g}"
            )
        lacking = [band.name for band in sensor.bands.values() if _lacks_offset(metadata, _layer(band))]
        if lacking:
            raise UserError(
                f"{tree.label(located.metadata)}: found radiometric offsets for other bands than {', '.join(lacking)}, "
                "expected one for each band"
            )
        place, images = granule_images(tree, located.root, granule or self.tile)
        rasters = self._rasters(tree, band_files(tree, metadata, images), sensor, given)
        described = tile_metadata(tree, place)
        tile = parse_tile(tree.document(described), tree.label(described)) if described else None
        if tile is None:
            LOG.warning("%s has no metadata of its granule: its grids are taken from the images alone", path)
        headers = {band: raster.header() for band, raster in rasters.items()}
        for band, header in headers.items():
            if not np.can_cast(header.dtype, sensor.dtype, "safe"):
                raise UserError(f"{rasters[band].label}: found {header.dtype}, expected {sensor.dtype}")
        # Results and files are named after it, so nothing but a plain name will do.
        name = metadata.uri.removesuffix(".SAFE") if _PLAIN_NAME.fullmatch(metadata.uri) else given.stem
        tile_name = tile_of(place)
        if tile_name and tile_name not in name:
            name = f"{name}_{tile_name}"
        return Sentinel2Product(
            path,
            name,
            sensor,
            grids_of(sensor, headers, tile, str(path)),
            rasters=rasters,
            metadata=metadata,
            tags={**metadata.tags, **(tile.tags if tile else {})},
            tree=tree,
        )

    def _rasters(
        self, tree: FileTree, found: Mapping[Layer, str], sensor: Sensor, path: Path
    ) -> dict[str, BandRaster]:
        rasters, missing = {}, []
        for band in sensor.bands.values():
            layer, distance = _layer(band), band.ground_sample_distance_m
            file = found.get((layer, distance)) or found.get((layer, None))
            if file is None:
                missing.append((layer, distance))
            elif not missing:
                driver = self._checked_driver(tree, file)
                rasters[band.name] = BandRaster(
                    tree.raster_path(file), tree.label(file), driver, tree.stamp(file)
                )
        if missing:
            raise UserError(
                f"{path}: found no image of {described_missing(missing, found)}, expected all bands of {sensor.name}"
            )
        return rasters

    def _checked_driver(self, tree: FileTree, name: str) -> str:
        head = tree.head(name, HEAD_BYTES)
        driver = driver_of(head)
        if driver is None:
            raise UserError(f"{tree.label(name)}: found no image, expected JPEG 2000 or GeoTIFF")
        if is_jpeg2000(head):
            lacking = damage(head, tree.tail(name, TAIL_BYTES), tree.size(name))
            if lacking:
                raise UserError(
                    f"{tree.label(name)}: found a JPEG 2000 file without {lacking}, expected a whole one"
                )
        if tree.size(name) <= self.verify_bytes:
            tree.verify(name)
        return driver


class Sentinel2Product(Product):
    """An opened Sentinel-2 product.

    Attributes:
        rasters: the file of each band.
        metadata: of the product.
        level: `L1C` or `L2A`.
        void: stored digital numbers that are no measurement: the sensor's nodata, and what the metadata calls NODATA and
            SATURATED.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        sensor: Sensor,
        grids: Mapping[int, Grid],
        *,
        rasters: Mapping[str, BandRaster],
        metadata: ProductMetadata,
        tags: Mapping[str, str],
        tree: FileTree,
    ) -> None:
        offsets = {
            band.name: metadata.offsets[_layer(band)]
            for band in sensor.bands.values()
            if _layer(band) in metadata.offsets
        }
        super().__init__(path, name, sensor, grids, offsets=offsets, tags=tags)
        self.rasters, self.metadata, self.level = dict(rasters), metadata, metadata.level
        self.void = _void(metadata, sensor)
        self._tree: FileTree | None = tree  # keeps unpacked files alive

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """Stored digital numbers; see `Product.read`."""
        return read_group(self, self.rasters, ground_sample_distance_m, window)

    def valid(self, stored: np.ndarray) -> np.ndarray:
        """Where stored digital numbers of any shape are data; bool."""
        valid = super().valid(stored)
        for value in self.void:
            valid &= stored != value
        return valid

    def close(self) -> None:
        """Close the files of this thread; reading opens them again."""
        for raster in self.rasters.values():
            raster.close()

    def __getstate__(self) -> dict[str, Any]:
        # Unpacked files belong to the process that unpacked them, and to the object that it keeps.
        return {**self.__dict__, "_tree": None}


def _tree(path: Path, sensor: Sensor) -> tuple[FileTree, str | None]:
    """The files of the product that a path means, and the granule that it names, if it does."""
    kind = archive_kind(path)
    if kind is not None:
        return _opened_archive(path, kind, sensor), None
    folder = path if path.is_dir() else path.parent
    for place in (folder, *folder.parents[:3]):
        if place.name == "GRANULE":
            return FolderTree(place.parent), None
        if place.parent.name == "GRANULE":
            return FolderTree(place.parents[1]), place.name
    if is_product_folder(folder):
        return FolderTree(folder), None
    below = _products_below(folder)
    if len(below) != 1:
        names = ", ".join(product.name for product in below[:5])
        raise UserError(f"{path}: found {len(below)} products ({names}), expected one")
    return FolderTree(below[0]), None


def _opened_archive(path: Path, kind: str, sensor: Sensor) -> FileTree:
    if kind == "zip":
        return ZipTree(path)
    return TarTree(path) if kind == "tar" else UnpackedTree(path, lambda name: _is_needed(name, sensor))


def _products_below(path: Path) -> list[Path]:
    try:
        return sorted(folder for folder in path.iterdir() if folder.is_dir() and is_product_folder(folder))
    except OSError:
        return []


def _is_needed(name: str, sensor: Sensor) -> bool:
    """Whether a member of an archive that is unpacked is metadata, or an image of one of the sensor's bands."""
    if name.lower().endswith(".xml"):
        return True
    layer = layer_of(name)
    wanted = {(_layer(band), band.ground_sample_distance_m) for band in sensor.bands.values()}
    return layer is not None and any(layer in ((band, distance), (band, None)) for band, distance in wanted)


def _lacks_offset(metadata: ProductMetadata, layer: str) -> bool:
    return bool(metadata.offsets) and is_spectral(layer) and layer not in metadata.offsets


def _layer(band: Band) -> str:
    return band_name(band.source or band.name)


def _void(metadata: ProductMetadata, sensor: Sensor) -> tuple[int, ...]:
    # Level-2A before baseline 02.09 calls class 1 or 6 of its scene classification SATURATED: only the largest number
    # of the type can mean that in an image.
    largest = np.iinfo(sensor.dtype).max if np.dtype(sensor.dtype).kind in "iu" else None
    values = metadata.special_values
    saturated = values.get("SATURATED")
    return tuple(
        value
        for value in (values.get("NODATA"), saturated if saturated == largest else None)
        if value is not None and value != sensor.nodata
    )
