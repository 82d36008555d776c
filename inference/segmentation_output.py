"""The files of a segmentation: classes, and beside them probabilities and uncertainty."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inference import raster_output
from inference.segmentation_maps import SegmentationMaps
from inference.segmentation_views import Channels
from inference.sinks import RasterSink
from inference.sources import RasterMetadata
from networks.segmenter import Segmenter
from products.class_raster import ClassRasterWriter
from products.class_table import ClassTable
from products.grid import Grid
from products.scene import Scene

_BLOCK = 256  # pixels a side, of the files as they are written
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_UNITS = {
    "entropy": "entropy of the probabilities (nats)",
    "mc_dropout": "mutual information over draws of dropout (nats)",
    "test_time": "standard deviation of the probabilities over windows and orientations",
}


class SegmentationFiles:
    """Writes the maps of a scene; all files appear, or none.

    Args:
        output: the map of classes; `<stem>_probabilities` and `<stem>_uncertainty` of the same suffix lie beside it.
        grid: of the scene.
        classes: gives palette and names.
        channels: what the maps follow from.
        tags: text metadata.
        probabilities: whether to write them.
        driver: of GDAL, or `npz`; None: COG, unless the suffix of `output` says something else.
        driver_options: creation options of a driver other than GTiff and npz.
    """

    def __init__(
        self,
        output: Path,
        grid: Grid,
        classes: ClassTable,
        channels: Channels,
        tags: Mapping[str, str],
        *,
        probabilities: bool = False,
        driver: str | None = None,
        driver_options: Mapping[str, Any] | None = None,
    ) -> None:
        if driver is None and raster_output.driver_of(output, None) == "GTiff":
            driver = "COG"
        self.driver = raster_output.driver_of(output, driver)
        self.output = raster_output.data_path(output, self.driver)
        self.grid, self.classes, self.channels = grid, classes, channels
        self.tags, self.options = dict(tags), dict(driver_options or {})
        self.probabilities = probabilities

    @contextmanager
    def open(self) -> Iterator[SegmentationMaps]:
        """A sink for the means; the files are complete when the context ends without an exception.

        Raises:
            UserError: the files cannot be written.
        """
        uncertain = self.channels.uncertainty
        with raster_output.StagedOutput(self.output) as folder:
            bands: dict[str, tuple[str, ...]] = {self.output.name: ("class",)}
            raster_output.check_driver(self.driver, folder, self.output.name, 1, "uint8", self.options)
            with ExitStack() as stack:
                writer = ClassRasterWriter(folder / "classes.part", self.grid, self.classes, self.tags)
                parts: list[tuple[Path, str]] = [(folder / "classes.part", self.output.name)]
                sinks: dict[str, RasterSink] = {}
                for kind, names in (
                    ("probabilities", self.classes.names if self.probabilities else ()),
                    ("uncertainty", (_UNITS[uncertain],) if uncertain != "none" else ()),
                ):
                    if names:
                        name = f"{self.output.stem}_{kind}{self.output.suffix}"
                        bands[name] = names
                        raster_output.check_driver(
                            self.driver, folder, name, len(names), "float32", self.options
                        )
                        parts.append((folder / f"{kind}.part", name))
                        sinks[kind] = stack.enter_context(self._sink(folder / f"{kind}.part", names))
                yield SegmentationMaps(
                    self.grid.shape,
                    self.channels,
                    stack.enter_context(writer),
                    sinks.get("probabilities"),
                    sinks.get("uncertainty"),
                )
            for part, name in parts:
                self._convert(part, folder / name, bands[name])

    def _sink(self, path: Path, names: Sequence[str]) -> RasterSink:
        grid = self.grid
        metadata = RasterMetadata(
            "float32", float("nan"), grid.crs, grid.transform or _IDENTITY, tuple(names)
        )
        return RasterSink(path, (len(names), *grid.shape), metadata, _BLOCK, self.tags)

    def _convert(self, part: Path, target: Path, names: Sequence[str]) -> None:
        if self.driver == "GTiff":
            part.replace(target)
        elif self.driver == raster_output.ARCHIVE:
            raster_output.write_archive(part, target, [_variable(name) for name in names])
        else:
            options = self.options
            if self.driver == "COG" and names == ("class",):
                # A mean of class numbers would be another class.
                options = {"RESAMPLING": "NEAREST", "OVERVIEW_RESAMPLING": "NEAREST", **options}
            raster_output.convert(part, target, self.driver, options)


def provenance(
    scene: Scene, networks: Sequence[Segmenter], auxiliary: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, str]:
    """Tags that say what was made from what, by which networks and how.

    Args:
        scene: what is segmented.
        networks: by which.
        auxiliary: files of auxiliary layers by name; null ones are left out.
        facts: what else is worth knowing, by name.
    """
    layers = {name: Path(str(path)).name for name, path in auxiliary.items() if path is not None}
    tags = {
        **scene.tags,
        "NADIR_VERSION": version("nadir"),
        "NADIR_SCENE": scene.name,
        "NADIR_BANDS": ",".join(scene.bands),
        **{f"NADIR_{name.upper()}": str(value) for name, value in facts.items()},
    }
    if scene.key is not None:
        tags["NADIR_SCENE_KEY"] = str(scene.key)
    if layers:
        tags["NADIR_AUXILIARY"] = json.dumps(layers)
    if scene.synthetic:
        tags["NADIR_SYNTHETIC"] = "1"
    for number, network in enumerate(networks, start=1):
        tags[f"NADIR_NETWORK_{number}" if len(networks) > 1 else "NADIR_NETWORK"] = json.dumps(
            network.description()
        )
    return tags


def _variable(name: str) -> str:
    """A name for an array in an archive."""
    return name.split(" (", maxsplit=1)[0].replace(" ", "_")
