"""All four networks out of the checkpoint of a run, as its module has them."""

from pathlib import Path
from typing import Any

import pytest
import torch

from errors import UserError
from networks.cyclegan_run import BACK, FORTH, checkpoint_of, discriminator_of_run, translator_of
from tests.fakes.small_cyclegan import MODEL, content, trained


@pytest.mark.parametrize("more", [{}, {"ema_decay": 0.9}])
def test_every_network_is_the_modules(more: dict[str, Any]) -> None:
    module = trained(**more)
    forth = translator_of(content(module), Path("c.ckpt"))
    back = translator_of(content(module), Path("c.ckpt"), direction=BACK)
    mask, cloud = torch.rand(1, 1, 16, 16), torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(forth(mask), module.network(mask))
        torch.testing.assert_close(back(cloud), module.back_network(cloud))
        for name, image in (("ab", cloud), ("ba", mask)):
            found = discriminator_of_run(content(module), Path("c.ckpt"), name)
            torch.testing.assert_close(found(image), module.discriminators.networks[name](image))
            assert not found.training


def test_the_checkpoint_that_counts(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(UserError, match="found none of checkpoints/best"):
        checkpoint_of(tmp_path)
    for name in ("last", "best"):
        (tmp_path / "checkpoints" / f"{name}.ckpt").touch()
        assert checkpoint_of(tmp_path).stem == name
    assert checkpoint_of(tmp_path, which="last").stem == "last"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state_dict": {}}, "found no tensors of network, expected a checkpoint of CycleGAN"),
        ({"nadir": {}}, "without a config"),
        (
            {"nadir": {"config": {"model": {**MODEL, "network": "x"}}}},
            "another model .model.network: found 'x'",
        ),
        ({"nadir": {"config": {"model": {"network": "resnet"}}}}, "another model .'in_channels'"),
        ({"nadir": {"config": {"model": {**MODEL, "in_channels": 2}}}}, r"found .*, expected \(2, 2, 7, 7\)"),
    ],
)
def test_other_checkpoints_are_one_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        translator_of({**content(trained()), **change}, Path("c.ckpt"), direction=FORTH)
    assert str(caught.value).startswith("c.ckpt: ") and "\n" not in str(caught.value)
