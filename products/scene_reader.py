"""Whatever holds a scene, opened as one: SAFE products, GeoTIFFs, exports of Earth Engine, `.npz` archives."""

import copy
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from products.archive_scene import ArchiveScene
from products.archives import archive_kind
from products.auxiliary_layer import AuxiliaryLayer, LayerFacts
from products.auxiliary_scene import AuxiliaryScene
from products.earth_engine_scene import EarthEngineScene, Recognition, border_of_export
from products.npz_member import is_npz
from products.product_scene import ProductScene, restricted
from products.raster_facts import read_facts
from products.raster_handles import driver_of
from products.raster_scene import RasterScene
from products.scene import Scene
from products.scene_files import find_scenes
from products.scene_names import stem_of
from products.sensor import Sensor
from products.window import Window

LOG = logging.getLogger(__name__)
_SAMPLE = 64  # pixels a side that are looked at
_LARGEST_REFLECTANCE = 3.0  # clouds in low sun pass 1
_RECOGNITION: dict[str | bool, Recognition] = {
    "auto": "auto",
    True: "always",
    False: "never",
    "always": "always",
    "never": "never",
}
Images = str | Path | Sequence[str | Path]


class SceneReader:
    """Finds and opens scenes; holds no open file, so it is cheap to make and can be pickled.

    Args:
        resolution_m: grid of scenes made of products; rasters and arrays stay on their own.
        bands: which to read, in order; None: all that a scene has, then the layers of `auxiliary`.
        sensor: its readers open products, its names are those of the bands; None: rasters and arrays only.
        band_order: names by position of the bands of files that do not name them.
        scale, offset: harmonised = scale x number in the file + offset, for rasters and arrays that do not say otherwise
            (reflectance from 0 to 1: scale 10000).
        nodata: number that means no data in rasters and arrays, beside what a file declares: in any band of whole numbers,
            in all bands of floats; None: there is no other.
        earth_engine: `auto`, or whether rasters of 13 and 14 bands are exports of Earth Engine with a border (true, false).
        tile_m: side of a tile in exports of Earth Engine.
        left_out: bands of rasters that are read only when they are asked for.
        auxiliary: files of layers by name; `{tile}` stands for the scene's tile (T32TNS), `{mgrs}` for the same without T,
            `{scene}` for its name. None: no such layer.
        auxiliary_layers: what is known of layers by name (`conf/auxiliary_layers/`).
    """

    def __init__(
        self,
        *,
        resolution_m: int = 10,
        bands: Sequence[str] | None = None,
        sensor: Sensor | None = None,
        band_order: Sequence[str] | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
        nodata: float | None = 0,
        earth_engine: str | bool = "auto",
        tile_m: float = 109_800,
        left_out: Sequence[str] = ("QA10", "QA20", "QA60", "SCL"),
        auxiliary: Mapping[str, str | Path | None] | None = None,
        auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        if earth_engine not in _RECOGNITION:
            raise UserError(f"scenes.earth_engine: found {earth_engine}, expected auto, true or false")
        if resolution_m < 1:
            raise UserError(f"scenes.resolution_m: found {resolution_m}, expected at least 1")
        self.resolution_m, self.sensor = int(resolution_m), sensor
        self.bands = None if bands is None else tuple(bands)
        self.band_order = None if band_order is None else tuple(band_order)
        self.scale, self.offset, self.nodata = float(scale), float(offset), nodata
        self.earth_engine, self.tile_m = _RECOGNITION[earth_engine], float(tile_m)
        self.left_out = tuple(left_out)
        self._checked = False
        self.auxiliary = {name: str(path) for name, path in (auxiliary or {}).items() if path is not None}
        self.auxiliary_layers = {
            name: LayerFacts.of(name, facts) for name, facts in (auxiliary_layers or {}).items()
        }

    def with_auxiliary(self, auxiliary: Mapping[str, str | Path | None]) -> "SceneReader":
        """The same reader with other files of layers; those that are not named, or None, stay."""
        other = copy.copy(self)
        given = {name: str(path) for name, path in auxiliary.items() if path is not None}
        other.auxiliary = {**self.auxiliary, **given}
        return other

    def find(self, images: Images) -> list[Path]:
        """Files and folders of scenes in what a user names; see `products.scene_files.find_scenes`."""
        return find_scenes(images, self.sensor)

    def open(self, path: str | Path, bands: Sequence[str] | None = None) -> Scene:
        """Open a scene.

        Args:
            path: SAFE folder or archive, or any other product of the sensor; raster; `.npz` with `img` (H, W, C).
            bands: which to read, in order, layers among them; None: `bands` of the config.

        Raises:
            UserError: nothing that can be opened, a band is missing, or a layer does not cover the scene.
        """
        path = Path(path)
        wanted = self.bands if bands is None else tuple(bands)
        if not path.exists():
            raise UserError(f"{path}: there is no such file or folder, expected a scene")
        own = None if wanted is None else tuple(name for name in wanted if name not in self.auxiliary)
        scene = self._open(path, own)
        self._check_numbers(scene)
        names = [name for name in self.auxiliary if wanted is None or name in wanted]
        if not names:
            return scene
        layers = [AuxiliaryLayer(self._layer_path(name, scene), name, self._facts(name)) for name in names]
        return AuxiliaryScene(scene, layers, wanted)

    def _open(self, path: Path, bands: tuple[str, ...] | None) -> Scene:
        lacking = [name for name in bands or () if name in self.auxiliary_layers]
        try:
            if path.is_dir() or _is_document_or_archive(path):
                return self._open_product(path, bands)
            options: dict[str, Any] = {
                "sensor": self.sensor, "bands": bands, "scale": self.scale, "offset": self.offset, "nodata": self.nodata,
            }  # fmt: skip
            if is_npz(path):
                return ArchiveScene(path, band_order=self.band_order, **options)
            facts = read_facts(path)
            options |= {"left_out": self.left_out, "facts": facts}
            place: dict[str, Any] = {"tile_m": self.tile_m, "resolution_m": self.resolution_m}
            border = border_of_export(facts, self.earth_engine, by_names=self.band_order is not None, **place)
            if border is not None:
                return EarthEngineScene(path, border=border, **place, **options)
            return RasterScene(path, band_order=self.band_order, **options)
        except UserError as error:
            if not lacking:
                raise
            keys = " ".join(f"auxiliary.{name}=FILE" for name in lacking)
            raise UserError(f"{error} (of these {', '.join(lacking)} can be given by {keys})") from error

    def _open_product(self, path: Path, bands: tuple[str, ...] | None) -> Scene:
        if self.sensor is None:
            raise UserError(
                f"{path}: found a folder or archive, expected a raster or .npz: no sensor is configured"
            )
        wanted = tuple(self.sensor.bands) if bands is None else bands
        missing = [name for name in wanted if name not in self.sensor.bands]
        if missing or not wanted:
            raise UserError(
                f"{path}: found a product of {self.sensor.name} with {', '.join(self.sensor.bands)}, "
                f"expected {', '.join(missing) or 'at least one band'} among them"
            )
        sensor = self.sensor if bands is None else restricted(self.sensor, wanted)
        return ProductScene(sensor.open(path), wanted, self.resolution_m)

    def _check_numbers(self, scene: Scene) -> None:
        """Warn once of floats that look like reflectance from 0 to 1 but are taken as they are."""
        taken_as_is = isinstance(scene, ArchiveScene | RasterScene) and not scene.rescaled
        if self._checked or not taken_as_is:
            return
        self._checked = True
        height, width = scene.grid.shape
        middle = Window(height // 2 - _SAMPLE // 2, width // 2 - _SAMPLE // 2, _SAMPLE, _SAMPLE).clip(
            height, width
        )
        pixels, valid = scene.read(middle)
        if valid.any() and 0 < pixels.max() <= _LARGEST_REFLECTANCE:
            LOG.warning(
                "%s holds numbers up to %.3g, which look like reflectance: scenes.scale=10000 makes digital numbers of them",
                scene.path, pixels.max(),
            )  # fmt: skip

    def _facts(self, name: str) -> LayerFacts:
        if self.auxiliary_layers and name not in self.auxiliary_layers:
            raise UserError(
                f"auxiliary.{name}: found no such layer in auxiliary_layers, "
                f"expected one of {', '.join(self.auxiliary_layers)}"
            )
        return self.auxiliary_layers.get(name, LayerFacts())

    def _layer_path(self, name: str, scene: Scene) -> Path:
        text = self.auxiliary[name]
        tile = scene.key.tile if scene.key else ""
        if not tile and ("{tile}" in text or "{mgrs}" in text):
            raise UserError(
                f"auxiliary.{name}={text}: found no tile in the name of {scene.path}, expected one"
            )
        for mark, value in (("{tile}", tile), ("{mgrs}", tile[1:]), ("{scene}", stem_of(scene.path))):
            text = text.replace(mark, value)
        return Path(text)


def _is_document_or_archive(path: Path) -> bool:
    """Whether a file is what products come in: an archive, or their metadata."""
    if archive_kind(path) is not None:
        return not is_npz(path)
    with path.open("rb") as file:
        head = file.read(64)
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") and driver_of(head) is None
