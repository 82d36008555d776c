"""Scores of translated frames, and their means: over the frames of a scene, then over the scenes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.image_metrics import ergas, mae, mse, psnr_of_mse, spectral_angle, ssim
from evaluation.published_metrics import published_metrics

# Of values scaled to the declared range: a frame that comes back exactly counts as 100 dB, since JSON has no infinity.
SMALLEST_MSE = 1e-10

# None where a score is undefined (a scene in black has no spectral angle); NaN where the prediction is not finite.
Scores = dict[str, float | None]


def frame_scores(
    prediction: np.ndarray,
    target: np.ndarray,
    valid: np.ndarray | None = None,
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    ergas_ratio: float = 1.0,
    published: bool = True,
) -> Scores | None:
    """All scores of one frame; nothing is clamped but by the published ones.

    Args:
        prediction, target: `(C, H, W)` float32 in the units of `value_range`.
        valid: `(H, W)` bool, pixels that count; None = all. Pixels whose target is not finite never count.
        value_range: declared (lo, hi); errors are in units of hi - lo.
        ergas_ratio: pixel side of the coarse input over that of the target.
        published: also the scores of `published_metrics`, as `<name>_published`.

    Returns:
        `psnr` (dB), `ssim`, `mae`, `mse`, `sam` (degrees), `ergas`; None where no pixel counts. A prediction that
        is not finite where it counts has NaN for all.
    """
    mask = np.isfinite(target).all(axis=0)
    if valid is not None:
        mask &= valid
    if not mask.any():
        return None
    everywhere = None if mask.all() else mask
    finite = np.isfinite(prediction if everywhere is None else prediction[:, mask]).all()
    lo, hi = value_range
    target, prediction = (
        (image.astype(np.float32) - lo) / (hi - lo) for image in (target, prediction if finite else target)
    )
    squared = mse(target, prediction, everywhere)
    scores: Scores = {
        "psnr": psnr_of_mse(max(squared, SMALLEST_MSE), 1.0),
        "ssim": ssim(target, prediction, 1.0, everywhere),
        "mae": mae(target, prediction, everywhere),
        "mse": squared,
        "sam": spectral_angle(target, prediction, everywhere),
        "ergas": ergas(target, prediction, ergas_ratio, everywhere),
    }
    if published:
        old = published_metrics(prediction, target, (0.0, 1.0), everywhere)
        scores |= {f"{name}_published": value for name, value in old.items()}
    return scores if finite else dict.fromkeys(scores, math.nan)


def mean_scores(rows: Sequence[Scores]) -> Scores:
    """Unweighted mean of each score over the rows that define it; NaN where one of them is, None where none does."""
    means: Scores = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [value for row in rows if (value := row.get(name)) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means


@dataclass
class ScoreBoard:
    """Scores of some methods on the same scenes.

    Attributes:
        scenes: {method: [scores of each scene]}.
    """

    scenes: dict[str, list[Scores]] = field(default_factory=dict)

    def add(self, method: str, frames: Sequence[Scores], scene: Scores | None = None) -> None:
        """Add a scene: the scores of its frames, and those that belong to the scene as a whole."""
        self.scenes.setdefault(method, []).append({**mean_scores(frames), **(scene or {})})

    def means(self) -> dict[str, Scores]:
        """{method: {score: mean over the scenes}}, None where it is undefined or not finite.

        `jaccard_ratio` is the ratio of the means of `jaccard` and `jaccard_real`, as published.
        """
        means = {method: mean_scores(rows) for method, rows in self.scenes.items()}
        for scores in means.values():
            generated, real = scores.get("jaccard"), scores.get("jaccard_real")
            if generated is not None and real:
                scores["jaccard_ratio"] = generated / real
        return {method: _without_nan(scores) for method, scores in means.items()}

    def deviations(self) -> dict[str, Scores]:
        """{method: {score: standard deviation over the scenes}}; None for fewer than two."""
        result: dict[str, Scores] = {}
        for method, rows in self.scenes.items():
            names = dict.fromkeys(name for row in rows for name in row)
            values = {name: [v for row in rows if (v := row.get(name)) is not None] for name in names}
            result[method] = _without_nan(
                {name: float(np.std(v, ddof=1)) if len(v) > 1 else None for name, v in values.items()}
            )
        return result


def _without_nan(scores: Mapping[str, float | None]) -> Scores:
    return {
        name: value if value is not None and math.isfinite(value) else None for name, value in scores.items()
    }
