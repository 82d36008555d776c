"""A product of MODIS or VIIRS in one HDF file: a swath with its positions, or a map grid of HDF-EOS."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import UserError
from products.grid import Grid, GridRelation
from products.hdf_eos_grid import grids_of_fields
from products.product import Geolocation, Product
from products.swath_companion import find_geolocation
from products.swath_family import family_of, granule_of
from products.swath_fields import find_field
from products.swath_file import Field, SwathFile
from products.window import Window

if TYPE_CHECKING:
    from products.sensor import Sensor

SYNTHETIC = "NADIR_SYNTHETIC"  # attribute of files that no sensor has measured


class SwathProduct(Product):
    """Bands of a sensor, found in a file by their `source` names.

    Special digital numbers (no data, saturation, faults of the detector) lie outside of the sensor's valid range.

    Args:
        file: holds the bands.
        sensor: facts of the instrument.
        geolocation: file of the positions; None: those in `file`, or the geolocation product beside it, or none.
        first_samples_aligned: tell networks that coarse columns lie centred on the first of their fine ones, as
            MODIS measures them, and not on all of them, as published networks take them.

    Raises:
        UserError: bands are missing, their sizes do not fit each other, or the positions do not fit.
    """

    def __init__(
        self,
        file: SwathFile,
        sensor: "Sensor",
        *,
        geolocation: Path | None = None,
        first_samples_aligned: bool = False,
    ) -> None:
        self.file = file
        self.names = _names(file, sensor)
        granule = granule_of(file.path, dict(file.attributes))
        scales, offsets = _calibration(file, sensor, self.names)
        super().__init__(
            file.path,
            file.path.stem,
            sensor,
            _grids(file, sensor, self.names),
            offsets=offsets,
            scales=scales,
            tags=granule.tags if granule else {},
            synthetic=str(file.attributes.get(SYNTHETIC, "0")) == "1",
        )
        self.family = family_of(granule, list(self.grids))
        self.gridded = bool(self.grids[self.finest_m].crs)
        self.first_samples_aligned = first_samples_aligned and not self.gridded
        self._geolocation = None
        if not self.gridded:
            finest = self.grids[self.finest_m]
            self._geolocation = find_geolocation(
                file, granule, finest, self.finest_m, self.family, chosen=geolocation
            )
        for metres in self.grids:
            self.relation(metres)

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`."""
        names = [self.names[band.name] for band in self.sensor.group(ground_sample_distance_m)]
        return np.stack([self.file.read(name, window) for name in names])

    def geolocation(self, ground_sample_distance_m: int, window: Window) -> Geolocation | None:
        """See `Product.geolocation`."""
        if self._geolocation is None:
            return None
        return self._geolocation.read(ground_sample_distance_m, window)

    @property
    def geolocation_path(self) -> Path | None:
        """The file of the positions; None where there are none."""
        return self._geolocation.file.path if self._geolocation else None

    def relation(self, ground_sample_distance_m: int) -> GridRelation:
        """See `Product.relation`; the sizes of a swath's grids are multiples of each other."""
        if self.gridded:
            return super().relation(ground_sample_distance_m)
        fine, coarse = self.grids[self.finest_m], self.grids[ground_sample_distance_m]
        factor = self.sensor.factor(ground_sample_distance_m)
        if (coarse.height * factor, coarse.width * factor) != fine.shape:
            raise UserError(
                f"{self.path}: found {coarse.height} x {coarse.width} pixels of {ground_sample_distance_m} m beside "
                f"{fine.height} x {fine.width} of {self.finest_m} m, expected 1/{factor} of them along each side"
            )
        if not self.first_samples_aligned or not (self.family and self.family.first_samples_m):
            return GridRelation(factor)
        return GridRelation(factor, 0.0, (1 - factor) / 2)

    def close(self) -> None:
        """See `Product.close`."""
        self.file.close()
        if self._geolocation is not None:
            self._geolocation.file.close()


def _names(file: SwathFile, sensor: "Sensor") -> dict[str, str]:
    """Field of the file by band, of the grids whose bands are all there."""
    flat = [name for name, field in file.fields.items() if len(field.shape) == 2]
    names: dict[str, str] = {}
    for metres in sensor.ground_sample_distances_m:
        found = {band.name: find_field(flat, band.source or band.name) for band in sensor.group(metres)}
        present = {band: name for band, name in found.items() if name is not None}
        finest = metres == sensor.ground_sample_distances_m[0]
        if len(present) < len(found) and (present or finest):
            raise _missing(file, sensor, [band for band in found if band not in present])
        names |= present
    return names


def _missing(file: SwathFile, sensor: "Sensor", bands: list[str]) -> UserError:
    first = sensor.bands[bands[0]]
    more = f" and {len(bands) - 1} more bands" if len(bands) > 1 else ""
    granule = granule_of(file.path, dict(file.attributes))
    what = granule.product if granule else "file"
    kind = "gridded " if grids_of_fields(file.path, file.attributes) else ""
    hint = " (a product on a map grid needs a sensor config of its own)" if kind else ""
    return UserError(
        f"{file.path}: found no '{first.source or first.name}' ({first.name}){more} among the {len(file.fields)} "
        f"fields of this {kind}{what}, expected a product of {sensor.title}{hint}"
    )


def _grids(file: SwathFile, sensor: "Sensor", names: Mapping[str, str]) -> dict[int, Grid]:
    mapped = grids_of_fields(file.path, file.attributes)
    grids: dict[int, Grid] = {}
    for band, name in names.items():
        field, metres = file.fields[name], sensor.bands[band].ground_sample_distance_m
        if field.dtype != sensor.dtype:
            raise UserError(f"{file.path}: '{name}' holds {field.dtype or 'texts'}, expected {sensor.dtype}")
        grid = _mapped(mapped, field) or Grid(field.shape[0], field.shape[1])
        if grids.setdefault(metres, grid) != grid or grid.shape != field.shape:
            raise UserError(
                f"{file.path}: '{name}' has {field.shape[0]} x {field.shape[1]} pixels, expected {grids[metres].height} "
                f"x {grids[metres].width} as its grid of {metres} m has"
            )
    return grids


def _mapped(mapped: Mapping[tuple[str, str], Grid], field: Field) -> Grid | None:
    """The map grid of a field; in HDF5 the grid is a group of the field's path."""
    *groups, last = field.name.split("/")
    for (grid, name), found in mapped.items():
        if name == last and (not groups or grid in groups):
            return found
    return None


def _calibration(
    file: SwathFile, sensor: "Sensor", names: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Scales that differ from the sensor's, and offsets in digital numbers, by band.

    MODIS files in HDF4 say (number - add_offset) / scale_factor; others, by the CF conventions, say
    number * scale_factor + add_offset. A factor above 1 can only be the former.
    """
    scales, offsets = {}, {}
    for band, name in names.items():
        attributes = file.fields[name].attributes
        factor = _number(attributes, "scale_factor", "Scale")
        shift = _number(attributes, "add_offset", "Offset") or 0.0
        if not factor:
            continue
        scale = 1 / factor if factor > 1 else factor
        if abs(scale / sensor.scale - 1) > 1e-3:
            scales[band] = scale
        if shift:
            offsets[band] = -shift if factor > 1 else shift / factor
    return scales, offsets


def _number(attributes: Mapping[str, Any], *keys: str) -> float | None:
    for key in keys:
        value = attributes.get(key)
        first = value[0] if isinstance(value, (list, tuple)) and value else value
        if isinstance(first, (int, float)):
            return float(first)
    return None
