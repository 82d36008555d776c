"""Segment whole scenes of any size with trained networks: a map of classes, probabilities, uncertainty."""

import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rasterio.errors import NotGeoreferencedWarning

from errors import UserError
from inference.blend import blend as blend_windows
from inference.blend_grid import BORDERS
from inference.block_cache import block_cache
from inference.orientations import ORIENTATIONS
from inference.segmentation_output import SegmentationFiles, provenance
from inference.segmentation_views import (
    AVERAGES,
    PRECISIONS,
    UNCERTAINTIES,
    Channels,
    SegmentationViews,
    samples_dropout,
)
from networks.segmenter import Segmenter
from products.class_table import IGNORE, ClassTable
from products.scene import Scene
from products.scene_names import stem_of
from products.window import Window

BLENDS = ("spline", "published")
_SUFFIXES = (".tif", ".tiff", ".npz")  # of names that nobody gives to a folder
_MULTIPLE = 16  # pixels: of windows and steps, so that blocks of files are no smaller


class Scenes(Protocol):
    """What finds and opens scenes; `products.scene_reader.SceneReader` is one."""

    def find(self, images: str | Path) -> list[Path]:
        """The scenes that a path means: a file, a product, a folder of them, an index."""

    def open(self, path: Path, bands: Sequence[str] | None = None) -> Scene:
        """A scene with exactly these bands, auxiliary layers among them, in this order."""

    def with_auxiliary(self, files: Mapping[str, str | Path | None]) -> "Scenes":
        """The same with other files of auxiliary layers."""


@dataclass(frozen=True)
class Blending:
    """How windows lie and what is averaged over them.

    Attributes:
        window_size: pixels a side.
        overlap: share of a window that the next one covers too.
        border: one of `inference.blend_grid.BORDERS`.
        orientations: 1 or 8.
        average: one of `inference.segmentation_views.AVERAGES`.
    """

    window_size: int
    overlap: float
    border: str
    orientations: int
    average: str


PUBLISHED = Blending(512, 0.5, "reflect", 8, "logits")  # of Nimbus, `segment.py`


