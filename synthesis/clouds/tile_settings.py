"""How cloud tiles are cut and written: the keys of `generator=cloud_tiles`, checked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from errors import UserError
from synthesis.clouds.false_colour import check_stretch
from synthesis.clouds.tile_manifest import BUCKETS, check_buckets

_CHOICES = {"content": ("both", "masks"), "format": ("png", "geotiff")}


@dataclass(frozen=True)
class TileSettings:
    """What decides the bytes of tiles; see `conf/generator/cloud_tiles.yaml` for the keys.

    Raises:
        UserError: an impossible value.
    """

    bits: str | Sequence[str] | None = None
    content: str = "both"
    grid: str = "an"
    tile_px: int = 200
    overlap_px: int = 0
    crop_px: int = 100
    buckets: Sequence[float] = BUCKETS
    min_valid_fraction: float = 0.99
    keep_night: bool = False
    stretch: str = "published"
    fixed_range: Sequence[float] = (0.0, 1.0)
    format: str = "png"
    bands: Sequence[str] = ("S1", "S2", "S3", "S5")
    scale: float = 10000.0

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise UserError(
                    f"generator.{name}: found {getattr(self, name)}, expected one of {', '.join(known)}"
                )
        for name, lowest, highest in (
            ("tile_px", 1, None),
            ("crop_px", 0, None),
            ("overlap_px", 0, self.tile_px - 1),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < lowest or (highest is not None and value > highest):
                upper = "" if highest is None else f" to {highest} (below generator.tile_px)"
                raise UserError(
                    f"generator.{name}: found {value}, expected a whole number from {lowest}{upper}"
                )
        if not 0 <= self.min_valid_fraction <= 1:
            raise UserError(
                f"generator.min_valid_fraction: found {self.min_valid_fraction}, expected a part from 0 to 1"
            )
        if self.keep_night and self.content == "both":
            raise UserError(
                "generator.keep_night: found true with content=both, expected content=masks, because images show "
                "reflectance, which night has not"
            )
        check_buckets(self.buckets)
        check_stretch(self.stretch, self.fixed_range)
        if not self.bands or len(set(self.bands)) != len(self.bands):
            raise UserError(
                f"generator.bands: found {list(self.bands)}, expected bands such as S1, each once"
            )

    @property
    def geotiff(self) -> bool:
        """Whether tiles are GeoTIFFs of reflectance instead of PNGs of false colour."""
        return self.format == "geotiff"

    @property
    def suffix(self) -> str:
        """Of the tiles' files."""
        return ".tif" if self.geotiff else ".png"

    @property
    def flags(self) -> list[str]:
        """What means cloud, as `SlstrProduct.cloud_mask` takes it."""
        if self.bits is None:
            return ["summary"]
        return self.bits.split("+") if isinstance(self.bits, str) else list(self.bits)

    @property
    def bits_text(self) -> str:
        """The same in one word."""
        return "+".join(self.flags)

    def record(self) -> dict[str, Any]:
        """Plain values; what does not matter for the format and content is left out."""
        record = asdict(self) | {"bits": self.bits_text}
        unused = {"stretch", "fixed_range"} if self.geotiff else {"bands", "scale"}
        unused |= {"stretch", "fixed_range", "bands", "scale"} if self.content == "masks" else {"keep_night"}
        return {
            name: list(v) if isinstance(v, tuple) else v for name, v in record.items() if name not in unused
        }
