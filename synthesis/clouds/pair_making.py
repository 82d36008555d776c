"""One pair: its mask, surface and sun are drawn by its number, then the cloud is laid over the surface."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from errors import UserError
from products.harmonised_numbers import REFLECTANCE
from synthesis.clouds.cloud_images import CloudImages
from synthesis.clouds.composition import alpha_composite, published_composite
from synthesis.clouds.mask_source import DrawnMask, MaskSource
from synthesis.clouds.opacity import brightness_of
from synthesis.clouds.pair_settings import PairForm
from synthesis.clouds.shadow import Sun
from synthesis.clouds.surfaces import Surfaces, SurfaceTile

SEED_WORD = b"pair"
EIGHT_BIT = 255  # numbers of a picture per unit of reflectance


class Ingredients(NamedTuple):
    """What a pair is made of.

    Attributes:
        number: counts from 0.
        mask: what is cloud.
        surface: what lies below.
        pixels: of the surface, in the numbers of the output, (C, h, w) uint8 or uint16.
        sun: None where there is no shadow.
    """

    number: int
    mask: DrawnMask
    surface: SurfaceTile
    pixels: np.ndarray
    sun: Sun | None


class Pair(NamedTuple):
    """A pair in the numbers of the output.

    Attributes:
        image: (C, h, w) uint8 or uint16, the cloud over the surface.
        cloud: (c, h, w) of the same type, what the generator gave.
        extra: (h, w) uint8 by name: opacity and shadow x 255.
    """

    image: np.ndarray
    cloud: np.ndarray
    extra: Mapping[str, np.ndarray]


class PairMaker:
    """Draws and composes pairs; what it gives is a function of its arguments and the number.

    Args:
        masks, surfaces, clouds: what pairs are made of.
        form: how.
        seed: of everything drawn.
    """

    def __init__(
        self, masks: MaskSource, surfaces: Surfaces, clouds: CloudImages, form: PairForm, seed: int
    ) -> None:
        self.masks, self.surfaces, self.clouds, self.form, self.seed = masks, surfaces, clouds, form, seed

    def draw(self, number: int) -> Ingredients:
        """What pair `number` is made of; pairs count from 0.

        Raises:
            UserError: a file is damaged, or no window of the surfaces has data.
        """
        generator = np.random.default_rng([self.seed, number, *SEED_WORD])
        mask = self.masks.draw(number, generator)
        surface = self.surfaces.draw(generator)
        shadow = self.form.shadow
        sun = None if shadow is None else shadow.drawn(generator)
        return Ingredients(number, mask, surface, self._in_output_numbers(surface), sun)

    def images(self, drawn: list[Ingredients]) -> np.ndarray:
        """Images of the clouds of some pairs, (B, c, h, w) in the numbers of the output."""
        masks = np.stack([each.mask.cloud for each in drawn])
        clouds = self.clouds.of(masks, [[self.seed, each.number] for each in drawn])
        if self.form.composition == "published":
            return np.clip(clouds * EIGHT_BIT, 0, EIGHT_BIT).astype(np.uint8)  # cut off, as published
        return _rounded(clouds * self._unit, self._dtype, low=0 if self.form.eight_bit else 1)

    def compose(self, drawn: Ingredients, cloud: np.ndarray) -> Pair:
        """Lay the image of a cloud, (c, h, w) in the numbers of the output, over the surface."""
        if self.form.composition == "published":
            return Pair(published_composite(drawn.pixels, cloud), cloud, {})
        form, mask = self.form, drawn.mask.cloud
        fractions = cloud.astype(np.float32) / np.float32(self._unit)
        brightness = brightness_of(fractions)
        opacity = form.opacity.of(mask, brightness)
        extra = {"opacity": opacity}
        light = None
        if form.shadow is not None and drawn.sun is not None:
            fallen = form.shadow.fallen(opacity, drawn.sun, self._pixel_m(drawn.surface))
            light, extra["shadow"] = form.shadow.light(fallen, form.bands), fallen
        if form.own_bands:
            thick = form.opacity.thick_colours(fractions, brightness)
        else:
            gain = form.opacity.thick_brightness(brightness) / np.float32(form.opacity.white)
            thick = np.asarray(form.spectrum, np.float32)[:, None, None] * gain
        image = alpha_composite(drawn.pixels, thick * np.float32(self._unit), opacity, light)
        if not form.eight_bit:
            np.maximum(image, 1, out=image)  # 0 is no data
        image[:, ~drawn.surface.valid] = 0
        return Pair(
            image, cloud, {name: _rounded(extra[name] * 255, np.uint8) for name in form.also if name in extra}
        )

    @property
    def _unit(self) -> int:
        return EIGHT_BIT if self.form.eight_bit else REFLECTANCE

    @property
    def _dtype(self) -> Any:
        return np.uint8 if self.form.eight_bit else np.uint16

    def _in_output_numbers(self, tile: SurfaceTile) -> np.ndarray:
        if tile.pixels.dtype == self._dtype:
            return tile.pixels
        before = EIGHT_BIT if self.surfaces.eight_bit else REFLECTANCE
        scaled = tile.pixels.astype(np.float32) * np.float32(self._unit / before)
        pixels = _rounded(scaled, self._dtype, low=0 if self.form.eight_bit else 1)
        return np.where(tile.valid, pixels, self._dtype(0))

    def _pixel_m(self, tile: SurfaceTile) -> float:
        assert self.form.shadow is not None
        pixel_m = self.form.shadow.pixel_m or tile.pixel_m
        if pixel_m is None:
            raise UserError(
                f"generator.shadow.pixel_m: found null, and {tile.source} does not say how large its pixels are, expected "
                "metres, e.g. generator.shadow.pixel_m=500"
            )
        return pixel_m


def _rounded(values: np.ndarray, dtype: Any, low: int = 0) -> np.ndarray:
    rounded: np.ndarray = np.clip(np.rint(values), low, np.iinfo(dtype).max).astype(dtype)
    return rounded
