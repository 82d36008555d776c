"""How labels are made; the keys are those of `conf/generator/labels.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.scene_reader import SceneReader
from synthesis.labels.evidence import Indices, SceneCodes
from synthesis.labels.rules import UNCLASSIFIED, Rule

FORMAT_VERSION = 1  # raise it when the same input comes to give other masks
_CLASSES = ("cloud", "ground", "snow", "water")
_DETECTOR_BANDS = 10


@dataclass(frozen=True)
class LabelSettings:
    """How labels are made.

    Attributes:
        rule: which evidence decides.
        classes: gives the indices, names and colours of cloud, ground, snow and water.
        codes: of the first band of ExoLabs files.
        snow_codes: of their second band: `present`, `absent`.
        unclassified, masked: see the modules of the rules.
        water: map of water; None: there is none, and no water.
        water_number: stands for water in it.
        water_nodata: numbers that mean nothing in it.
        water_slack_px: pixels at the edges of a mask that the map may leave out.
        cloud_threshold: clouds are where the probability is above it.
        cloudless_scale: number that stands for certainty in files of probabilities.
        cloudless_bands: of the detector, in its order.
        cloudless_resolution_m: at which the detector works; None: that of the mask.
        resolution_m: side of the pixels of masks; None: of the ExoLabs files, or of the scenes.
        tile_m: side of a tile.
        border_px: rows and columns before it in exports of Earth Engine.
        scenes: opens `images`.
        detector_threads: of each worker.

    Raises:
        UserError: an impossible value.
    """

    rule: Rule
    classes: ClassTable
    codes: SceneCodes
    snow_codes: Mapping[str, int]
    unclassified: str
    masked: bool | None
    water: Path | None
    water_number: float
    water_nodata: Sequence[float]
    water_slack_px: float
    cloud_threshold: float
    cloudless_scale: float
    cloudless_bands: Sequence[str]
    cloudless_resolution_m: float | None
    resolution_m: float | None
    tile_m: float
    border_px: int
    scenes: SceneReader
    detector_threads: int = 1

    def __post_init__(self) -> None:
        if self.unclassified not in UNCLASSIFIED:
            raise UserError(
                f"generator.unclassified: found {self.unclassified!r}, expected {' or '.join(UNCLASSIFIED)}"
            )
        if not 0 <= self.cloud_threshold <= 1:
            raise UserError(f"generator.cloud_threshold: found {self.cloud_threshold:g}, expected 0 to 1")
        for name in ("resolution_m", "cloudless_resolution_m", "cloudless_scale"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UserError(f"generator.{name}: found {value:g}, expected a number above 0")
        missing = [name for name in _CLASSES if name not in self.classes.names]
        if missing:
            raise UserError(
                f"generator.classes: found {', '.join(self.classes.names)}, expected {', '.join(missing)} among them"
            )
        if any(number not in values for number, values in enumerate(self.classes.values)):
            raise UserError(
                f"generator.classes: found {self.classes}, expected a table in which every class has its own place as a "
                "number, because that is what masks hold"
            )
        if len(self.cloudless_bands) != _DETECTOR_BANDS:
            raise UserError(
                f"generator.cloudless_bands: found {len(self.cloudless_bands)} bands, expected the {_DETECTOR_BANDS} of "
                "s2cloudless in its order"
            )
        if self.water is not None and not self.water.is_file():
            raise UserError(
                f"generator.water: found no file {self.water}, expected a raster of water, or water=null"
            )

    @property
    def indices(self) -> Indices:
        """What masks hold for each class."""
        places = {name: self.classes.names.index(name) for name in _CLASSES}
        return Indices(**places, unknown=IGNORE)

    def record(self) -> dict[str, Any]:
        """What decides about a mask beside its sources, in plain Python types."""
        detector = {"bands": list(self.cloudless_bands), "resolution_m": self.cloudless_resolution_m}
        return {
            "format_version": FORMAT_VERSION,
            "rule": self.rule.name,
            "classes": list(self.classes.names),
            "codes": [vars(self.codes), dict(self.snow_codes)],
            "unclassified": self.unclassified,
            "masked": self.masked,
            "water_number": self.water_number,
            "water_nodata": list(self.water_nodata),
            "cloud_threshold": self.cloud_threshold,
            "cloudless_scale": self.cloudless_scale,
            "detector": detector if self.rule.needs_cloud_probability else None,
            "resolution_m": self.resolution_m,
        }
