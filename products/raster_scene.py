"""Scenes in one raster file with several bands (GeoTIFF and whatever else GDAL reads)."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from products.band_names import names_by_position, positions
from products.grid import Grid
from products.harmonised_numbers import REFLECTANCE, harmonised
from products.raster import RasterFile
from products.raster_facts import RasterFacts, read_facts
from products.scene import Scene
from products.scene_names import key_of, key_of_path, stem_of
from products.sensor import Sensor
from products.thraws import SYNTHETIC_TAG
from products.window import Window

# "1": apart from scale and offset in the file, its numbers are harmonised.
HARMONISED_TAG = "NADIR_HARMONISED"
KEY_TAG = "NADIR_KEY"  # tile and time of what a file was made from
_OF_THE_FILE = (HARMONISED_TAG, "AREA_OR_POINT")  # tags that would say wrong things of outputs


class RasterScene(Scene):
    """A raster file as a scene, on its own grid.

    What the file says of its numbers holds: a band with a scale is reflectance (number x scale + offset), one with an
    offset alone becomes a harmonised digital number by adding it. Where it says nothing, `scale` and `offset` hold, unless
    its tag NADIR_HARMONISED=1 says that nothing is to be done.

    Args:
        path: the file.
        sensor: whose bands are known; None: no sensor's.
        bands: which to read, in order; None: all but `left_out`.
        band_order: names by position, for files that do not name their bands.
        scale, offset: harmonised = scale x number in the file + offset, where the file says nothing.
        nodata: number that means no data beside what the file declares: in any band of a file of whole numbers, in all
            bands of one of floats. None: there is no other.
        left_out: bands that are no measurement, e.g. masks; read only when asked for.
        facts: of the file, where they have been read before.

    Attributes:
        rescaled: whether the numbers are other than in the file.

    Raises:
        UserError: the file cannot be read, or lacks a band.
    """

    def __init__(
        self,
        path: Path,
        *,
        sensor: Sensor | None = None,
        bands: Sequence[str] | None = None,
        band_order: Sequence[str] | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
        nodata: float | None = 0,
        left_out: Collection[str] = (),
        facts: RasterFacts | None = None,
    ) -> None:
        facts = read_facts(path) if facts is None else facts
        info, tags = facts.info, facts.tags
        found = names_by_position(facts.described, sensor, band_order, str(path))
        wanted = tuple(name for name in found if name not in left_out) if bands is None else tuple(bands)
        chosen = positions(wanted, found, str(path))
        self.raster = RasterFile.of(info.select(tuple(info.indexes[number] for number in chosen)))
        harmonised_already = tags.get(HARMONISED_TAG) == "1"
        self.nodata = None if harmonised_already and info.nodata is not None else nodata
        terms = []
        for number in chosen:
            if facts.scales[number] not in (0, 1):
                terms.append((facts.scales[number] * REFLECTANCE, facts.offsets[number] * REFLECTANCE))
            elif facts.offsets[number]:
                terms.append((1.0, facts.offsets[number]))
            else:
                terms.append((1.0, 0.0) if harmonised_already else (float(scale), float(offset)))
        self.scales, self.offsets = (np.array(values)[:, None, None] for values in zip(*terms, strict=True))
        self.rescaled = any(term != (1.0, 0.0) for term in terms)
        # A scale of 1e-4 leaves numbers as they are; its rounding must not.
        self.scales = np.where(
            np.isclose(self.scales, np.round(self.scales), rtol=1e-7), np.round(self.scales), self.scales
        )
        super().__init__(
            path,
            stem_of(path),
            Grid(info.height, info.width, info.crs or "", info.transform),
            wanted,
            key=key_of_path(path) or key_of(tags.get(KEY_TAG, "")),
            tags={name: text for name, text in tags.items() if name not in _OF_THE_FILE},
            synthetic=tags.get(SYNTHETIC_TAG) == "1",
        )

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Scene.read`."""
        stored, known = self.raster.read_masked(window)
        declared = self.raster.info.nodata
        if declared is not None and stored.dtype.kind != "f":
            known = known & ~(stored == declared).any(0)
        pixels, valid = harmonised(stored, self.scales, self.offsets, self.nodata)
        pixels[:, ~known] = 0
        return pixels, valid & known
