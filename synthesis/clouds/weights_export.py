"""The networks of a trained CycleGAN of clouds as files of the published layout, for CycleGAN's own code and CloudGAN."""

from pathlib import Path

from errors import UserError
from networks.checkpoint_tensors import read_content
from networks.cyclegan_checkpoint import export_pth
from networks.cyclegan_run import (
    BACK,
    EXPECTED,
    FORTH,
    checkpoint_of,
    discriminator_of_run,
    translator_of,
)

# There images are domain A and masks B; G_B makes images of masks, and D_A judges what G_A makes, masks.
GENERATORS = {"latest_net_G_A.pth": BACK, "latest_net_G_B.pth": FORTH}
DISCRIMINATORS = {"latest_net_D_A.pth": "ba", "latest_net_D_B.pth": "ab"}
_CHOICES = ("best", "last")


def export(output: Path, *, run: str, checkpoint: str = "best") -> Path:
    """Write both generators and both discriminators of a run.

    Args:
        output: the folder.
        run: folder of a run, or a checkpoint file.
        checkpoint: `best` or `last`.

    Returns:
        The folder.

    Raises:
        UserError: no such run, one of another model, or networks that the published layout cannot hold.
    """
    if checkpoint not in _CHOICES:
        raise UserError(f"generator.checkpoint: found {checkpoint!r}, expected one of {', '.join(_CHOICES)}")
    given = Path(run)
    path = checkpoint_of(given, which=checkpoint) if given.is_dir() else given
    content = read_content(path, EXPECTED)
    networks = {
        name: translator_of(content, path, direction=direction) for name, direction in GENERATORS.items()
    }
    judges = {
        name: discriminator_of_run(content, path, direction) for name, direction in DISCRIMINATORS.items()
    }
    for name, network in {**networks, **judges}.items():
        export_pth(network, output / name)
    return output
