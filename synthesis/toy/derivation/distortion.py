"""Tangential scale distortion: an image that is squeezed towards two of its edges, as seen by a wide swath."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from errors import UserError
from synthesis.toy.derivation.option_checks import is_number, is_whole, require
from synthesis.toy.derivation.stage import Draws, Prepared, Shape

DEFAULT_STEEPNESS = 4.0  # growth * length at which the sigmoid has slope 1 at its middle: it enlarges nothing


@dataclass(frozen=True)
class Distortion:
    """Moves a pixel at x to `L / (1 + exp(-growth (x - L / 2)))` along one axis of length L.

    As published, the curve is replaced by straight pieces between the knots of a regular mesh. On such a mesh only the
    knots along the axis matter, so the whole warp is one pair of neighbours and weights per output column, found once.
    Images are interpolated linearly with 0 outside, labels take the nearest pixel. The output is cut to the whole
    pixels between the images of both ends: 256 of 337.

    Attributes:
        axis: 0 along rows (vertically), 1 along columns.
        mesh_rows, mesh_columns: knots of the mesh.
        growth: of the sigmoid, 1/pixel; None: 4 / L.

    Raises:
        UserError: an impossible value.
    """

    axis: int = 1
    mesh_rows: int = 6
    mesh_columns: int = 6
    growth: float | None = None

    def __post_init__(self) -> None:
        require(is_whole(self.axis) and self.axis in (0, 1), "distortion.axis", self.axis, "0 or 1")
        for name in ("mesh_rows", "mesh_columns"):
            value = getattr(self, name)
            require(
                is_whole(value) and value >= 2, f"distortion.{name}", value, "a whole number of at least 2"
            )
        holds = self.growth is None or (is_number(self.growth) and self.growth > 0)
        require(holds, "distortion.growth", self.growth, "null or a number above 0")

    def positions(self, length: int) -> tuple[int, np.ndarray]:
        """Where the output's pixels lie in the input, along the axis.

        Args:
            length: of the axis, pixels.

        Returns:
            The first output pixel's place in the uncut output, and for each output pixel its place in the input, NaN
            outside.

        Raises:
            UserError: the growth leaves no image.
        """
        growth = DEFAULT_STEEPNESS / length if self.growth is None else self.growth
        knots = np.linspace(0, length, self.mesh_columns if self.axis else self.mesh_rows)
        images = length * expit(growth * (knots - length / 2))
        first, last = int(images[0]), int(images[-1])
        if last <= first or not (np.diff(images) > 0).all():
            raise UserError(
                f"distortion.growth is {self.growth}: expected about 4 / {length}, this one leaves no image"
            )
        return first, np.interp(np.arange(first, last), images, knots, left=np.nan, right=np.nan)

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        length = shape[self.axis]
        _, places = self.positions(length)
        inside = ~np.isnan(places)
        places = np.where(inside, places, 0)
        near = np.floor(places).astype(np.intp)
        share = places - near
        weights = [
            np.where(inside & (taps < length), weight, 0)
            for taps, weight in ((near, 1 - share), (near + 1, share))
        ]
        gather = [_gather(np.minimum(taps, length - 1), self.axis, shape[2]) for taps in (near, near + 1)]
        factors = [_factors(weight, self.axis, shape[2]) for weight in weights]
        nearest = np.rint(places).astype(np.intp)
        known = inside & (nearest < length)
        nearest = np.minimum(nearest, length - 1)

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            lines = np.ascontiguousarray(frame).reshape(shape[0], -1)
            warped = lines.take(gather[0], self.axis, mode="clip")
            warped *= factors[0]
            second = lines.take(gather[1], self.axis, mode="clip")
            second *= factors[1]
            warped += second
            return warped.reshape(output)

        def labels(annotation: np.ndarray) -> np.ndarray:
            warped = annotation.take(nearest, self.axis)
            warped[(slice(None),) * self.axis + (~known,)] = 0
            return warped

        height, width, bands = shape
        output = (height, len(places), bands) if self.axis else (len(places), width, bands)
        return Prepared(output, image, labels)


def _gather(taps: np.ndarray, axis: int, bands: int) -> np.ndarray:
    """Places in a frame whose columns and bands are one axis."""
    return (taps[:, None] * bands + np.arange(bands)).ravel() if axis else taps


def _factors(weight: np.ndarray, axis: int, bands: int) -> np.ndarray:
    narrow = weight.astype(np.float32)
    return np.repeat(narrow, bands) if axis else narrow[:, None]
