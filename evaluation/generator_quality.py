"""How good made clouds are: as a set beside real ones, and by the masks that they were made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.feature_distances import frechet_distance, kernel_distance
from evaluation.power_spectrum import frequencies, radial_spectrum, spectral_distance

MODEL = "model"
TWO_COLOURS = "two_colours"
REAL_HALVES = "real_halves"
_COVER_BINS = np.linspace(0, 100, 11)  # percent
_CLOUD = 0.5  # from here on a mask of values from 0 to 1 means cloud
_LEAST_SIDE = 8  # pixels of a patch
_LEAST_SPREAD = 0.1  # of a feature, as part of the mean of all
_TINY = 1e-9  # where none varies at all

Features = Callable[[np.ndarray], np.ndarray]  # (N, C, n, n) -> (N, F)
Scores = dict[str, float | None]


@dataclass
class _Patches:
    """What is kept of a set of images."""

    features: list[np.ndarray] = field(default_factory=list)
    spectra: list[np.ndarray] = field(default_factory=list)

    def add(self, patches: np.ndarray, features: Features) -> None:
        if len(patches):
            self.features.append(features(patches))
            self.spectra.append(radial_spectrum(patches))

    def __len__(self) -> int:
        return sum(map(len, self.features))


class GeneratorQuality:
    """Collects images and sums up; holds features and spectra of patches, no images.

    Three methods stand beside each other. `model`; `two_colours`: every real tile painted with two colours, the means
    of what is real there under its mask and beside it, which is what a generator without texture could at best do; and
    `real_halves`: one half of the real tiles against the other, the floor that nothing real falls below (of half as
    many samples, so its FID is high).

    Args:
        features: of patches.
        patch_px: side of the squares into which tiles are cut; smaller tiles make it smaller.
        kid_subsets, kid_subset_size, seed: see `feature_distances.kernel_distance`.
    """

    def __init__(
        self,
        features: Features,
        *,
        patch_px: int = 64,
        kid_subsets: int = 50,
        kid_subset_size: int = 100,
        seed: int = 0,
    ) -> None:
        self.features, self.patch_px = features, patch_px
        self.kid = {"subsets": kid_subsets, "subset_size": kid_subset_size, "seed": seed}
        self.side = 0
        self.tiles = 0
        self.real_tiles = 0
        self._sets = {name: _Patches() for name in (MODEL, "real", TWO_COLOURS)}
        self._halves = (_Patches(), _Patches())
        self._covers: dict[str, list[float]] = {"asked": [], "recovered": [], "recovered_of_real": []}
        self._errors: list[float] = []
        self._overlap = np.zeros(2)  # pixels that both masks call cloud, and that one of them does

    def add(
        self,
        mask: np.ndarray,
        made: np.ndarray,
        *,
        real: np.ndarray | None = None,
        valid: np.ndarray | None = None,
        recovered: np.ndarray | None = None,
        recovered_of_real: np.ndarray | None = None,
    ) -> None:
        """Add a tile.

        Args:
            mask: (H, W) from 0 to 1, what was asked for.
            made: (C, H, W) float from 0 to 1.
            real: (C, H, W), the real image of that mask, or of any other; None: there is none.
            valid: (H, W) bool, where the real image has data; None: everywhere.
            recovered: (H, W), the mask that the opposite network sees in `made`.
            recovered_of_real: (H, W), the one that it sees in `real`.
        """
        self.tiles += 1
        asked = mask >= _CLOUD
        self._covers["asked"].append(100 * float(asked.mean()))
        if recovered is not None:
            seen = recovered >= _CLOUD
            self._covers["recovered"].append(100 * float(seen.mean()))
            self._errors.append(float(np.abs(recovered - mask).mean()))
            self._overlap += ((asked & seen).sum(), (asked | seen).sum())
        side = self._side(mask)
        everywhere = np.ones(mask.shape, bool)
        self._sets[MODEL].add(_cut(made, everywhere, side), self.features)
        if real is None:
            return
        known = everywhere if valid is None else valid
        if recovered_of_real is not None and known.any():
            self._covers["recovered_of_real"].append(100 * float((recovered_of_real >= _CLOUD)[known].mean()))
        patches = _cut(np.where(known, real, 0), known, side)
        self._sets["real"].add(patches, self.features)
        self._halves[self.real_tiles % 2].add(patches, self.features)
        self._sets[TWO_COLOURS].add(_cut(_two_colours(asked, real, known), known, side), self.features)
        self.real_tiles += 1

    def scores(self) -> dict[str, Scores]:
        """{method: {fid, kid, spectral_distance_db}}, and of the model `cycle_error`, `mask_iou`, `cover_bias_percent`.

        None where too few patches, or no opposite network, leave a score without meaning.
        """
        real = self._sets["real"]
        result = {
            MODEL: {**self._distances(self._sets[MODEL], real), **self._of_masks()},
            TWO_COLOURS: self._distances(self._sets[TWO_COLOURS], real),
            REAL_HALVES: self._distances(*self._halves),
        }
        return result if len(real) else {MODEL: result[MODEL]}

    def _distances(self, found: _Patches, real: _Patches) -> Scores:
        if not len(found) or not len(real):
            return {"fid": None, "kid": None, "spectral_distance_db": None}
        features = self._standardised(found), self._standardised(real)
        spectra = [np.concatenate(each.spectra).mean(axis=0) for each in (found, real)]
        return {
            "fid": frechet_distance(features[0], features[1]),
            "kid": kernel_distance(features[0], features[1], **self.kid),
            "spectral_distance_db": spectral_distance(spectra[0], spectra[1]),
        }

    def _standardised(self, patches: _Patches) -> np.ndarray:
        """Features in units of their spread over all real patches, so that each counts as much as any other."""
        real = np.concatenate(self._sets["real"].features).astype(np.float64)
        spread = real.std(axis=0)
        # What hardly varies among real ones must not decide alone.
        spread = np.maximum(spread, max(_LEAST_SPREAD * float(spread.mean()), _TINY))
        return np.asarray((np.concatenate(patches.features) - real.mean(axis=0)) / spread)

    def _of_masks(self) -> Scores:
        if not self._errors:
            return {"cycle_error": None, "mask_iou": None, "cover_bias_percent": None}
        both, either = self._overlap
        bias = np.mean(self._covers["recovered"]) - np.mean(self._covers["asked"])
        return {
            "cycle_error": float(np.mean(self._errors)),
            "mask_iou": float(both / either) if either else None,
            "cover_bias_percent": float(bias),
        }

    def cover_histogram(self) -> dict[str, Any]:
        """Tiles by cover: `edges_percent`, and counts for the masks `asked` for, `recovered`, `recovered_of_real`."""
        counts = {
            name: np.histogram(covers, _COVER_BINS)[0].tolist()
            for name, covers in self._covers.items()
            if covers
        }
        return {"edges_percent": _COVER_BINS.tolist(), **counts}

    def spectra(self) -> dict[str, Any]:
        """Mean power by frequency, `cycles_per_pixel`, of `model`, `real` and `two_colours`, those there are."""
        if not self.side:
            return {}
        means = {
            name: np.concatenate(patches.spectra).mean(axis=0).tolist()
            for name, patches in self._sets.items()
            if len(patches)
        }
        return {"cycles_per_pixel": frequencies(self.side).tolist(), **means}

    def counts(self) -> dict[str, int]:
        """Tiles and patches that the scores rest on."""
        return {
            "tiles": self.tiles, "real_tiles": self.real_tiles, "patch_px": self.side,
            "patches": len(self._sets[MODEL]), "real_patches": len(self._sets["real"]),
        }  # fmt: skip

    def _side(self, mask: np.ndarray) -> int:
        """Of patches: decided by the first tile."""
        if not self.side:
            self.side = max(_LEAST_SIDE, min(self.patch_px, *mask.shape))
        return self.side


def _cut(image: np.ndarray, valid: np.ndarray, side: int) -> np.ndarray:
    """Squares (N, C, side, side) beside each other, without those that hold a pixel that is not valid."""
    squares = [
        image[:, top : top + side, left : left + side]
        for top in range(0, image.shape[1] - side + 1, side)
        for left in range(0, image.shape[2] - side + 1, side)
        if valid[top : top + side, left : left + side].all()
    ]
    return np.stack(squares) if squares else np.empty((0, len(image), side, side), image.dtype)


def _two_colours(cloud: np.ndarray, real: np.ndarray, known: np.ndarray) -> np.ndarray:
    painted = np.zeros_like(real)
    for part in (cloud, ~cloud):
        seen = part & known
        if seen.any():
            painted[:, part] = real[:, seen].mean(axis=1, keepdims=True)
    return painted