class SceneSource:
    """A scene as an array (C + 1, H, W) float32, whose last band is 1 where there are data and 0 where not."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        bands, height, width = self.scene.shape
        return bands + 1, height, width

    def read(self, window: Window) -> np.ndarray:
        """The cells of a window, (C + 1, window.height, window.width)."""
        pixels, valid = self.scene.read(window)
        cells = np.empty((len(pixels) + 1, *valid.shape), np.float32)
        cells[:-1], cells[-1] = pixels, valid
        return cells


def segment(
    network: Segmenter | Sequence[Segmenter],
    specification: Any,
    input: str | Path,
    output: str | Path,
    *,
    scenes: Scenes,
    classes: ClassTable | None,
    auxiliary: Mapping[str, str | Path | None] | None = None,
    blend: str = "spline",
    window_size: int = 512,
    overlap: float = 0.5,
    border: str = "reflect",
    orientations: int = 1,
    average: str = "probabilities",
    probabilities: bool = False,
    uncertainty: str = "none",
    mc_samples: int = 16,
    seed: int = 0,
    batch_size: int = 1,
    precision: str = "float32",
    device: str = "cpu",
    driver: str | None = None,
    driver_options: Mapping[str, Any] | None = None,
    cache_megabytes: int = 256,
    prefetch: bool = True,
    progress: bool = True,
) -> dict[str, Any]:
    """Segment a scene, or all scenes of a folder, in memory that one row of windows needs.

    Args:
        network: ready to predict; several of the same classes are averaged. They are moved to `device`.
        specification: not used; scenes say what their pixels mean.
        input: whatever `scenes` finds scenes in.
        output: the map of classes; a folder that is there, or of several scenes any, gets `<scene>.tif`. What belongs
            to a scene appears when all of it is whole.
        scenes: finds and opens scenes.
        classes: what the network's classes look like in a file.
        auxiliary: files of auxiliary layers by name, instead of those that `scenes` knows; null ones are left out.
        blend: `spline`, or `published`: as Nimbus does it, whatever the next five arguments say.
        window_size: pixels a side, a multiple of 16.
        overlap: share of a window, on each axis, that the next one covers too; windows step by multiples of 16.
        border: `reflect` or `inside`, see `inference.blend.blend`.
        orientations: 1, or 8: the mean over all flips and rotations.
        average: `probabilities` or `logits`.
        probabilities: write them too.
        uncertainty: `none`, `entropy`, `mc_dropout` or `test_time`, see `inference.segmentation_views.Channels.doubt`.
        mc_samples: draws of dropout for `mc_dropout`, each a forward pass more.
        seed: of these draws.
        batch_size: windows that the network gets at once.
        precision: what convolutions compute in, `float32` or `bfloat16`.
        device: where the networks run, e.g. "cpu" or "cuda".
        driver: of GDAL, or `npz`; None: by the suffix of `output`, COG for GeoTIFFs.
        driver_options: creation options of a driver other than GTiff and npz.
        cache_megabytes: decoded blocks of files kept for the windows that share them.
        prefetch: whether to read the next windows while some are computed.
        progress: whether to show a progress bar on standard error.

    Returns:
        rows, columns, windows, seconds, nodata (share of the pixels), and by class its share of the others; of several
        scenes their number instead of rows and columns.

    Raises:
        UserError: an impossible argument, scenes without a band, networks and classes that do not belong together, a
            file that cannot be read or written.
    """
    start = time.perf_counter()
    members = [network] if isinstance(network, Segmenter) else list(network)
    table = _checked_table(members, classes)
    blending = Blending(window_size, overlap, border, orientations, average)
    if blend == "published":
        blending = PUBLISHED
    _check(
        blending, blend=blend, uncertainty=uncertainty, mc_samples=mc_samples, batch_size=batch_size,
        precision=precision,
    )  # fmt: skip
    if uncertainty == "mc_dropout" and not all(samples_dropout(member) for member in members):
        raise UserError(
            "uncertainty=mc_dropout: found a network without dropout, expected one trained with some"
        )
    layers = {name: path for name, path in (auxiliary or {}).items() if path is not None}
    reader = scenes.with_auxiliary(layers) if auxiliary is not None else scenes
    bands = list(dict.fromkeys(band for member in members for band in member.bands))
    unused = [name for name in layers if name not in bands]
    if unused:
        raise UserError(
            f"auxiliary.{unused[0]}: found {layers[unused[0]]}, but the network takes no such layer; "
            f"its bands are {', '.join(bands)}"
        )
    channels = Channels(len(table), blending.average, uncertainty)
    views = SegmentationViews(
        [member.eval().to(device) for member in members], bands, channels, orientations=blending.orientations,
        draws=mc_samples, seed=seed, precision=precision, device=device,
    )  # fmt: skip
    facts = {
        "blend": blend, "window_size": blending.window_size, "overlap": blending.overlap, "border": blending.border,
        "orientations": blending.orientations, "average": blending.average, "uncertainty": uncertainty,
        "precision": precision,
    }  # fmt: skip
    if uncertainty == "mc_dropout":
        facts |= {"mc_samples": mc_samples, "seed": seed}
    jobs = _jobs(reader.find(input), Path(input), Path(output))
    counts, windows, shape = np.zeros(IGNORE + 1, np.int64), 0, (0, 0)
    with block_cache(cache_megabytes), _without_georeference():
        for path, target in jobs:
            with reader.open(path, bands) as scene:
                used = {name: path for name, path in layers.items() if name in bands}
                files = SegmentationFiles(
                    target, scene.grid, table, channels, provenance(scene, members, used, facts),
                    probabilities=probabilities, driver=driver, driver_options=driver_options,
                )  # fmt: skip
                words = f"segmenting {scene.name}" if progress else ""
                with files.open() as maps:
                    windows += blend_windows(
                        SceneSource(scene), views, maps, window_size=blending.window_size, overlap=_overlap(blending),
                        border=blending.border, batch_size=batch_size, prefetch=prefetch, progress=words,
                    )  # fmt: skip
                counts, shape = counts + maps.counts, scene.grid.shape
    size = {"rows": shape[0], "columns": shape[1]} if len(jobs) == 1 else {"scenes": len(jobs)}
    return {**size, "windows": windows, **_shares(counts, table), "seconds": time.perf_counter() - start}


def _shares(counts: np.ndarray, table: ClassTable) -> dict[str, float]:
    """The share of pixels without data, and of the others by class."""
    known = counts[: len(table)].sum()
    shares = {name: int(count) / max(int(known), 1) for name, count in zip(table.names, counts, strict=False)}
    return {"nodata": int(counts[IGNORE]) / int(counts.sum()), **shares}


def _checked_table(networks: Sequence[Segmenter], classes: ClassTable | None) -> ClassTable:
    """The table of the networks' classes.

    Raises:
        UserError: no networks, ones of different classes, or a table of others.
    """
    if not networks:
        raise UserError("networks: found none, expected at least one")
    expected = networks[0].classes
    for network in networks[1:]:
        if network.classes != expected:
            raise UserError(f"run: found networks of the classes {_listed(expected)} and {_listed(network.classes)}; "
                            "expected the same")  # fmt: skip
    if classes is None:
        raise UserError(f"classes is required: give the table of {_listed(expected)}, e.g. classes=clouds")
    if classes.names != expected:
        raise UserError(
            f"classes={classes.name}: found {_listed(classes.names)}, expected {_listed(expected)} of the network"
        )
    return classes


def _check(
    blending: Blending, *, blend: str, uncertainty: str, mc_samples: int, batch_size: int, precision: str
) -> None:
    for name, value, known in (
        ("blend", blend, BLENDS),
        ("border", blending.border, BORDERS),
        ("orientations", blending.orientations, tuple(ORIENTATIONS)),
        ("average", blending.average, AVERAGES),
        ("uncertainty", uncertainty, UNCERTAINTIES),
        ("precision", precision, tuple(PRECISIONS)),
    ):
        if value not in known:
            raise UserError(f"{name}={value}: expected one of {', '.join(map(str, known))}")
    if blending.window_size < _MULTIPLE or blending.window_size % _MULTIPLE:
        raise UserError(f"window_size={blending.window_size}: expected a multiple of {_MULTIPLE} pixels")
    if not 0 <= blending.overlap < 1:
        raise UserError(f"overlap={blending.overlap}: expected from 0 to below 1")
    for name, value in (("mc_samples", mc_samples), ("batch_size", batch_size)):
        if value < 1:
            raise UserError(f"{name}={value}: expected at least 1")


def _overlap(blending: Blending) -> float:
    """The overlap next to the one wanted for which windows step by a multiple of 16 pixels."""
    steps = round(blending.window_size * (1 - blending.overlap) / _MULTIPLE)
    return 1 - max(1, steps) * _MULTIPLE / blending.window_size


def _jobs(found: Sequence[Path], input: Path, output: Path) -> list[tuple[Path, Path]]:
    """Each scene with its map.

    Raises:
        UserError: an output that is the input, two scenes of one name, several scenes for one file.
    """
    if len(found) == 1 and not output.is_dir():
        jobs = [(found[0], output)]
    elif output.is_file() or (output.suffix.lower() in _SUFFIXES and not output.is_dir()):
        raise UserError(
            f"output={output}: found the name of a file, expected a folder for the maps of {len(found)} scenes in {input}"
        )
    else:
        jobs = [(path, output / f"{stem_of(path)}.tif") for path in found]
        twice = [path for path, number in Counter(path for _, path in jobs).items() if number > 1]
        if twice:
            raise UserError(f"{input}: found two scenes called {twice[0].stem}, expected different names")
    for path, target in jobs:
        if path.resolve() == target.resolve():
            raise UserError(f"input and output are the same file, {path}; expected two")
    return jobs


@contextmanager
def _without_georeference() -> Iterator[None]:
    """Let scenes have none without a warning for each file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
