"""What a translation model has to beat: predictions that need no training."""

from collections.abc import Callable, Mapping

import numpy as np

from errors import UserError
from evaluation.translated_scene import TranslatedScene

TARGET = "target"
HISTORY = "history"  # the source that holds the last known target strictly before a frame


class NoBaseline(Exception):
    """Why a baseline cannot be had for a scene, in words for the results."""


def predict_baseline(rule: Mapping[str, str], scene: TranslatedScene, revisit: int = 1) -> np.ndarray:
    """The prediction of a baseline.

    Args:
        rule: {kind: source}, with the kinds

            * `copy`: the source as it is ("do nothing");
            * `median`: the median of the source over the scene's frames, for every frame;
            * `mean`: each frame's own band means, the best constant (source `target`);
            * `scene_mean`: the band means over all frames of the scene (source `target`);
            * `interpolate`: linear in time between the frames of the source `target` at multiples of `revisit`: the
              last one strictly before a frame (where `history` is read, that is it) and the first one strictly
              after it; where there is none, the other one alone.
        scene: the test scene.
        revisit: frames between two targets that are known.

    Returns:
        `(T, C, H, W)` float32.

    Raises:
        NoBaseline: the source is not read, has another number of bands, or nothing is known of the target.
        UserError: a rule that is no single known kind.
    """
    if len(rule) != 1 or next(iter(rule)) not in KINDS:
        raise UserError(
            f"a baseline of data.tasks: found {dict(rule)}, expected one of {', '.join(KINDS)} with its source"
        )
    ((kind, source),) = rule.items()
    return KINDS[kind](scene, source, revisit)


def _copy(scene: TranslatedScene, source: str, revisit: int) -> np.ndarray:
    return _like_target(scene, source)


def _median(scene: TranslatedScene, source: str, revisit: int) -> np.ndarray:
    median = np.median(_like_target(scene, source), axis=0)
    return np.broadcast_to(median, scene.target.shape)


def _mean(scene: TranslatedScene, source: str, revisit: int) -> np.ndarray:
    return _means(scene, source, (2, 3))


def _scene_mean(scene: TranslatedScene, source: str, revisit: int) -> np.ndarray:
    return _means(scene, source, (0, 2, 3))


def _interpolate(scene: TranslatedScene, source: str, revisit: int) -> np.ndarray:
    if source != TARGET:
        raise NoBaseline(f"only frames of the target are interpolated in time, found {source}")
    known = {int(t): frame for t, frame in zip(scene.frames, scene.target, strict=True) if t % revisit == 0}
    history = _like_target(scene, HISTORY) if HISTORY in scene.source_layout else None
    result = np.empty_like(scene.target)
    for index, t in enumerate(map(int, scene.frames)):
        earlier, later = (t - 1) // revisit * revisit, (t // revisit + 1) * revisit
        before = known.get(earlier) if history is None else history[index]
        after = known.get(later)
        if before is None and after is None:
            raise NoBaseline(f"frame {t} has no target at a multiple of {revisit} beside it")
        if before is None or after is None:
            result[index] = after if before is None else before
            continue
        weight = np.float32((t - earlier) / (later - earlier))
        result[index] = (1 - weight) * before + weight * after
    return result


KINDS: dict[str, Callable[[TranslatedScene, str, int], np.ndarray]] = {
    "copy": _copy,
    "median": _median,
    "mean": _mean,
    "scene_mean": _scene_mean,
    "interpolate": _interpolate,
}


def _like_target(scene: TranslatedScene, source: str) -> np.ndarray:
    if source not in scene.source_layout:
        raise NoBaseline(f"{source} is none of the sources")
    pixels = scene.channels(source)
    if pixels.shape[1] != scene.target.shape[1]:
        raise NoBaseline(
            f"{source} has {pixels.shape[1]} band(s), and the target has {scene.target.shape[1]}"
        )
    return pixels


def _means(scene: TranslatedScene, source: str, axes: tuple[int, ...]) -> np.ndarray:
    if source == TARGET:
        pixels, seen = scene.target, scene.valid[:, None]
    else:
        pixels, seen = _like_target(scene, source), np.ones_like(scene.valid[:, None])
    count = np.maximum(seen.sum(axis=axes, keepdims=True), 1)
    # A frame without any data has no mean; it is not scored either.
    total = np.where(seen, pixels, 0).sum(axis=axes, keepdims=True, dtype=np.float64)
    return np.broadcast_to((total / count).astype(np.float32), scene.target.shape)
