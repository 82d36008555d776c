"""Asks a network about windows: how sure it is, what it says, and what the windows look like to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from callbacks.window_features import DeepFeatures, pooled_probabilities
from evaluation.acquisition import ProbabilitySums, window_score
from products.class_table import IGNORE
from products.window import Window

FEATURES = ("network", "probabilities")


@dataclass(frozen=True)
class Asked:
    """A window and what the network says of it, without padding.

    Attributes:
        id: of the window, `scene#row,column,height,width`.
        image: (C, h, w) float32 harmonised digital numbers.
        valid: (h, w) bool.
        mask: (h, w) uint8: what is known, 255 where nothing is.
        sums: of the draws of the network.
        features: (D,) or None where none are wanted.
    """

    id: str
    image: np.ndarray
    valid: np.ndarray
    mask: np.ndarray
    sums: ProbabilitySums
    features: np.ndarray | None = None

    @property
    def window(self) -> Window:
        """Where in the scene."""
        return window_of(self.id)

    def score(self, name: str) -> float | None:
        """Of the whole window, see `evaluation.acquisition`."""
        return window_score(self.sums.scores(name, self.mask), self.valid)

    def prediction(self) -> np.ndarray:
        """(h, w) uint8 class indices; 255 where there are no data."""
        classes = self.sums.mean.argmax(0).astype(np.uint8)
        return np.where(self.valid, classes, np.uint8(IGNORE))


@dataclass
class PoolScores:
    """Of each window of a pool that has enough data, in order.

    Attributes:
        places: numbers of the windows in the pool.
        ids: of the windows.
        scores: {acquisition: of each window; None where none of its pixels has a score}.
        features: (N, D), or None.
    """

    places: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    scores: dict[str, list[float | None]] = field(default_factory=dict)
    features: np.ndarray | None = None


class PoolScoring:
    """Scores windows of a pool with a network.

    Draws of a window depend on its id, the seed, the round and how many are computed at once, not on the other windows.

    Args:
        network: a `Segmenter`: (B, C, H, W), valid (B, 1, H, W) -> logits, with `sampling_dropout()`.
        device: where it is.
        precision: context of its forwards.
        draws: of Monte-Carlo dropout; 0: one pass without dropout.
        draws_at_once: of them, through the network together.
        features: `network`, `probabilities` or None.
        seed, round: see above.
    """

    def __init__(
        self,
        network: Any,
        *,
        device: torch.device,
        precision: Callable[[], AbstractContextManager[Any]],
        draws: int = 8,
        draws_at_once: int = 4,
        features: str | None = None,
        seed: int = 0,
        round: int = 0,
    ) -> None:
        self.network, self.device, self.precision = network, device, precision
        self.draws, self.draws_at_once, self.features = draws, draws_at_once, features
        self.seed, self.round = seed, round
        self._deep = DeepFeatures(network) if features == "network" else None

    def score(
        self,
        pool: Any,
        acquisitions: Sequence[str],
        places: Sequence[int],
        min_valid_fraction: float = 0.5,
        known_only: bool = False,
    ) -> PoolScores:
        """Score some windows of a pool, one in memory at a time.

        Args:
            pool: gives samples by number: `image`, `valid`, `mask`, `id`.
            acquisitions: names of scores of pixels.
            places: numbers of the windows.
            min_valid_fraction: windows with a smaller part of data are left out.
            known_only: so are those with a smaller part of pixels with a class.
        """
        found = PoolScores(scores={name: [] for name in acquisitions})
        features = []
        with self.evaluating():
            for place in places:
                sample = pool[place]
                window = window_of(sample["id"])
                valid = _array(sample["valid"])[0]
                if known_only:
                    valid = valid & (_array(sample["mask"]) != IGNORE)
                if valid[: window.height, : window.width].mean() < min_valid_fraction:
                    continue
                asked = self.ask(sample)
                found.places.append(place)
                found.ids.append(asked.id)
                for name in acquisitions:
                    found.scores[name].append(asked.score(name))
                if asked.features is not None:
                    features.append(asked.features)
        if features:
            found.features = np.stack(features)
        return found

    def describe(self, windows: Any) -> np.ndarray | None:
        """(N, D) features of the windows of a set; None where none are wanted or there are none."""
        if self.features is None or windows is None or not len(windows):
            return None
        with self.evaluating():
            return np.stack([self._features(windows[place]) for place in range(len(windows))])

    def ask(self, sample: Mapping[str, Any]) -> Asked:
        """What the network says of a sample; inside `evaluating()`."""
        window = window_of(str(sample["id"]))
        here = (slice(window.height), slice(window.width))
        image = torch.as_tensor(sample["image"])[None].to(self.device)
        valid = torch.as_tensor(sample["valid"])[None].to(self.device)
        sums, features = ProbabilitySums(), None
        if self.draws == 0:
            sums.add(self._probabilities(image, valid)[:, :, *here])
        else:
            self._draw(sums, str(sample["id"]), image, valid, here)
        if self.features is not None:
            features = pooled_probabilities(sums.mean) if self._deep is None else self._features(sample)
        return Asked(
            str(sample["id"]),
            _array(sample["image"])[:, *here],
            _array(sample["valid"])[0][here].astype(bool),
            _array(sample["mask"])[here].astype(np.uint8),
            sums,
            features,
        )

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The network as in a test, and afterwards as it was."""
        was_training = self.network.training
        self.network.eval()
        try:
            with torch.no_grad(), self.precision():
                yield
        finally:
            self.network.train(was_training)

    def _features(self, sample: Mapping[str, Any]) -> np.ndarray:
        if self._deep is None:
            return pooled_probabilities(self.ask(sample).sums.mean)
        image, valid = (torch.as_tensor(sample[key])[None].to(self.device) for key in ("image", "valid"))
        with self._deep.watching():
            self.network(image, valid)
        return self._deep.pooled()[0]

    def _draw(
        self, sums: ProbabilitySums, id: str, image: Tensor, valid: Tensor, here: tuple[slice, slice]
    ) -> None:
        own = np.random.SeedSequence([self.seed, self.round, *id.encode()]).generate_state(1, np.uint64)[0]
        with torch.random.fork_rng(), self.network.sampling_dropout():
            torch.manual_seed(int(own >> np.uint64(1)))
            left = self.draws
            while left:
                now = min(left, self.draws_at_once)
                repeated = (each.expand(now, -1, -1, -1) for each in (image, valid))
                sums.add(self._probabilities(*repeated)[:, :, *here])
                left -= now

    def _probabilities(self, image: Tensor, valid: Tensor) -> np.ndarray:
        logits: Tensor = self.network(image, valid)
        found: np.ndarray = logits.float().softmax(1).cpu().numpy()
        return found


def window_of(id: str) -> Window:
    """The window that an id names."""
    return Window(*(int(number) for number in id.rpartition("#")[2].split(",")))


def _array(values: Any) -> np.ndarray:
    return values.numpy() if isinstance(values, Tensor) else np.asarray(values)


def has_dropout(network: nn.Module) -> bool:
    """Whether draws of a network can differ."""
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    return any(isinstance(layer, kinds) and layer.p > 0 for layer in network.modules())
