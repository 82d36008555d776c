"""Where the clouds of pairs come from: a trained generator, or noise where there is none."""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from errors import UserError
from synthesis.clouds.procedural_clouds import ProceduralClouds

_EXPECTED = "expected a published latest_net_G_B.pth, or a checkpoint or run of experiment=cloud_cyclegan"
PROCEDURAL = "procedural"  # what manifests call clouds that no network has made


class CloudImages(Protocol):
    """Anything that makes images of clouds for masks.

    Attributes:
        name: what the manifest calls it.
        bands: of the images.
        learned: whether a network has seen such images; else their colours are made up.
    """

    name: str
    bands: int
    learned: bool

    def record(self) -> dict[str, Any]:
        """What decides the images, plain values."""

    def of(self, masks: np.ndarray, seeds: Sequence[Sequence[int]]) -> np.ndarray:
        """Images (B, bands, h, w) float32 in [0, 1] of masks (B, h, w) bool; a function of masks and seeds."""


class MadeUpClouds:
    """Clouds of fractal noise, see `ProceduralClouds`."""

    name, learned = PROCEDURAL, False

    def __init__(self, look: ProceduralClouds) -> None:
        self.look = look
        self.bands = len(look.water)

    def record(self) -> dict[str, Any]:
        """See `CloudImages.record`."""
        return {"weights": None, "procedural": dict(vars(self.look))}

    def of(self, masks: np.ndarray, seeds: Sequence[Sequence[int]]) -> np.ndarray:
        """See `CloudImages.of`."""
        return np.stack([self.look.image(mask, seed) for mask, seed in zip(masks, seeds, strict=True)])


class LearnedClouds:
    """Clouds of a trained generator; one thread at a time is in it.

    Args:
        weights: what `networks.cloud_generator.load_cloud_generator` takes.
        device: where it runs, e.g. `cpu` or `cuda`.

    Raises:
        UserError: no such file or device, or another network.
    """

    learned = True

    def __init__(self, weights: str | Path, device: str = "cpu") -> None:
        import torch

        from networks.cloud_generator import load_cloud_generator

        path = Path(weights)
        self._torch = torch
        network = load_cloud_generator(path)
        try:
            self.network = network.to(device)
        except (RuntimeError, AssertionError) as error:
            raise UserError(
                f"generator.device={device}: {str(error).splitlines()[0]}, expected a device of this machine such as cpu"
            ) from error
        self.name, self.bands, self.device = path.name, network.bands, device
        self._digest = _fingerprint(network)
        self._threads = torch.get_num_threads()
        self._one_at_a_time = threading.Lock()

    def record(self) -> dict[str, Any]:
        """See `CloudImages.record`."""
        return {"weights": self.name, "weights_sha256": self._digest}

    def of(self, masks: np.ndarray, seeds: Sequence[Sequence[int]]) -> np.ndarray:
        """See `CloudImages.of`; the seeds do not matter."""
        torch = self._torch
        source = torch.from_numpy(np.ascontiguousarray(masks, np.float32))[:, None]
        with self._one_at_a_time, torch.inference_mode():
            if torch.get_num_threads() != self._threads:  # each thread has a number of its own
                torch.set_num_threads(self._threads)
            clouds: np.ndarray = self.network(source.to(self.device)).float().cpu().numpy()
        return clouds


def open_clouds(
    weights: str | Path | None, procedural: ProceduralClouds | None, device: str = "cpu"
) -> CloudImages:
    """What makes the clouds: the generator of a file or run, or noise without one.

    Raises:
        UserError: see `LearnedClouds`.
    """
    if weights is None:
        return MadeUpClouds(procedural or ProceduralClouds())
    if not Path(weights).exists():  # told before anything heavy is imported
        raise UserError(f"generator.weights={weights}: there is no such file, {_EXPECTED}")
    return LearnedClouds(weights, device)


def _fingerprint(network: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
