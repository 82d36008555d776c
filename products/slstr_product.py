"""An opened SLSTR Level-1 product (SL_1_RBT).

Radiances and brightness temperatures on their own grids, reflectance, flags by bit name, cloud masks, geolocation.
Files are opened when something of them is asked for, so products with some files missing serve what they can.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType

import numpy as np

from errors import UserError
from products.product import Geolocation
from products.slstr_facts import SlstrBand, SlstrFacts
from products.slstr_files import MANIFEST, SlstrFiles, decoded
from products.slstr_flags import SlstrFlags
from products.slstr_grid import SlstrGrid
from products.slstr_grids import SlstrGrids
from products.slstr_manifest import SlstrManifest, read_manifest
from products.slstr_masks import SlstrMasks
from products.slstr_names import other_type, read_name
from products.slstr_positions import positions
from products.slstr_sun import SlstrSun
from products.window import Window

LOG = logging.getLogger(__name__)


class SlstrProduct:
    """A product; a context manager that forgets what it read. Can be pickled: it holds no open file.

    Args:
        files: of the product.
        facts: of the instrument.

    Attributes:
        path: the folder or archive.
        name: the product's name without `.SEN3`.
        platform: "S3A", "S3B", ...; "" where nothing says.
        start: of sensing (UTC); None where nothing says.
        collection: three digits; "" where the name has none.

    Raises:
        UserError: the product is of another type.
    """

    def __init__(self, files: SlstrFiles, facts: SlstrFacts) -> None:
        self.files, self.facts, self.path = files, facts, files.path
        self._grids = SlstrGrids(files, facts)
        self._sun = SlstrSun(files, self._grids, facts.night_zenith_deg, facts.tie_point_reach)
        self._masks = SlstrMasks(files, self._grids, facts)
        self.name, self.platform, self.collection = files.folder.removesuffix(".SEN3"), "", ""
        self.start: datetime | None = None
        self._read_name(files.folder)

    def _read_name(self, folder: str) -> None:
        for text in (lambda: folder, lambda: Path(self.manifest.name).name):
            if wrong := other_type(text()):
                raise UserError(f"{self.path}: found a product of type {wrong}, expected SL_1_RBT")
            if said := read_name(text()):
                self.name, self.platform, self.collection = said.name, said.platform, said.collection
                self.start = said.start
                return

    @cached_property
    def manifest(self) -> SlstrManifest:
        """What `xfdumanifest.xml` says; all unknown where there is none.

        Raises:
            UserError: it is no XML.
        """
        if MANIFEST not in self.files.names:
            return SlstrManifest()
        return read_manifest(self.files.document(MANIFEST), self.files.label(MANIFEST))

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands whose files are there on any grid, in the config's order."""
        known = self.facts.bands.values()
        return tuple(b.name for b in known if any(b.file(grid) in self.files.names for grid in b.grids))

    def grid(self, suffix: str) -> SlstrGrid:
        """A grid by its suffix, e.g. "an" (500 m, stripe A, nadir), "in" (1 km, nadir), "tx" (tie points).

        Raises:
            UserError: no file of the product is on it, or none can be read.
        """
        return self._grids.grid(suffix)

    def radiance(self, band: str, window: Window | None = None, grid: str | None = None) -> np.ndarray:
        """Radiance at the top of the atmosphere, (h, w) float32, mW m-2 sr-1 nm-1, NaN where unfilled.

        Args:
            band: S1 ... S6.
            window: part of the grid; None: all.
            grid: suffix; None: the first of the band's grids that the product has.

        Raises:
            UserError: the band has no radiance, or its file is missing, damaged, or of another size than the grid.
            ValueError: the window is not inside of the grid.
        """
        facts, suffix = self._band(band, "radiance", grid)
        values = self._measured(facts, suffix, window)
        if facts.radiance_factor != 1:
            values *= np.float32(facts.radiance_factor)
        return values

    def reflectance(self, band: str, window: Window | None = None, grid: str | None = None) -> np.ndarray:
        """Reflectance at the top of the atmosphere, pi L / (E0 cos(sun zenith)), (h, w) float32, mostly 0..1.

        NaN where unfilled and at night (`night_zenith_deg`). Arguments and errors: see `radiance`; `geometry_tn.nc`
        (`geometry_to.nc` for the oblique view) is needed too.
        """
        _, suffix = self._band(band, "radiance", grid)
        values = self.radiance(band, window, suffix)
        values *= np.float32(np.pi / self.solar_irradiance(band, suffix))
        values /= self._sun.day_cosine(suffix, window)
        return values

    def brightness_temperature(
        self, band: str, window: Window | None = None, grid: str | None = None
    ) -> np.ndarray:
        """Brightness temperature of S7, S8, S9, F1 or F2 in K, (h, w) float32, NaN where unfilled; see `radiance`."""
        return self._measured(*self._band(band, "BT", grid), window)

    def solar_irradiance(self, band: str, grid: str | None = None) -> float:
        """E0 of a band (mW m-2 nm-1), the mean of its detectors; the config's where the product does not say.

        Raises:
            UserError: neither says.
        """
        facts, suffix = self._band(band, "radiance", grid)
        file, variable = f"{band}_quality_{suffix}.nc", f"{band}_solar_irradiance_{suffix}"
        if file in self.files.names:
            values = decoded(self.files.read(file, variable), np.float64)
            values = values[np.isfinite(values) & (values > 0)]
            if values.size:
                return float(values.mean())
        if facts.solar_irradiance is None:
            raise UserError(f"{self.path}: found no solar irradiance of {band}, expected it in {file}")
        LOG.warning("%s: no solar irradiance of %s (%s); that of the config is taken", self.name, band, file)
        return float(facts.solar_irradiance)

    def sun_zenith(self, grid: str = "an", window: Window | None = None) -> np.ndarray:
        """Sun zenith in degrees, (h, w) float32, NaN where the tie points do not say; see `SlstrSun`.

        Raises:
            UserError: `geometry_tn.nc` (`geometry_to.nc`) is missing or damaged.
        """
        degrees: np.ndarray = np.degrees(np.arccos(np.clip(self._sun.cosine(grid, window), -1, 1)))
        return degrees

    def day(self, grid: str = "an") -> np.ndarray:
        """(rows, columns) bool: the sun is high enough for reflectance; by flags where the product has no zenith."""
        if self._sun.is_known(grid):
            return np.isfinite(self._sun.day_cosine(grid))
        return self._masks.confidence(self.facts.day_flags, grid, otherwise=False)

    def geolocation(self, grid: str = "an") -> Geolocation:
        """Longitude and latitude of a grid's pixels, (rows, columns) float64 degrees (WGS 84), NaN where unknown.

        Raises:
            UserError: the product has positions neither of the grid nor of tie points.
        """
        return positions(self.files, self._grids, grid, self.facts.tie_point_reach)

    def flags(self, name: str, grid: str = "an") -> SlstrFlags:
        """A flag variable on a grid: "confidence", "cloud", "bayes", "pointing", or of a band "S1_exception".

        Raises:
            UserError: the file is missing or damaged, has no such variable, or is of another size than the grid.
        """
        return self._masks.flags(name, grid)

    def cloud_mask(self, bits: str | Sequence[str] = "summary", grid: str = "an") -> np.ndarray:
        """Where there is cloud, (rows, columns) bool on `grid`; False where nothing is known.

        Flags of that grid are taken where the product has them, else those of the 1 km grid of the same view, whose
        pixels are laid over it by the grids' offsets and pixel sizes.

        Args:
            bits: "summary", "bayes" or another mask of the config, or names of flags, any of which means cloud.
            grid: suffix.

        Raises:
            UserError: a flag is not known, its file is missing or damaged, or the flags were not populated.
        """
        return self._masks.cloud(bits, grid)

    def cloud_mask_known(self, bits: str | Sequence[str] = "summary", grid: str = "an") -> np.ndarray:
        """Where `cloud_mask` says something, (rows, columns) bool: covered by the flags and populated."""
        return self._masks.known(bits, grid)

    def valid(self, grid: str = "an") -> np.ndarray:
        """(rows, columns) bool: none of the config's `invalid_flags` holds (pixels that were never filled)."""
        return ~self._masks.confidence(self.facts.invalid_flags, grid, otherwise=True)

    def close(self) -> None:
        """Forget what was read; reading gets it again."""
        self._masks.close()
        self._sun.close()
        self.files.release()

    def __enter__(self) -> "SlstrProduct":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _band(self, name: str, quantity: str, grid: str | None) -> tuple[SlstrBand, str]:
        """A band and the grid that is asked for, or the first that the product has; the file is there."""
        known = [band.name for band in self.facts.bands.values() if band.quantity == quantity]
        if name not in known:
            raise UserError(
                f"band {name}: found no {quantity} of that name, expected one of {', '.join(known)}"
            )
        band = self.facts.bands[name]
        wanted = list(band.grids) if grid is None else [grid]
        for suffix in wanted:
            if band.file(suffix) in self.files.names:
                return band, suffix
        self.files.require(band.file(wanted[0]), f"the {quantity} of {name}")
        raise AssertionError("not reached: the file is not there")

    def _measured(self, band: SlstrBand, grid: str, window: Window | None) -> np.ndarray:
        file, variable = band.file(grid), f"{band.name}_{band.quantity}_{grid}"
        shape = self.grid(grid).shape
        if window is not None and window.clip(*shape) != window:
            raise ValueError(f"{window} is not inside of the grid '{grid}' with {shape} pixels")
        stored = self.files.read(file, variable, window)
        self._grids.check(file, stored.shape, grid)
        return decoded(stored, np.float32)
