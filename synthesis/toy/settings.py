"""What defines one latent toy scene, checked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from errors import UserError

CHOICES = {
    "rng": ("nadir", "published"),
    "texture": ("smooth", "legacy_interleaved"),
    "series_scaling": ("pooled", "per_file"),
}
_AT_LEAST_ONE = ("num_frames", "width", "height", "num_bands", "num_cells", "num_classes")
MAX_CELLS = 32767  # annotations are int16
MAX_SEED = 2**32 - 1  # what numpy's legacy generator takes


@dataclass(frozen=True)
class LatentSettings:
    """The settings of one scene; two scenes with equal settings have equal arrays.

    Attributes:
        seed: 0 to 2**32 - 1; 0 is a seed like any other.
        num_frames: time steps.
        width, height: pixels.
        num_bands: bands of a frame; with `time_series`, the first dimensions of the files.
        num_cells: Voronoi cells.
        num_classes: land-cover classes, numbered from 1; 0 is background.
        rng: `nadir` (numpy Generator) or `published` (the original's order of draws).
        texture: `smooth` or `legacy_interleaved` (the published imagery's interleaved bands).
        length_scale_px: length scale of the texture's squared-exponential kernel, pixels.
        texture_amplitude: the texture is amplitude * tanh(unit Gaussian process).
        border_px: width of the background line between cells, pixels (`published` has its own).
        background: value of background pixels.
        time_series: `.ts` files; empty for the phenology model.
        series_scaling: range of the min-max scaling of the files: `pooled` or `per_file`.
        phenology: `conf/phenology/*.yaml` as a dict; needed without `time_series`.

    Raises:
        UserError: a value is impossible; the sentence names the key.
    """

    seed: int
    num_frames: int
    width: int
    height: int
    num_bands: int
    num_cells: int
    num_classes: int
    rng: str = "nadir"
    texture: str = "smooth"
    length_scale_px: float = 2.5
    texture_amplitude: float = 0.5
    border_px: int = 1
    background: float = 0.0
    time_series: tuple[str, ...] = ()
    series_scaling: str = "pooled"
    phenology: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            self._require(name, "a whole number of at least 1", lambda value: _whole(value) and value >= 1)
        self._require(
            "seed", f"a whole number from 0 to {MAX_SEED}", lambda v: _whole(v) and 0 <= v <= MAX_SEED
        )
        self._require("num_cells", f"at most {MAX_CELLS}", lambda value: value <= MAX_CELLS)
        self._require("length_scale_px", "a number above 0", lambda value: value > 0)
        self._require("texture_amplitude", "a number of at least 0", lambda value: value >= 0)
        self._require("border_px", "a whole number of at least 0", lambda value: _whole(value) and value >= 0)
        for name, choices in CHOICES.items():
            self._require(name, f"one of {', '.join(choices)}", choices.__contains__)
        if self.rng == "published" and self.num_cells < 3:
            raise UserError(
                f"generator.num_cells is {self.num_cells}: expected at least 3 with generator.rng=published"
            )
        if not self.time_series:
            self._check_phenology()

    def _check_phenology(self) -> None:
        if not self.phenology:
            raise UserError(
                "generator.phenology is empty: expected a phenology model or generator.time_series"
            )
        bands, classes = len(self.phenology["band_names"]), len(self.phenology["classes"])
        self._require("num_bands", f"at most the phenology model's {bands}", lambda value: value <= bands)
        self._require(
            "num_classes", f"at most the phenology model's {classes}", lambda value: value <= classes
        )

    def _require(self, name: str, expected: str, holds: Any) -> None:
        value = getattr(self, name)
        if not holds(value):
            raise UserError(f"generator.{name} is {value}: expected {expected}")

    def to_dict(self) -> dict[str, Any]:
        """Plain Python types, for JSON."""
        return {**asdict(self), "time_series": list(self.time_series), "phenology": dict(self.phenology)}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
