"""How pairs are composed and written: keys of `generator=cloud_pairs`, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from errors import UserError
from synthesis.clouds.composition import COMPOSITIONS
from synthesis.clouds.opacity import Opacity
from synthesis.clouds.pair_manifest import OPACITY, SHADOW
from synthesis.clouds.shadow import Shadow
from synthesis.clouds.spectrum import CloudSpectrum
from synthesis.toy.claim import plain

FORMATS = ("auto", "png", "geotiff")
CLOUD_BANDS = ("auto", "own", "spectrum")
_CHOICES = {"composition": COMPOSITIONS, "format": FORMATS, "cloud_bands": CLOUD_BANDS}
_PICTURE_BANDS = (1, 3)  # that a PNG holds


@dataclass(frozen=True)
class PairSettings:
    """What decides the pixels of pairs, beside masks, clouds and surfaces; see `conf/generator/cloud_pairs.yaml`.

    Raises:
        UserError: an impossible value.
    """

    composition: str = "alpha"
    format: str = "auto"
    cloud_bands: str = "auto"
    opacity: Mapping[str, Any] = field(default_factory=dict)
    shadow: Mapping[str, Any] | None = None
    spectrum: Mapping[str, float | None] = field(default_factory=dict)
    also: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise UserError(
                    f"generator.{name}: found {getattr(self, name)}, expected one of {', '.join(known)}"
                )
        for name in self.also:
            if name not in (OPACITY, SHADOW):
                raise UserError(f"generator.also: found {name}, expected some of {OPACITY}, {SHADOW}")
        if self.composition == "published" and (self.also or Shadow.of(self.shadow) is not None):
            raise UserError(
                "generator.composition: found published, which has neither opacity nor shadow, with generator.also or "
                "generator.shadow.cast, expected alpha"
            )


@dataclass(frozen=True)
class PairForm:
    """Settings that fit the surfaces and clouds.

    Attributes:
        composition: alpha or published.
        bands: of images.
        geotiff: GeoTIFFs instead of PNGs.
        eight_bit: numbers from 0 to 255 instead of reflectance x 10 000.
        own_bands: the clouds' own bands are taken, else their brightness by a spectrum.
        spectrum: of `bands`, where it is needed.
        opacity, shadow: rules; None: no shadow.
        also: what else is written.
        settings: what all this was made of.
    """

    composition: str
    bands: tuple[str, ...]
    geotiff: bool
    eight_bit: bool
    own_bands: bool
    spectrum: tuple[float, ...] | None
    opacity: Opacity
    shadow: Shadow | None
    also: tuple[str, ...]
    settings: PairSettings

    @property
    def suffix(self) -> str:
        """Of files."""
        return ".tif" if self.geotiff else ".png"

    def record(self) -> dict[str, Any]:
        """Plain values."""
        record: dict[str, Any] = {
            "composition": self.composition,
            "bands": list(self.bands),
            "format": "geotiff" if self.geotiff else "png",
        }
        if self.composition == "alpha":
            record |= {
                "cloud_bands": "own" if self.own_bands else "spectrum",
                "spectrum": None if self.spectrum is None else list(self.spectrum),
                "opacity": dict(vars(self.opacity)),
                "shadow": None if self.shadow is None else dict(vars(self.shadow)),
                "also": list(self.also),
            }
        plain_record: dict[str, Any] = plain(record)
        return plain_record


def fitted(
    settings: PairSettings,
    bands: Sequence[str],
    pictures: bool,
    cloud_bands: int,
    learned: bool,
    min_valid: float,
) -> PairForm:
    """Settle what is left to the surfaces.

    Args:
        settings: see there.
        bands: of the surfaces.
        pictures: whether these are pictures of 8 bits.
        cloud_bands: how many the clouds have.
        learned: whether these come from images, so that their colours mean something.
        min_valid: part of a tile that must have data.

    Raises:
        UserError: what is wished for does not go with the surfaces or the clouds.
    """
    published = settings.composition == "published"
    count = len(bands)
    geotiff = settings.format == "geotiff" or (
        settings.format == "auto" and not (count in _PICTURE_BANDS and (pictures or published))
    )
    if not geotiff and count not in _PICTURE_BANDS:
        raise UserError(
            f"generator.format: found png and surfaces of {count} bands ({', '.join(bands)}), expected geotiff, or "
            "generator.bands=[...] with one or three of them"
        )
    if published and count != 3:
        raise UserError(
            f"generator.composition: found published and surfaces of {count} bands ({', '.join(bands)}), expected "
            "three: generator.bands=[...] chooses them"
        )
    if not geotiff and min_valid < 1:
        raise UserError(
            f"generator.min_valid: found {min_valid} for PNGs, which cannot say where there are no data, expected 1"
        )
    fits = cloud_bands == count
    if settings.cloud_bands == "own" and not fits:
        raise UserError(
            f"generator.cloud_bands: found own, with clouds of {cloud_bands} bands and surfaces of {count}, "
            "expected spectrum"
        )
    own = settings.cloud_bands == "own" or (settings.cloud_bands == "auto" and fits and pictures and learned)
    if published and cloud_bands not in _PICTURE_BANDS:
        raise UserError(
            f"generator.composition: found published and clouds of {cloud_bands} bands, expected three or one"
        )
    spectrum = (
        None if own or published else tuple(CloudSpectrum(settings.spectrum).of(bands).astype(float).tolist())
    )
    return PairForm(
        settings.composition, tuple(bands), geotiff, published or not geotiff, own, spectrum,
        Opacity(**settings.opacity), Shadow.of(settings.shadow), tuple(settings.also), settings,
    )  # fmt: skip
