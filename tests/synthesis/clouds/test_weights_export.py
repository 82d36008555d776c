"""A run becomes four published files, in the published roles."""

from pathlib import Path

import pytest
import torch

from errors import UserError
from networks.published import cyclegan_discriminator_from_pth, cyclegan_generator_from_pth
from synthesis.clouds.weights_export import export
from tests.fakes.small_cyclegan import content, trained


@pytest.mark.parametrize("folder", [True, False])
def test_four_files_in_the_published_roles(tmp_path: Path, folder: bool) -> None:
    module = trained()
    path = tmp_path / "run" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(parents=True)
    torch.save(content(module), path)
    out = export(tmp_path / "out", run=str(tmp_path / "run" if folder else path))
    assert sorted(file.name for file in out.iterdir()) == [
        f"latest_net_{name}.pth" for name in ("D_A", "D_B", "G_A", "G_B")
    ]
    mask, cloud = 2 * torch.rand(1, 1, 16, 16) - 1, 2 * torch.rand(1, 3, 16, 16) - 1
    with torch.no_grad():
        to_clouds, to_masks = (
            cyclegan_generator_from_pth(out / f"latest_net_{n}.pth") for n in ("G_B", "G_A")
        )
        torch.testing.assert_close(to_clouds(mask), module.network.generator(mask))
        torch.testing.assert_close(to_masks(cloud), module.back_network.generator(cloud))
        judges = module.discriminators.networks
        of_masks, of_clouds = (
            cyclegan_discriminator_from_pth(out / f"latest_net_{name}.pth") for name in ("D_A", "D_B")
        )
        torch.testing.assert_close(of_masks(mask), judges["ba"](mask))
        torch.testing.assert_close(of_clouds(cloud), judges["ab"](cloud))


def test_what_cannot_be_exported_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"generator\.checkpoint: found 'first', expected one of best, last"):
        export(tmp_path / "out", run="x", checkpoint="first")
    with pytest.raises(UserError, match="there is no such file; expected a checkpoint of CycleGAN"):
        export(tmp_path / "out", run=str(tmp_path / "nowhere"))
    torch.save({"a": torch.zeros(1)}, tmp_path / "c.ckpt")
    with pytest.raises(UserError, match="found no tensors of back_network"):
        export(tmp_path / "out", run=str(tmp_path / "c.ckpt"))
    assert not (tmp_path / "out").exists()
