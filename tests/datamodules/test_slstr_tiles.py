"""`data=slstr_tiles`."""

from functools import partial

import pytest
import torch

from datamodules.slstr_tiles import SlstrTiles
from errors import UserError
from lightning_modules.cycle_batches import read_domains
from synthesis.clouds.generated_tiles import generated_tiles
from tests.fakes import cloud_tiles


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    cloud_tiles.write(folder)
    return folder


def data(root, **settings):
    module = SlstrTiles(root=str(root), batch_size=2, **settings)
    module.prepare_data()
    module.setup()
    return module


def test_batches_are_those_that_cyclegan_takes(tiles):
    module = data(tiles)
    batch = next(iter(module.train_dataloader()))
    domains = read_domains(batch, needs_pairs=False)
    assert domains.a.shape == domains.b.shape == (2, 3, 16, 16) and domains.a.dtype == torch.float32
    assert set(domains.a.unique().tolist()) == {0, 1} and 0 <= domains.b.min() <= domains.b.max() <= 1
    assert module.channels == {"in_channels": 3, "out_channels": 3}
    tested = next(iter(module.test_dataloader()))
    assert {"source", "target", "valid", "id", "scene"} == set(tested)
    assert read_domains(tested, needs_pairs=True).valid_b.all()


def test_one_mask_channel_and_pairs(tiles):
    module = data(tiles, mask_channels=1, unpaired=False)
    batch = next(iter(module.train_dataloader()))
    assert batch["source"].shape == (2, 1, 16, 16) and module.channels["in_channels"] == 1


def test_the_order_is_a_function_of_the_seed(tiles):
    one, two, other = (data(tiles, seed=seed) for seed in (3, 3, 4))
    batches = [[batch["id"] for batch in module.train_dataloader()] for module in (one, two, other)]
    assert batches[0] == batches[1] != batches[2]


def test_no_test_tile_is_read_in_training(tiles):
    module = data(tiles, buckets=None)
    names = {
        name for batch in module.train_dataloader() for text in batch["id"] for name in text.split(" + ")
    }
    held = {record.id for part in ("val", "test") for record in module.plan.parts[part]}
    assert held and not names & held
    assert len({record.product for record in module.plan.parts["train"]}) == 2


def test_satellites_draw_from_their_own_tiles(tiles):
    seen = []
    for satellite in (0, 1):
        module = SlstrTiles(root=str(tiles), batch_size=1)
        module.satellite, module.num_satellites, module.data_shard = satellite, 2, "random"
        module.setup()
        loader = module.train_dataloader()
        seen.append({name for batch in loader for text in batch["id"] for name in text.split(" + ")})
    assert seen[0] and seen[1] and not seen[0] & seen[1]


def test_without_a_folder_small_tiles_are_made(tmp_path):
    generator = partial(generated_tiles, count=6, tile_px=16)
    module = SlstrTiles(generator=generator, cache=str(tmp_path), buckets=None, batch_size=1)
    module.prepare_data()
    module.setup("fit")
    assert module.specification.synthetic and module.example_input().suffix == ".png"
    assert next(iter(module.train_dataloader()))["domain_b"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"root": None}, r"data\.root is null"),
        (
            {"augmentation": "rotate"},
            r"data\.augmentation: found rotate, expected one of none, flip, dihedral",
        ),
        ({"mask_resampling": "cubic"}, r"data\.mask_resampling: found cubic"),
        ({"mask_channels": 0}, r"data\.mask_channels: found 0"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        SlstrTiles(**{"root": "x", **settings})
