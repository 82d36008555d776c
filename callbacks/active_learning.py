"""Active learning: after a test, the windows that are most worth labelling are written as a folder of queries."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from callbacks.checkpoint import Checkpoint
from callbacks.pool_scoring import FEATURES, Asked, PoolScores, PoolScoring, has_dropout, window_of
from errors import UserError
from evaluation.acquisition import CORE_SET, NEED_DRAWS, PIXEL_SCORES, RANDOM, check, random_scores
from evaluation.core_set import choose
from products.band_roles import BandRoles
from products.class_table import ClassTable
from products.patch_raster import part_of
from products.query_folder import Query, QueryFolder
from products.query_writing import Display, Patch, write_queries
from products.scene import Scene
from products.thraws import SYNTHETIC_TAG

COLOURS = {"rgb": ("red", "green", "blue"), "false_colour": ("swir22", "nir", "red")}


class ActiveLearning(pl.Callback):
    """Scores the pool of the datamodule with the network that was tested, and writes queries.

    The datamodule has `pool_set` (samples `image`, `valid`, `mask`, `id`, `scene`, by number), `plan.scenes` (the
    scenes) and where it knows them `labelled_set` (samples of what is labelled, for core-sets); the module has
    `network`, a `Segmenter`. For all others the callback does nothing.

    An acquisition is one of `evaluation.acquisition.ACQUISITIONS`, or a score and `+core_set`: of the
    `candidates * queries` windows with the highest scores those that are unlike each other and unlike what is labelled.

    Args:
        folder: queries go to `folder/<acquisition>`, `+` written as `_`.
        classes: of masks and predictions; None only where no model takes part.
        acquisitions: each gives a folder of its own.
        queries: windows to ask about; 0: nothing is done.
        draws: of Monte-Carlo dropout; 0: one pass without.
        draws_at_once: of them, through the network together.
        candidates: see above.
        features: what windows are compared by for a core-set: `network` or `probabilities`.
        min_valid_fraction: windows with a smaller part of data are not asked about.
        known_only: nor those of whose pixels the masks know a smaller part: where masks answer.
        pool_limit: windows of the pool that are looked at, a random part of it; None: all.
        patches: write pixels and pictures, not the record alone.
        initial_weights: checkpoint whose weights a training begins with; None: random ones.
        roles: finds the bands of the pictures.
        display: of the pictures: percentiles, least_range, gamma.
        round, seed: of the active learning.
    """

    def __init__(
        self,
        folder: str,
        *,
        classes: ClassTable | None,
        acquisitions: Sequence[str],
        queries: int = 0,
        draws: int = 8,
        draws_at_once: int = 4,
        candidates: int = 4,
        features: str = "network",
        min_valid_fraction: float = 0.5,
        known_only: bool = False,
        pool_limit: int | None = None,
        patches: bool = True,
        initial_weights: str | None = None,
        roles: BandRoles | None = None,
        display: Mapping[str, Any] | None = None,
        round: int = 0,
        seed: int = 0,
    ) -> None:
        if features not in FEATURES:
            raise UserError(f"features: found {features!r}, expected one of {', '.join(FEATURES)}")
        self.folder, self.classes = Path(folder), classes
        self.acquisitions = [str(each) for each in acquisitions]
        for each in self.acquisitions:
            check_acquisition(each, draws)
        self.queries, self.draws, self.draws_at_once = queries, draws, draws_at_once
        self.candidates, self.features = candidates, features
        self.min_valid_fraction, self.known_only = min_valid_fraction, known_only
        self.pool_limit, self.patches, self.initial_weights = pool_limit, patches, initial_weights
        self.roles, self.display = roles, dict(display or {})
        self.round, self.seed = round, seed
        self._section: dict[str, Any] = {}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Begin a training with given weights; those of a checkpoint that it is resumed from take their place."""
        if stage == "fit" and self.initial_weights is not None:
            content = torch.load(self.initial_weights, map_location="cpu", weights_only=True)
            pl_module.load_state_dict(content["state_dict"])

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget an earlier test."""
        self._section = {}

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Score the pool and write the folders.

        Raises:
            UserError: the pool is empty or has no data, or draws of the network cannot differ.
        """
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        network: Any = getattr(pl_module, "network", None)
        if not self.queries or not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
            return
        if not hasattr(data, "pool_set") or not hasattr(network, "sampling_dropout"):
            return
        if self.classes is None:
            raise UserError("classes: found null, expected the classes of the masks, e.g. classes=clouds")
        if data.pool_set is None:
            raise UserError("the pool of active learning is empty: every window is labelled")
        if any(_score_of(each) in NEED_DRAWS for each in self.acquisitions) and not has_dropout(network):
            raise UserError(
                f"{', '.join(self.acquisitions)}: found a network without dropout, whose draws do not differ; "
                "expected model.network_options.dropout above 0"
            )
        scoring = PoolScoring(
            network,
            device=pl_module.device,
            precision=trainer.precision_plugin.test_step_context,
            draws=self.draws if any(_score_of(each) in PIXEL_SCORES for each in self.acquisitions) else 0,
            draws_at_once=self.draws_at_once,
            features=self.features if any(_is_diverse(each) for each in self.acquisitions) else None,
            seed=self.seed,
            round=self.round,
        )
        scores = self._scores(scoring, data.pool_set)
        centres = scoring.describe(getattr(data, "labelled_set", None))
        for acquisition in self.acquisitions:
            self._write(acquisition, scores, centres, scoring, trainer, data)

    def result_sections(self) -> dict[str, Any]:
        """`queries`: {acquisition: {pool, asked, folder, mean_score, mean_score_asked}}; empty without queries."""
        return {"queries": self._section} if self._section else {}

    def _scores(self, scoring: PoolScoring, pool: Any) -> PoolScores:
        """Of the pool, or of the random part of it that is looked at."""
        places = list(range(len(pool)))
        if self.pool_limit is not None and len(places) > self.pool_limit:
            ids = [_id(pool, place) for place in places]
            dice = random_scores(ids, self.seed, self.round + 1)
            places = sorted(sorted(places, key=lambda place: dice[place])[: self.pool_limit])
        names = list(dict.fromkeys(n for n in map(_score_of, self.acquisitions) if n in PIXEL_SCORES))
        found = scoring.score(pool, names, places, self.min_valid_fraction, self.known_only)
        if not found.ids:
            raise UserError(
                f"none of the {len(places)} windows of the pool has {'labels' if self.known_only else 'data'} in "
                f"{self.min_valid_fraction:.0%} of its pixels"
            )
        return found

    def _write(
        self,
        acquisition: str,
        scores: PoolScores,
        centres: np.ndarray | None,
        scoring: PoolScoring,
        trainer: pl.Trainer,
        data: Any,
    ) -> None:
        name = _score_of(acquisition)
        own: list[float | None]
        if name in scores.scores:
            own = scores.scores[name]
        else:
            own = [*random_scores(scores.ids, self.seed, self.round + 1)]
        diverse = _is_diverse(acquisition)
        everything = acquisition == CORE_SET
        chosen = choose(
            own,
            self.queries,
            scores.features if diverse else None,
            centres,
            candidates=len(scores.ids) if everything else self.candidates,
        )
        scenes = {scene.name: scene for scene in data.plan.scenes}
        asked = [
            self._query(
                number,
                scores.ids[index],
                None if everything else own[index],
                acquisition,
                scenes[scores.ids[index].rpartition("#")[0]],
                _tested(trainer),
            )
            for number, index in enumerate(chosen, start=1)
        ]
        bands = [str(band) for band in data.channels["bands"]]
        assert self.classes is not None
        patches = self._patches(
            asked, [scores.places[index] for index in chosen], scoring, data.pool_set, scenes
        )
        folder = write_queries(
            queries_folder(self.folder, acquisition),
            asked,
            patches if self.patches else (),
            self.classes,
            bands,
            self._display(bands),
            {"pool": len(data.pool_set), "looked_at": len(scores.ids), "draws": scoring.draws},
        )
        self._report(acquisition, folder, own, chosen, len(data.pool_set))

    def _query(
        self, number: int, id: str, score: float | None, acquisition: str, scene: Scene, checkpoint: str
    ) -> Query:
        return Query(
            stem=f"{number:04d}",
            id=id,
            scene=scene.name,
            scene_path=str(scene.path),
            window=window_of(id),
            key="" if scene.key is None else str(scene.key),
            score=score,
            acquisition=acquisition,
            round=self.round,
            seed=self.seed,
            checkpoint=checkpoint,
        )

    def _patches(
        self,
        asked: Sequence[Query],
        places: Sequence[int],
        scoring: PoolScoring,
        pool: Any,
        scenes: Mapping[str, Scene],
    ) -> Iterator[Patch]:
        with scoring.evaluating():
            for query, place in zip(asked, places, strict=True):
                scene, seen = scenes[query.scene], scoring.ask(pool[place])
                yield Patch(
                    query,
                    seen.image,
                    seen.valid,
                    part_of(scene.grid, query.window),
                    seen.prediction(),
                    _uncertainty(seen, _score_of(query.acquisition)),
                    seen.mask,
                    {SYNTHETIC_TAG: "1"} if scene.synthetic else {},
                )

    def _display(self, bands: Sequence[str]) -> Display:
        colours = {}
        for name, shown in COLOURS.items():
            places = None if self.roles is None else self.roles.indices(shown, bands)
            colours[name] = [bands[place] for place in places or ()]
        return Display(colours, **self.display)

    def _report(
        self,
        acquisition: str,
        folder: QueryFolder,
        scores: Sequence[float | None],
        chosen: Sequence[int],
        pool: int,
    ) -> None:
        known = [score for score in scores if score is not None]
        of_asked = [score for index in chosen if (score := scores[index]) is not None]
        self._section[acquisition] = {
            "pool": pool,
            "asked": len(folder.queries),
            "folder": str(folder.path),
            "mean_score": float(np.mean(known)) if known else None,
            "mean_score_asked": float(np.mean(of_asked)) if of_asked else None,
        }


