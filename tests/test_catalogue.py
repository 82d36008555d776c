"""No config may rot: every option composes, every target exists, every experiment runs."""

from pathlib import Path

import hydra.utils
import pytest
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf

from evaluation.results import read_results
from networks.compression import CODECS
from networks.translation import GENERATORS
from running.config_check import CONSTRAINTS, check_constraints
from running.saved_config import CATALOGUE

# Groups, the verb that has them, and what their options need beside themselves.
GROUPS = {
    "train": ("auxiliary_layers", "callbacks", "classes", "codec", "constellation", "data", "debug", "experiment", "hparams_search", "launcher",
              "logger", "model", "paths", "procedure", "sensor", "trainer"),
    "generate": ("generator", "constellation"),
    "predict": ("auxiliary_layers", "classes", "sensor", "task", "weights"),
}  # fmt: skip
NEEDS = {
    "data=image_folder": ["data.root=somewhere"],
    "data=thraws": ["data.root=somewhere"],
    "generator=thraws": ["generator.input=somewhere"],
    "generator=weights": ["generator.run=somewhere"],
    "generator=toy_derived": ["generator.input=somewhere"],
    "task=translate": ["+data={task: a, tasks: {}, sources: [], target: b, revisit: 1, degradation: {}}"],
    "experiment": ["data.root=somewhere"],
    "data=multiresolution": ["sensor=sentinel2", "data.target_m=20"],
    "model=super_resolution": ["sensor=sentinel2", "+data.target_m=20"],
    "model=super_resolution_published": ["sensor=sentinel2", "+data.target_m=20"],
    "task=super_resolve": ["sensor=sentinel2"],
    "classes=custom": ["classes.classes={a: 1, b: 2}"],
    "data=sentinel2_segmentation": ["sensor=sentinel2_l1c", "classes=clouds", "auxiliary_layers=default"],
    "model=segmentation": ["classes=clouds", "auxiliary_layers=default"],
    "model=segmentation_published": ["classes=clouds", "auxiliary_layers=default"],
    "callbacks=segmentation": ["classes=clouds"],
    "callbacks=segmentation_scores": ["classes=clouds"],
    "callbacks=active_learning": ["classes=clouds"],
    "generator=cloud_tiles": ["generator.input=somewhere"],
    "generator=cloud_pairs": ["generator.masks=somewhere", "generator.surfaces=somewhere"],
    "generator=cloud_training_set": ["generator.surfaces=somewhere"],
    "generator=labels": ["generator.exolabs=somewhere"],
    "generator=scene_index": ["generator.input=somewhere"],
    "generator=scene_cache": ["generator.images=somewhere"],
    "generator=band_statistics": ["generator.images=somewhere"],
    "weights=file": ["weights.files=[somewhere]", "sensor=sentinel2"],
}
# Toy scenes of 64 pixels and four frames, made on first use.
TINY_SCENES = (
    "data.generator.num_scenes=4", "data.generator.num_frames=4", "data.generator.width=85",
    "data.generator.height=64", "data.generator.num_workers=1", "data.generator.progress=false",
    "data.patch_size=32", "data.batch_size=2", "data.revisit=2",
)  # fmt: skip
TINY_PRODUCTS = (  # generated ones
    "data.generator.train=2", "data.generator.size_px=288", "data.patch_size=16", "data.batch_size=2",
    "data.context=4", "data.consistency_px=96", "model.network_options={features: 4, blocks: 1}",
)  # fmt: skip
TINY_SEGMENTATION = (  # generated scenes of four places
    "data.generator.tiles=4", "data.generator.dates=1", "data.generator.size_px=64", "data.patch_size=32",
    "data.batch_size=2", "data.test_patch_size=64", "data.statistics_windows=2",
)  # fmt: skip
TINY_CLOUDS = (  # generated tiles
    "data.generator.count=12", "data.generator.tile_px=32", "data.batch_size=2",
    "model.network_options={base_width: 4, blocks: 1}",
)  # fmt: skip
TINY_UTILITY = (
    "data.generator.size_px=96", "data.patch_size=32", "data.batch_size=2", "procedure.budgets=[1.0]",
    "procedure.seeds=[0]", "procedure.pairs.count=4", "procedure.clear_windows=4",
)  # fmt: skip
SMALL_NETWORKS = {  # the longer name later
    "translation": ("model.network_options={base_width: 4, depth: 2}",),
    "translation_published": ("model.network_options={filters: [2, 2, 2, 2, 2, 2]}", "data.patch_size=64"),
    "cyclegan": ("model.network_options={base_width: 4, blocks: 1}",),
    "cyclegan_published": (
        "model.network_options={filters: [2, 2, 2, 2, 2, 2]}", "data.patch_size=64",
    ),
}  # fmt: skip


def options() -> list[tuple[str, str]]:
    return [
        (verb, f"{group}={path.stem}")
        for verb, groups in GROUPS.items()
        for group in groups
        for path in sorted((CATALOGUE / group).glob("*.yaml"))
    ]


def composed(verb: str, *words: str) -> DictConfig:
    with initialize_config_module("conf", version_base="1.3"):
        config = compose(verb, list(words), return_hydra_config=True)
    OmegaConf.set_struct(config, False)
    config.hydra.runtime.output_dir = "somewhere"
    config.hydra.job.num = 0
    return config


