"""What needs no training on a dataset of toy scenes: `python -m benchmarks.toy_scores DATASET`.

Scores of the baselines and of a perfect prediction on the test scenes, and how well the reference classifier knows
real and clouded series: the figures of `docs/scoreboard.md`. A dataset like the published one:

    python generate.py generator=toy_dataset output=DATASET num_scenes=250 layout=compact series_pool=shared \
        rng=published texture=legacy_interleaved series_scaling=per_file series.optical=... series.sar=...
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console

from datamodules.toy import Toy
from evaluation.reference_classifier import ReferenceClassifier
from evaluation.score_table import score_tables
from evaluation.translated_scene import TranslatedScene
from evaluation.translation_methods import SceneScorer

CONFIGS = Path(__file__).resolve().parents[1] / "conf"
RANGE = (0.0, 1.0)
ALMOST = np.float32(1e-6)  # the original's perfect prediction, which its metrics do not find perfect


def scenes_of(data: Toy) -> Any:
    """The test scenes, with an almost perfect prediction."""
    for batch in data.test_dataloader():
        arrays = {name: np.asarray(batch[name]) for name in ("source", "target", "valid", "mask", "frame")}
        yield TranslatedScene(
            name=batch["scene"][0],
            frames=arrays["frame"],
            source=arrays["source"],
            target=arrays["target"],
            valid=arrays["valid"][:, 0],
            prediction=arrays["target"] + ALMOST,
            mask=arrays["mask"][0],
            source_layout=dict(data.source_layout),
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", help="folder of scenes of the task cloud_removal")
    parser.add_argument("--scenes", type=int, default=None, help="test scenes; all by default")
    parser.add_argument("--kind", default="logistic_regression", help="of the reference classifier")
    parser.add_argument("--published", action="store_true", help="fit it as published: 600 000 pixels, SAG")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    tasks: Any = OmegaConf.to_container(OmegaConf.load(CONFIGS / "data" / "toy.yaml").tasks)
    tasks["cloud_removal"]["baselines"]["scene_mean"] = {"scene_mean": "target"}
    data = Toy(
        root=arguments.dataset, task="cloud_removal", tasks=tasks, test_limit=arguments.scenes,
        test_batch_size=10**6,  # a scene is one batch
    )  # fmt: skip
    data.setup()
    node = OmegaConf.load(CONFIGS / "callbacks" / "translation_scores.yaml").translation_scores.classifier
    settings: Any = OmegaConf.to_container(node)
    if arguments.published:
        settings["max_pixels"] = 600_000
        settings["options"]["logistic_regression"]["solver"] = "sag"
    with tempfile.TemporaryDirectory() as cache:
        start = time.process_time()
        settings = {key: value for key, value in settings.items() if key != "_target_"}
        classifier = ReferenceClassifier(**{**settings, "cache": cache, "kind": arguments.kind}).fitted(
            lambda: data.clean_scenes("train"), RANGE
        )
    print(f"classifier: {classifier.facts}, {time.process_time() - start:.0f} CPU s")
    scorer = SceneScorer(data.baselines, RANGE, classifier=classifier)
    start = time.process_time()
    for scene in scenes_of(data):
        scorer.add(scene)
    sections = scorer.sections()
    frames = sections["scored"]["frames"] * len(sections["scores"])
    print(f"{1000 * (time.process_time() - start) / frames:.0f} CPU ms for a frame, reading included")
    sections["scores"]["perfect"] = sections["scores"].pop("model")
    for table in score_tables({**sections, "scores_spread": sections["scores_std"]}):
        Console(width=110).print(table)


if __name__ == "__main__":
    main()
