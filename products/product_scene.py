"""A product's bands, which come on grids of their own, as a scene on one grid."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import numpy as np
from rasterio.transform import Affine

from errors import UserError
from products.grid import Grid, GridRelation
from products.group_stack import nearest_cells
from products.harmonised_numbers import REFLECTANCE
from products.product import Product
from products.region import TOLERANCE
from products.resampling import coarse_window_for, upsample
from products.scene import Scene, SceneKey
from products.scene_names import key_of, tile_of
from products.sensor import Sensor
from products.window import Window


class _Group(NamedTuple):
    """The wanted bands of one grid of a product.

    Attributes:
        distance_m: ground sample distance.
        relation: how the coarser one of the two grids lies on the finer one.
        averaged: whether the product's grid is the finer one.
        rows: of the group's array to keep.
        places: of those in the scene's array.
        scales, offsets: (C, 1, 1) float32: harmonised = scale x (number + offset) + shift.
        shifts: see above.
    """

    distance_m: int
    relation: GridRelation
    averaged: bool
    rows: list[int]
    places: list[int]
    scales: np.ndarray
    offsets: np.ndarray
    shifts: np.ndarray


class ProductScene(Scene):
    """An opened product on a grid of `resolution_m`.

    Coarser bands are brought there by bilinear interpolation, with the cells around that a window needs, so that a pixel
    is the same in every window; finer ones are averaged over whole pixels. Holes of coarse bands do not bleed: weights of
    cells without data go to their neighbours.

    Pixels have data where all bands have: a stored number that is not the sensor's nodata and within its valid range. A
    saturated pixel (65535 in Sentinel-2) has data: it is bright.

    Args:
        product: of a sensor whose bands are exactly those wanted.
        bands: their order.
        resolution_m: side of the scene's pixels.

    Raises:
        UserError: a grid does not fit the resolution.
    """

    def __init__(self, product: Product, bands: Sequence[str], resolution_m: int) -> None:
        self.product, self.resolution_m = product, resolution_m
        base = _grid_of(product, resolution_m)
        groups = []
        for distance, grid in product.grids.items():
            rows = [
                number for number, band in enumerate(product.sensor.group(distance)) if band.name in bands
            ]
            if not rows:
                continue
            names = [product.sensor.group(distance)[number].name for number in rows]
            averaged = distance < resolution_m
            fine, coarse = (distance, resolution_m) if averaged else (resolution_m, distance)
            if coarse % fine:
                raise UserError(
                    f"{product.path}: found bands of {distance} m ({', '.join(names)}), "
                    f"expected a ratio of whole numbers to scenes.resolution_m={resolution_m}"
                )
            grids = (grid, base) if averaged else (base, grid)
            relation = grids[0].relation(grids[1], coarse // fine, str(product.path))
            if averaged and not (relation.row_offset.is_integer() and relation.column_offset.is_integer()):
                raise UserError(
                    f"{product.path}: found bands of {distance} m ({', '.join(names)}) whose pixels lie across those of "
                    f"scenes.resolution_m={resolution_m}, expected grids with common edges: leave them out of scenes.bands"
                )
            terms = np.array([_terms(product, name) for name in names], np.float64).T[:, :, None, None]
            places = [list(bands).index(name) for name in names]
            groups.append(_Group(distance, relation, averaged, rows, places, *terms.astype(np.float32)))
        self._groups = groups
        self._origin = inner = _common(product, base, groups)
        super().__init__(
            product.path,
            product.name.replace("#", "_"),
            Grid(inner.height, inner.width, base.crs, _moved(base.transform, inner)),
            tuple(bands),
            key=_key(product),
            tags=product.tags,
            synthetic=product.synthetic,
        )

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Scene.read`; each band's pixels are asked for once."""
        if window.clip(*self.grid.shape) != window:
            raise ValueError(f"the window {window} reaches out of {self.name}, {self.grid.shape}")
        area = Window(
            window.row + self._origin.row, window.column + self._origin.column, window.height, window.width
        )
        pixels = np.zeros((len(self.bands), window.height, window.width), np.float32)
        valid = np.ones((window.height, window.width), bool)
        for group in self._groups:
            if group.averaged:
                values, known = self._averaged(group, area)
            else:
                values, known = self._upsampled(group, area)
            pixels[group.places] = values
            valid &= known.all(0)
        if not valid.all():
            pixels[:, ~valid] = 0
        return pixels, valid

    def close(self) -> None:
        """Close the product's files."""
        self.product.close()

    def _upsampled(self, group: _Group, area: Window) -> tuple[np.ndarray, np.ndarray]:
        relation = group.relation
        if relation == GridRelation(1):
            return self._stored(group, area)
        cells = coarse_window_for(area, relation, self.product.grids[group.distance_m].shape)
        coarse, known = self._stored(group, cells)
        values = upsample(coarse, relation, cells, area)
        if known.all():
            return values, np.ones(values.shape, bool)
        weights = upsample(known.astype(np.float32), relation, cells, area)
        # Nothing is divided by the rounding of 1, so that a pixel does not depend on holes elsewhere in the window.
        np.divide(values, weights, out=values, where=(weights > 0) & (weights < 1 - 1e-6))
        rows, columns = nearest_cells(area, relation, cells)
        return values, known[:, rows[:, None], columns]

    def _averaged(self, group: _Group, area: Window) -> tuple[np.ndarray, np.ndarray]:
        factor = group.relation.factor
        window = Window(
            area.row * factor + int(group.relation.row_offset),
            area.column * factor + int(group.relation.column_offset),
            area.height * factor,
            area.width * factor,
        )
        fine, known = self._stored(group, window)
        blocks = (-1, area.height, factor, area.width, factor)
        values: np.ndarray = fine.reshape(blocks).mean((2, 4), dtype=np.float64).astype(np.float32)
        return values, np.asarray(known.reshape(blocks).all((2, 4)))

    def _stored(self, group: _Group, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Harmonised numbers of a group on its own grid, 0 where no data, and where they are data, both (C, h, w)."""
        stored = self.product.read(group.distance_m, window)
        if len(group.rows) < len(stored):
            stored = stored[group.rows]
        known = Product.valid(self.product, stored)
        values = stored.astype(np.float32)
        values += group.offsets
        if not np.all(group.scales == 1):
            values *= group.scales
        if group.shifts.any():
            values += group.shifts
        if not known.all():
            values[~known] = 0
        return values, known


def restricted(sensor: Sensor, bands: Sequence[str]) -> Sensor:
    """A sensor that has only some of its bands, so that no product needs to have the others."""
    facts = {name: asdict(band) for name, band in sensor.bands.items() if name in bands}
    for fact in facts.values():
        del fact["name"]
    return Sensor(
        name=sensor.name,
        bands=facts,
        dtype=sensor.dtype,
        nodata=sensor.nodata,
        valid_range=sensor.valid_range,
        readers=sensor.readers,
        scale=sensor.scale,
        offset=sensor.offset,
        title=sensor.title,
    )


def _grid_of(product: Product, resolution_m: int) -> Grid:
    """The product's grid of that resolution, or one made of its finest."""
    if resolution_m in product.grids:
        return product.grids[resolution_m]
    finest_m, finest = product.finest_m, product.grids[product.finest_m]
    coarse, fine = max(finest_m, resolution_m), min(finest_m, resolution_m)
    if coarse % fine:
        raise UserError(
            f"{product.path}: found bands of {finest_m} m, expected scenes.resolution_m of a whole ratio to it, "
            f"not {resolution_m}"
        )
    ratio = coarse // fine
    if resolution_m > finest_m:
        shape, step = (finest.height // ratio, finest.width // ratio), float(ratio)
    else:
        shape, step = (finest.height * ratio, finest.width * ratio), 1 / ratio
    if 0 in shape:
        raise UserError(
            f"{product.path}: found {finest.height} x {finest.width} pixels of {finest_m} m, "
            f"expected at least one of scenes.resolution_m={resolution_m}"
        )
    transform = finest.transform
    if transform is not None:
        transform = tuple(Affine(*transform) @ Affine.scale(step))[:6]
    return Grid(*shape, finest.crs, transform)


def _common(product: Product, base: Grid, groups: Sequence[_Group]) -> Window:
    """The pixels of `base` of which all groups know something: the whole, unless a product was cut amid coarse pixels."""
    low, high = [0, 0], list(base.shape)
    for group in groups:
        shape = product.grids[group.distance_m].shape
        factor = group.relation.factor
        for axis, offset in enumerate((group.relation.row_offset, group.relation.column_offset)):
            if group.averaged:
                first, end = -(offset // factor), (shape[axis] - offset) // factor
            else:
                first = -((0.5 - offset + TOLERANCE) // 1)
                end = (offset + factor * shape[axis] - 0.5 + TOLERANCE) // 1 + 1
            low[axis], high[axis] = max(low[axis], int(first)), min(high[axis], int(end))
    if low[0] >= high[0] or low[1] >= high[1]:
        raise UserError(f"{product.path}: its grids have no pixel in common; expected grids of one scene")
    return Window(low[0], low[1], high[0] - low[0], high[1] - low[1])


def _moved(transform: tuple[float, ...] | None, window: Window) -> tuple[float, ...] | None:
    if transform is None or (window.row, window.column) == (0, 0):
        return transform
    return tuple(Affine(*transform) @ Affine.translation(window.column, window.row))[:6]


def _terms(product: Product, band: str) -> tuple[float, float, float]:
    """Scale, offset, shift of a band: harmonised = scale x (number + offset) + shift.

    A sensor whose numbers have a scale other than 1 gives reflectance; others stay as they are.
    """
    sensor = product.sensor
    offset = product.offsets.get(band, 0.0)
    scale = product.scales.get(band, sensor.scale)
    if scale == 1:
        return 1.0, offset, 0.0
    shift = product.physical_offsets.get(band, sensor.offset) * REFLECTANCE
    scale *= REFLECTANCE
    return (1.0 if np.isclose(scale, 1, rtol=1e-9) else scale), offset, shift


def _key(product: Product) -> SceneKey | None:
    """From the product's name, and what that does not say from its metadata."""
    tile, key = tile_of(product.tags.get("TILE_ID", "")), key_of(product.name)
    if key is not None:
        return SceneKey(key.tile or tile, key.time, key.day_only)
    try:
        time = datetime.fromisoformat(product.tags.get("DATATAKE_SENSING_START", ""))
    except ValueError:
        return None
    return SceneKey(tile, time.replace(microsecond=0, tzinfo=None))