def targets(node):
    if isinstance(node, DictConfig):
        if node.get("_target_"):
            yield node._target_
        for key in node:
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from targets(node[key])


@pytest.mark.parametrize(("verb", "word"), options())
def test_option_composes_and_its_targets_exist(verb, word):
    needs = NEEDS.get(word, NEEDS.get(word.split("=")[0], []) if "_aid" in word or "_licos" in word else [])
    words = [word, *needs]
    config = composed(verb, *words)
    del config["hydra"]
    check_constraints(config)
    for target in targets(config):
        assert callable(hydra.utils.get_object(target)), target


def test_every_group_is_listed_and_every_file_has_a_comment():
    inner = {
        "hydra",
        "phenology",
        "mission",
        "spacecraft",
        "ground_station",
        "sensor",
        "derivation",
        "serving",
        "band_roles",
        "band_scales",
    }  # mounted by other groups
    listed = {group for groups in GROUPS.values() for group in groups} | inner
    assert {
        path.name for path in CATALOGUE.iterdir() if path.is_dir() and path.name != "__pycache__"
    } == listed
    for path in CATALOGUE.glob("experiment/*.yaml"):
        lines = path.read_text().splitlines()
        assert lines[0] == "# @package _global_"
        assert "train.py experiment=" + path.stem in lines[1]
        assert len(lines) <= 45


def test_constraints_name_real_things():
    rules = OmegaConf.load(CONSTRAINTS)
    for target in set(rules) - {"config"}:
        assert callable(hydra.utils.get_object(target))
    assert set(rules["lightning_modules.compression.Compression"].network.choices) == set(CODECS)
    for module in ("translation.Translation", "cyclegan.CycleGAN"):
        assert set(rules[f"lightning_modules.{module}"].network.choices) == set(GENERATORS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def small(experiment: str, root: Path, cache: Path) -> list[str]:
    """Words that make an experiment a matter of seconds."""
    from tests.fakes import images, thraws

    text = (CATALOGUE / "experiment" / f"{experiment}.yaml").read_text()
    if experiment.startswith("toy_"):
        model = next((name for name in reversed(SMALL_NETWORKS) if name in text), "translation")
        recurrent = ["data.sequence_length=2"] if "sequence_length" in text else []
        return [*TINY_SCENES, f"paths.cache={cache}", *SMALL_NETWORKS[model], *recurrent]
    if experiment.startswith("super_resolution_"):
        return [*TINY_PRODUCTS, f"paths.cache={cache}"]
    if experiment == "cloud_cyclegan":
        return [*TINY_CLOUDS, f"paths.cache={cache}"]
    if experiment == "cloud_utility":
        return [*TINY_UTILITY, f"paths.cache={cache}"]
    if experiment.startswith("segmentation"):
        return [*TINY_SEGMENTATION, f"paths.cache={cache}"]
    if "image_folder" in text:
        images.aid(root, per_class=4, height=72, width=72)
        words = [f"data.root={root}", "data.patch_size=64", "data.batch_size=2"]
    else:
        thraws.exported(root)
        words = [
            f"data.root={root}",
            "data.patch_size=32",
            "data.batch_size=2",
            "constellation.duration_s=100",
        ]
    return [*words, "model.network_options={N: 8, M: 12}"]


def trained(verb, tmp_path: Path, *words: str) -> dict:
    done = verb(
        "train", *words, f"paths.runs={tmp_path}/runs", "trainer.max_steps=2", "trainer.accelerator=cpu",
        "num_threads=1",
    )  # fmt: skip
    assert done.status == 0, done.err
    return read_results(Path(done.last_line) / "results.json")


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("experiment/*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_runs(verb, tmp_path, cache, path):
    words = small(path.stem, tmp_path / "scenes", cache)
    results = trained(verb, tmp_path, f"experiment={path.stem}", *words)
    assert results["metrics"] or results["satellites"]  # a mission of seconds meets no ground station


def test_the_published_fusion_runs(verb, tmp_path, cache):
    small_network = ("model.network_options={filters: [2, 2, 2, 2, 2, 2]}", "data.patch_size=64")
    words = [*TINY_SCENES, f"paths.cache={cache}", "model=translation_fusion", *small_network]
    results = trained(verb, tmp_path, "experiment=toy_super_resolution", *words)
    assert {"model", "bicubic", "temporal_interpolation"} <= set(results["scores"])


@pytest.mark.parametrize(
    "word", ["logger=many", "debug=limit", "debug=profiler", "debug=overfit", "debug=default"]
)
def test_options_run(verb, small_training, word):
    words = [w for w in small_training if not w.startswith(("trainer.max", "trainer.val"))]
    steps = [] if word == "debug=limit" else ["trainer.max_steps=2", "trainer.val_check_interval=2"]
    done = verb("train", *words, word, *steps)
    assert done.status == 0, done.err


def test_without_arguments_train_runs_on_embedded_data(verb, tmp_path, monkeypatch):
    monkeypatch.setenv("NADIR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("NADIR_CACHE", str(tmp_path / "cache"))
    done = verb(
        "train", "trainer.max_steps=2", "trainer.accelerator=cpu", "num_threads=1", "data.generator.width=64",
        "data.generator.height=64", "data.patch_size=64", "data.num_train_scenes=2", "data.num_test_scenes=1",
        "data.num_val_scenes=1", "model.network_options={N: 8, M: 12}",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert str(tmp_path / "runs" / "compression_toy") in done.last_line
