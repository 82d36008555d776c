"""Panels of pictures that show what a model does, for every family alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch


class Pictures(pl.Callback):
    """After a validation, draws a few samples side by side: one row per sample, one column per kind of picture.

    The kinds come from the module: `pictures(batch) -> {name: (B, 1 or 3, H, W) in [0, 1]}`; a module without
    that method gets no panel. Panels go to `folder` (`step_<n>.png`) and to every logger that takes images.

    Args:
        folder: where the PNG files go.
        every_n_validations: validations between two panels.
        num_samples: rows of a panel.
    """

    def __init__(self, folder: str, every_n_validations: int = 1, num_samples: int = 4) -> None:
        self.folder = Path(folder)
        self.every_n_validations = every_n_validations
        self.num_samples = num_samples
        self.validations = 0
        self._batch: dict[str, Any] | None = None

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first batch."""
        if batch_idx == 0 and dataloader_idx == 0:
            self._batch = batch

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the panel."""
        batch, self._batch = self._batch, None
        if trainer.sanity_checking or getattr(trainer, "fast_dev_run", False) or not trainer.is_global_zero:
            return
        self.validations += 1
        draw = getattr(pl_module, "pictures", None)
        if batch is None or draw is None or (self.validations - 1) % self.every_n_validations:
            return
        batch = {
            key: value[: self.num_samples] if isinstance(value, torch.Tensor | list) else value
            for key, value in batch.items()
        }
        with torch.no_grad():
            pictures = draw(batch)
        panel = draw_panel({name: picture.float().cpu().numpy() for name, picture in pictures.items()})
        path = self.folder / f"step_{trainer.global_step:07d}.png"
        save_png(panel, path)
        for logger in trainer.loggers:
            log_image(logger, "val/pictures", panel, trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """Number of validations so far."""
        return {"validations": self.validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.validations = state_dict["validations"]


def draw_panel(pictures: dict[str, np.ndarray], size: int = 192, gap: int = 4) -> np.ndarray:
    """Arrange pictures in a grid with the names above the columns.

    Args:
        pictures: {name: (B, 1 or 3, H, W) in [0, 1]}, the same B for all.
        size: side of a cell in pixels; smaller pictures are enlarged without smoothing, larger ones reduced.
        gap: pixels between cells.

    Returns:
        (height, width, 3) uint8.
    """
    from PIL import Image, ImageDraw

    header = 18
    rows = max(len(picture) for picture in pictures.values())
    width, height = len(pictures) * (size + gap) - gap, header + rows * (size + gap) - gap
    canvas = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(canvas)
    for column, (name, batch) in enumerate(pictures.items()):
        left = column * (size + gap)
        pen.text((left + 2, 2), name, fill="black")
        for row, picture in enumerate(batch):
            pixels = np.clip(np.nan_to_num(np.moveaxis(picture, 0, -1)), 0, 1)
            image = Image.fromarray(
                np.round(np.broadcast_to(pixels, (*pixels.shape[:2], 3)) * 255).astype(np.uint8)
            )
            scale = size / max(image.size)
            resampling = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
            shape = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            canvas.paste(image.resize(shape, resampling), (left, header + row * (size + gap)))
    return np.asarray(canvas)


def save_png(pixels: np.ndarray, path: Path) -> None:
    """Write (H, W, 3) uint8 as PNG, complete or not at all."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    Image.fromarray(pixels).save(temporary, format="PNG")
    temporary.replace(path)


def log_image(logger: Any, name: str, pixels: np.ndarray, step: int) -> None:
    """Send (H, W, 3) uint8 to a logger that can show images (TensorBoard, W&B); others are passed over."""
    if hasattr(logger, "log_image"):
        logger.log_image(key=name, images=[pixels], step=step)
    elif hasattr(getattr(logger, "experiment", None), "add_image"):
        logger.experiment.add_image(name, pixels, step, dataformats="HWC")