def check_acquisition(acquisition: str, draws: int) -> None:
    """Refuse what is no acquisition.

    Raises:
        UserError: an unknown name, or one that compares draws where there are fewer than two.
    """
    name, *rest = acquisition.split("+")
    if rest not in ([], [CORE_SET]):
        raise UserError(f"acquisition: found {acquisition!r}, expected a score, or a score and '+{CORE_SET}'")
    if name not in (RANDOM, CORE_SET):
        check(name, max(draws, 1))


def queries_folder(folder: Path, acquisition: str) -> Path:
    """Where the queries of an acquisition go."""
    return folder / acquisition.replace("+", "_")


def _score_of(acquisition: str) -> str:
    return acquisition.partition("+")[0]


def _is_diverse(acquisition: str) -> bool:
    return acquisition.endswith(CORE_SET)


def _uncertainty(seen: Asked, name: str) -> np.ndarray:
    """(h, w) float32: the score of each pixel, or its entropy where windows were chosen otherwise; NaN: none."""
    pixels = seen.sums.scores(name if name in PIXEL_SCORES else "entropy", seen.mask)
    return np.where(seen.valid, pixels, np.nan).astype(np.float32)


def _id(pool: Any, place: int) -> str:
    return str(pool.id(place) if hasattr(pool, "id") else pool[place]["id"])


def _tested(trainer: pl.Trainer) -> str:
    """The checkpoint whose weights were tested; "" where the training kept none."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, Checkpoint):
            for path in (callback.best_path, callback.last_path):
                if path.exists():
                    return str(path)
    return ""
