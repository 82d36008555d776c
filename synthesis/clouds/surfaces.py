"""Clear images to lay clouds over: tiles cut on the fly from whatever lies in a folder."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from errors import UserError
from products.grid import Grid
from products.image_folder import find_images
from products.patch_raster import part_of
from products.raster_header import UnreadableImage
from products.scene_reader import Images, SceneReader
from products.window import Window
from synthesis.clouds.surface import PICTURE, PictureSurface, SceneSurface, Surface, is_picture

LOG = logging.getLogger(__name__)
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".jp2")
_SHOWN = 3  # files that a message names
_EXPECTED = "expected images without clouds: PNG, JPEG, GeoTIFF, .npz or SAFE products"


class SurfaceTile(NamedTuple):
    """A window of a clear image.

    Attributes:
        pixels: (C, h, w) uint8 (a picture's own numbers) or uint16 (reflectance x 10 000, at least 1).
        valid: (h, w) bool.
        source: name of the file, relative to what the user named.
        window: of it.
        grid: of the tile.
        pixel_m: side of its pixels in metres; None where nothing says.
    """

    pixels: np.ndarray
    valid: np.ndarray
    source: str
    window: Window
    grid: Grid
    pixel_m: float | None


class Surfaces:
    """Clear images of the same bands, from which tiles are drawn.

    Files that cannot be read, and those that are smaller than a tile, are left out with a warning.

    Args:
        images: files and folders.
        scenes: makes what opens images that are no pictures of 8 bits, of `scale`.
        height, width: of a tile, pixels.
        bands: which, in order; None: all.
        min_valid: part of a tile's pixels that must have data.
        attempts: windows that are tried for one tile.
        black_is_data: whether pixels of 8-bit pictures whose bands are all 0 have data.

    Attributes:
        bands: names.
        eight_bit: whether all are pictures of 8 bits.

    Raises:
        UserError: nothing there that can be read, all of it smaller than a tile, or of different kinds.
    """

    def __init__(
        self,
        images: Images,
        scenes: Callable[..., SceneReader],
        height: int,
        width: int,
        *,
        bands: Sequence[str] | None = None,
        min_valid: float = 1.0,
        attempts: int = 200,
        black_is_data: bool = False,
    ) -> None:
        self.height, self.width = height, width
        self.min_valid, self.attempts = float(min_valid), int(attempts)
        if not 0 < self.min_valid <= 1 or self.attempts < 1:
            raise UserError(
                f"generator: found min_valid={min_valid} and attempts={attempts}, "
                "expected more than 0 and at most 1, and at least 1"
            )
        self._surfaces = self._opened(images, scenes, bands, black_is_data)
        first = self._surfaces[0]
        for other in self._surfaces[1:]:
            if other.kind != first.kind or other.bands != first.bands:
                raise UserError(
                    f"generator.surfaces: found {first.name} ({first}) and {other.name} ({other}), "
                    "expected images of one kind with the same bands: generator.bands=[...] chooses some"
                )
        self.bands, self.eight_bit = first.bands, first.kind == PICTURE
        self._lock = threading.Lock()  # scenes of products keep files open

    def __len__(self) -> int:
        return len(self._surfaces)

    def fingerprint(self) -> list[list[object]]:
        """Name and size in bytes of each file that tiles are drawn from."""
        return [
            [each.name, each.path.stat().st_size if each.path.is_file() else 0] for each in self._surfaces
        ]

    def draw(self, generator: np.random.Generator) -> SurfaceTile:
        """A tile at a random place of a random file; a function of the generator's state and the files.

        Raises:
            UserError: too many windows lack data, or a file is damaged.
        """
        best = 0.0
        for _ in range(self.attempts):
            surface = self._surfaces[int(generator.integers(len(self._surfaces)))]
            height, width = surface.grid.shape
            row = int(generator.integers(height - self.height + 1))
            column = int(generator.integers(width - self.width + 1))
            window = Window(row, column, self.height, self.width)
            if surface.kind == PICTURE:
                pixels, valid = surface.read(window)
            else:
                with self._lock:
                    pixels, valid = surface.read(window)
            share = float(valid.mean())
            if share >= self.min_valid:
                return SurfaceTile(
                    pixels, valid, surface.name, window, part_of(surface.grid, window), surface.pixel_m()
                )
            best = max(best, share)
        raise UserError(
            f"generator.surfaces: found no window of {self.height} x {self.width} pixels with data in "
            f"{self.min_valid:.0%} of them in {self.attempts} attempts (the best had {best:.1%}); expected images with "
            "less nodata, or a smaller generator.min_valid"
        )

    def _opened(
        self,
        images: Images,
        scenes: Callable[..., SceneReader],
        bands: Sequence[str] | None,
        black_is_data: bool,
    ) -> list[Surface]:
        kept: list[Surface] = []
        broken: list[str] = []
        small: list[str] = []
        whole, fractions = scenes(bands=bands), scenes(bands=bands, scale=10_000)  # floats are reflectance
        for name, path in find_surfaces(images, whole):
            try:
                surface: Surface
                if is_picture(path):
                    surface = PictureSurface(path, name, bands, whole.band_order, black_is_data)
                else:
                    surface = SceneSurface(path, name, whole, fractions)
            except (UserError, UnreadableImage) as error:
                broken.append(str(error))
                continue
            height, width = surface.grid.shape
            if height < self.height or width < self.width:
                small.append(f"{path} ({height} x {width})")
                continue
            kept.append(surface)
        if not kept and small:
            raise UserError(
                f"generator.surfaces: found {_some(small)}, expected at least {self.height} x {self.width} pixels, "
                "the size of the masks"
            )
        if not kept:
            raise UserError(f"generator.surfaces={images}: found {_some(broken)}, {_EXPECTED}")
        if broken:
            LOG.warning("%d surfaces cannot be read and are left out: %s", len(broken), _some(broken))
        if small:
            LOG.warning(
                "%d surfaces are smaller than %d x %d pixels and are left out: %s",
                len(small), self.height, self.width, _some(small),
            )  # fmt: skip
        return kept


def find_surfaces(images: Images, reader: SceneReader) -> list[tuple[str, Path]]:
    """Name and path of each image in what a user names, in the order given and by name.

    Raises:
        UserError: there is nothing.
    """
    found: dict[Path, str] = {}
    for item in [images] if isinstance(images, str | Path) else list(images):
        root = Path(item)
        if not root.exists():
            raise UserError(f"generator.surfaces={root}: there is no such file or folder, {_EXPECTED}")
        if root.is_file() and root.suffix.lower() in PICTURE_SUFFIXES:
            found.setdefault(root, root.name)
            continue
        try:
            scenes = reader.find(root)
        except UserError:
            scenes = []  # there may be pictures
        folders = {scene for scene in scenes if scene.is_dir()}
        pictures = []
        if root.is_dir() and root not in folders:
            paths = [root / name for name in find_images(root)]
            pictures = [
                path
                for path in paths
                if path.suffix.lower() in PICTURE_SUFFIXES and folders.isdisjoint(path.parents)
            ]
        for path in sorted({*scenes, *pictures}):
            name = path.relative_to(root).as_posix() if root in path.parents else path.name
            found.setdefault(path, name)
    if not found:
        raise UserError(f"generator.surfaces={images}: found no image, {_EXPECTED}")
    return [(name, path) for path, name in found.items()]


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more
