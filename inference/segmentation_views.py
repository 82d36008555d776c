"""What segmentation networks say of windows of a scene: the quantities that overlapping windows are averaged of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inference.orientations import ORIENTATIONS
from networks.segmenter import DROPOUTS, Segmenter
from products.window import Window

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
AVERAGES = ("probabilities", "logits")
UNCERTAINTIES = ("none", "entropy", "mc_dropout", "test_time")
_HALF = 0.5  # where pixels are valid their channel is 1, elsewhere 0
_TINY = 1e-12  # of a probability, whose logarithm is taken


@dataclass(frozen=True)
class Channels:
    """What is averaged over windows, and how a map follows from the means.

    In this order: what the classes are chosen by (probabilities or logits); probabilities too, where the spread of
    them is wanted and logits are averaged; one channel for the uncertainty, where windows have one; 1 where the
    scene has data.

    Attributes:
        classes: their number.
        average: one of `AVERAGES`.
        uncertainty: one of `UNCERTAINTIES`.
    """

    classes: int
    average: str
    uncertainty: str

    @property
    def both(self) -> bool:
        """Whether logits and probabilities are averaged."""
        return self.uncertainty == "test_time" and self.average == "logits"

    @property
    def extra(self) -> bool:
        """Whether windows have a channel of uncertainty."""
        return self.uncertainty in ("mc_dropout", "test_time")

    def __len__(self) -> int:
        return self.classes * (1 + self.both) + self.extra + 1

    def valid(self, means: np.ndarray) -> np.ndarray:
        """Where the scene has data, (h, w) bool, from means (C, h, w) float64."""
        found: np.ndarray = means[-1] > _HALF
        return found

    def indices(self, means: np.ndarray) -> np.ndarray:
        """The likeliest class, (h, w) uint8."""
        return means[: self.classes].argmax(0).astype(np.uint8)

    def probabilities(self, means: np.ndarray) -> np.ndarray:
        """(classes, h, w) float64 that sum to 1."""
        first = self.classes if self.both else 0
        values = means[first : first + self.classes]
        if self.average == "probabilities" or self.both:
            return values
        powers = np.exp(values - values.max(0))
        powers /= powers.sum(0)
        return powers

    def doubt(self, means: np.ndarray) -> np.ndarray:
        """The uncertainty, (h, w) float64, at least 0.

        `entropy`: of the mean probabilities, in nats. `mc_dropout`: mutual information of class and weights over the
        draws of a window (Houlsby et al. 2011, "BALD"), in nats. `test_time`: root mean square over the classes of the
        standard deviation that probabilities have over all windows and orientations which see the pixel.
        """
        if self.uncertainty == "mc_dropout":
            return np.maximum(means[-2], 0)
        probabilities = self.probabilities(means)
        if self.uncertainty == "test_time":
            return np.sqrt(np.maximum(means[-2] - (probabilities**2).sum(0), 0) / self.classes)
        doubt: np.ndarray = -(probabilities * np.log(np.maximum(probabilities, _TINY))).sum(0)
        return np.maximum(doubt, 0)


class SegmentationViews:
    """Networks on windows of a scene and what is averaged of them; a `BatchFunction`.

    Its input are bands and, last, 1 where the scene has data and 0 where not. Windows without data are not computed.

    Args:
        networks: of the same classes, ready to predict, on `device`; their outputs are averaged.
        bands: of the input, in order.
        channels: what is wanted.
        orientations: 1, or 8: the mean over all flips and rotations.
        draws: of each network for `mc_dropout`, in the orientation of the scene.
        seed: of the draws; those of a window depend on it and on the place of the window, and on nothing else.
        precision: a key of `PRECISIONS`.
        device: where the networks are.
    """

    def __init__(
        self,
        networks: Sequence[Segmenter],
        bands: Sequence[str],
        channels: Channels,
        *,
        orientations: int = 1,
        draws: int = 16,
        seed: int = 0,
        precision: str = "float32",
        device: str = "cpu",
    ) -> None:
        self.networks, self.channels = list(networks), channels
        self.orientations, self.draws, self.seed = ORIENTATIONS[orientations], draws, seed
        self.precision, self.device = PRECISIONS[precision], torch.device(device)
        places = [[list(bands).index(band) for band in network.bands] for network in networks]
        everything = list(range(len(bands)))
        self._places = [None if chosen == everything else chosen for chosen in places]

    def __call__(self, array: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
        """Means over networks and orientations of (B, C + 1, h, w) float32, (B, `len(channels)`, h, w) float32."""
        batch, _, height, width = array.shape
        output = np.zeros((batch, len(self.channels), height, width), np.float32)
        output[:, -1] = array[:, -1]
        seen = [number for number in range(batch) if array[number, -1].any()]
        if seen:
            chosen = array if len(seen) == batch else array[seen]
            output[seen, :-1] = self._predicted(chosen, [windows[number] for number in seen]).cpu().numpy()
        return output

    @torch.inference_mode()
    def _predicted(self, array: np.ndarray, windows: Sequence[Window]) -> Tensor:
        pixels = torch.from_numpy(array).to(self.device)
        image, valid = pixels[:, :-1], pixels[:, -1:] > _HALF
        with self._arithmetic():
            parts = self._over_orientations(image, valid)
            if self.channels.uncertainty == "mc_dropout":
                each = [
                    self._over_draws(image[number, None], valid[number, None], window)
                    for number, window in enumerate(windows)
                ]
                parts.append(torch.cat(each))
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def _over_orientations(self, image: Tensor, valid: Tensor) -> list[Tensor]:
        """Means of what the channels are, apart from draws."""
        views = (
            orientation.undo(network(orientation.apply(bands), orientation.apply(valid)).float())
            for network, bands in self._inputs(image)
            for orientation in self.orientations
        )
        totals: list[Tensor] = []
        for logits in views:
            quantities = self._quantities(logits)
            totals = (
                [total.add_(more) for total, more in zip(totals, quantities, strict=True)]
                if totals
                else quantities
            )
        number = len(self.networks) * len(self.orientations)
        return totals if number == 1 else [total.div_(number) for total in totals]

    def _quantities(self, logits: Tensor) -> list[Tensor]:
        spread = self.channels.uncertainty == "test_time"
        if self.channels.average == "logits" and not spread:
            return [logits]
        probabilities = logits.softmax(1)
        quantities = [logits] if self.channels.average == "logits" else []
        quantities.append(probabilities)
        if spread:
            quantities.append(probabilities.square().sum(1, keepdim=True))
        return quantities

    def _over_draws(self, image: Tensor, valid: Tensor, window: Window) -> Tensor:
        """Mutual information of the draws on one window, (1, 1, h, w)."""
        mean: Tensor | None = None
        inner: Tensor | None = None
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            for member, (network, bands) in enumerate(self._inputs(image)):
                for draw in range(self.draws):
                    torch.manual_seed(_seed(self.seed, window, member, draw))
                    with network.sampling_dropout():
                        probabilities = network(bands, valid).float().softmax(1)
                    doubt = _entropy(probabilities)
                    mean = probabilities if mean is None else mean.add_(probabilities)
                    inner = doubt if inner is None else inner.add_(doubt)
        assert mean is not None and inner is not None
        number = len(self.networks) * self.draws
        return _entropy(mean.div_(number)) - inner.div_(number)

    def _inputs(self, image: Tensor) -> Iterator[tuple[Segmenter, Tensor]]:
        for network, places in zip(self.networks, self._places, strict=True):
            yield network, image if places is None else image[:, places]

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        # By its own choice cuDNN computes float32 convolutions with 10 bits of mantissa.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            if self.precision is torch.float32:
                yield
                return
            with torch.autocast(self.device.type, self.precision):
                yield


def samples_dropout(network: Segmenter) -> bool:
    """Whether draws of the network can differ: it has dropout that drops anything."""
    return any(isinstance(layer, DROPOUTS) and layer.p > 0 for layer in network.modules())


def _entropy(probabilities: Tensor) -> Tensor:
    """(B, K, h, w) -> (B, 1, h, w), in nats."""
    return -(probabilities * probabilities.clamp_min(_TINY).log()).sum(1, keepdim=True)


def _seed(seed: int, window: Window, member: int, draw: int) -> int:
    words = (seed, window.row % 2**32, window.column % 2**32, member, draw)
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)
