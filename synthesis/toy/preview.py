"""A small picture of a toy product."""

from pathlib import Path

import numpy as np
from PIL import Image

from synthesis.toy.layout import replacing
from synthesis.toy.scene import Scene

PREVIEW_FILE = "preview.png"
MARGIN_PX = 8
# Background and classes; colours of the Okabe-Ito palette, told apart by colour-blind readers.
CLASS_COLOURS = np.array(
    [
        (0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
        (0, 114, 178), (213, 94, 0), (204, 121, 167), (160, 160, 160),
    ],
    dtype=np.uint8,
)  # fmt: skip


def write_preview(path: Path, scene: Scene) -> None:
    """Write a PNG: first frame, middle frame, class map, side by side.

    The first three bands are red, green, blue (fewer: grey), one stretch for both frames between their 1st
    and 99th percentiles.
    """
    frames = [scene.frame(0), scene.frame(scene.num_frames // 2)]
    low, high = np.percentile(np.stack(frames), [1, 99])
    panels = [_stretch(frame, low, high) for frame in frames]
    classes = scene.annotation[..., 1].astype(int)
    repeated = (classes - 1) % (len(CLASS_COLOURS) - 1) + 1
    panels.append(CLASS_COLOURS[np.where(classes == 0, 0, repeated)])
    margin = np.full((panels[0].shape[0], MARGIN_PX, 3), 255, dtype=np.uint8)
    strip = np.concatenate([panels[0], margin, panels[1], margin, panels[2]], axis=1)
    with replacing(path) as temporary:
        Image.fromarray(strip).save(temporary, format="PNG")


def _stretch(frame: np.ndarray, low: float, high: float) -> np.ndarray:
    shown = frame[..., :3] if frame.shape[-1] >= 3 else np.repeat(frame[..., :1], 3, axis=-1)
    return (255 * np.clip((shown - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)
