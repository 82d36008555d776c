import numpy as np
import pytest
import pytorch_lightning as pl
import rasterio
from torch import nn

from callbacks.active_learning import ActiveLearning
from datamodules.segmentation import Segmentation
from errors import UserError
from networks.segmenter import Segmenter
from products.band_roles import BandRoles
from products.class_table import ClassTable
from products.query_folder import read_queries
from products.scene_reader import SceneReader
from tests.fakes.annotated_scenes import CLOUDS
from tests.fakes.small_pool import SIDE, SmallData, SmallModule


def after_a_test(callback, data=None, module=None):
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[callback],
        enable_checkpointing=False,
    )  # fmt: skip
    trainer.test(module or SmallModule(), datamodule=data or SmallData(), verbose=False)
    return callback.result_sections()


def callback(folder, *acquisitions, **options):
    settings = {"queries": 2, "draws": 0, "patches": False} | options
    return ActiveLearning(folder, classes=CLOUDS, acquisitions=acquisitions, **settings)


def asked(folder):
    return [query.id for query in read_queries(folder).queries]


def test_the_most_doubtful_windows_are_asked_about(tmp_path):
    section = after_a_test(callback(tmp_path, "entropy", round=3, seed=5))["queries"]["entropy"]
    content = read_queries(tmp_path / "entropy")
    assert [query.id for query in content.queries] == ["A#0,0,16,16", "A#16,0,16,16"]  # B1 = 1: undecided
    first = content.queries[0]
    assert (first.scene, first.scene_path, first.acquisition) == ("A", "A.tif", "entropy")
    assert (first.round, first.seed, first.stem) == (3, 5, "0001")
    assert content.facts == {"pool": 6, "looked_at": 5, "draws": 0}
    assert section["asked"] == 2
    assert section["mean_score_asked"] > section["mean_score"]


def test_a_folder_for_people_has_pixels_and_pictures(tmp_path):
    roles = BandRoles(red=["B1"], green=["B2"], blue=["B2"])
    after_a_test(
        callback(tmp_path, "margin", patches=True, roles=roles, display={"least_range": 10}, queries=3)
    )
    content = read_queries(tmp_path / "margin")
    query = content.queries[2]
    assert query.id == "A#0,16,16,16"
    with rasterio.open(content.file("images", query)) as file:
        assert file.transform.c == 500_000 + 10 * SIDE
        assert (file.read(1) == 50).all()
    with rasterio.open(content.file("predictions", query)) as file:
        assert (file.read(1) == 0).all()
    with rasterio.open(content.file("uncertainty", query)) as file:
        assert np.allclose(file.read(1), query.score, rtol=1e-5)
    assert content.file("rgb", query).exists()
    assert content.file("masks", query).exists()


def test_random_asks_by_seed(tmp_path):
    drawn = set()
    for seed in range(8):
        after_a_test(callback(tmp_path / str(seed), "random", seed=seed))
        drawn.add(tuple(asked(tmp_path / str(seed) / "random")))
    assert len(drawn) > 3
    after_a_test(callback(tmp_path / "again", "random", seed=7))
    assert asked(tmp_path / "again" / "random") == asked(tmp_path / "7" / "random")


def test_core_sets_ask_about_what_is_unlike(tmp_path):
    after_a_test(callback(tmp_path, "entropy", "entropy+core_set", "core_set", queries=2, candidates=2))
    # the four most doubtful are two of B1 = 1 and two of B1 = 50: one of each
    assert asked(tmp_path / "entropy_core_set") == ["A#0,0,16,16", "A#0,16,16,16"]
    # of all windows the two that are farthest apart, whatever was first
    columns = {id.split(",")[1] for id in asked(tmp_path / "core_set")}
    assert len(columns) == 2
    assert read_queries(tmp_path / "core_set").queries[0].score is None


def test_core_sets_keep_away_from_what_is_labelled(tmp_path):
    data = SmallData(pool=[1, 2, 3], labelled=[0])  # 3 looks like 0
    after_a_test(callback(tmp_path, "core_set", queries=1), data)
    assert asked(tmp_path / "core_set") == ["A#0,32,16,16"]


def test_a_part_of_a_large_pool(tmp_path):
    section = after_a_test(callback(tmp_path, "random", queries=1, pool_limit=2))
    assert section["queries"]["random"]["pool"] == 6
    assert read_queries(tmp_path / "random").facts["looked_at"] <= 2


def test_nothing_is_done_unless_asked(tmp_path):
    assert after_a_test(callback(tmp_path, "entropy", queries=0)) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("acquisitions", "options", "data", "words"),
    [
        (["bald"], {"draws": 4}, {}, "network without dropout"),
        (["entropy"], {}, {"pool": []}, "every window is labelled"),
        (["entropy"], {}, {"pool": [5]}, "none of the 1 windows of the pool has data in 50%"),
    ],
)
def test_pools_that_cannot_be_asked_are_named(tmp_path, acquisitions, options, data, words):
    with pytest.raises(UserError, match=words):
        after_a_test(callback(tmp_path, *acquisitions, **options), SmallData(**data))


def test_unknown_acquisitions_are_refused():
    for name, words in (
        ("entropi", "found 'entropi', expected one of entropy"),
        ("entropy+random", r"expected a score, or a score and '\+core_set'"),
        ("bald", "found 1, expected at least 2"),
    ):
        with pytest.raises(UserError, match=words):
            callback("queries", name)
    with pytest.raises(UserError, match="features: found 'pixels'"):
        callback("queries", "entropy", features="pixels")


@pytest.mark.real
def test_windows_of_a_real_scene(real_data, tmp_path):
    table = ClassTable(
        name="csmask",
        classes={name: {"values": [value], "colour": [50 * value] * 3}
                 for name, value in (("cloud", 4), ("ground", 3), ("snow", 1), ("water", 2), ("shadow", 0))},
    )  # fmt: skip
    path = real_data / "cloudmask_ukis_csmask" / "landsat7.npz"
    bands = ("B2", "B3", "B4", "B8", "B11", "B12")
    data = Segmentation(
        scenes=SceneReader(band_order=bands, scale=10_000), classes=table, images=str(path), patch_size=64, split="blocks", test_limit=1,
    )  # fmt: skip
    data.setup()
    network = nn.Sequential(nn.Dropout2d(0.2), nn.Conv2d(6, 5, 1))
    module = SmallModule()
    module.network = Segmenter(network, bands=bands, classes=table.names, normalisation=BandNormalisation())
    roles = BandRoles(red=["B4"], green=["B3"], blue=["B2"], nir=["B8"], swir22=["B12"])
    asking = ActiveLearning(
        str(tmp_path), classes=table, acquisitions=["bald"], queries=2, draws=3, roles=roles
    )
    after_a_test(asking, data, module)
    content = read_queries(tmp_path / "bald")
    with np.load(path) as stored:
        for query in content.queries:
            window = query.window
            here = np.s_[window.row : window.bottom, window.column : window.right]
            with rasterio.open(content.file("images", query)) as file:
                assert np.allclose(file.read(), 10_000 * stored["img"][here].transpose(2, 0, 1), rtol=1e-6)
            with rasterio.open(content.file("masks", query)) as file:
                assert (file.read(1) == table.encode(stored["msk"][here][..., 0], "mask")).all()
            assert query.score > 0


class BandNormalisation(nn.Module):
    """Reflectance."""

    def forward(self, image):
        return image / 10_000
