"""The dataset that `data=toy` makes for itself where no folder is given."""

import shutil
import uuid
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from datamodules.toy_latent import cache_key
from errors import UserError
from synthesis.toy.manifest import MANIFEST


def cached_dataset(
    generator: Callable[..., Path], cache: Path, task: str, ignore: Collection[str] = ("num_workers",)
) -> Path:
    """Folder of the dataset of this generator and task, made if the cache lacks it.

    It is made under a name of its own and renamed: of several processes one wins, the others use its dataset.

    Args:
        generator: `synthesis.toy.dataset.generate` as a partial, with its settings.
        cache: folder of all such datasets.
        task: whose products are made.
        ignore: settings that do not change what is made.

    Raises:
        UserError: no partial, or a cache that cannot be written.
    """
    if not isinstance(generator, partial):
        raise UserError("data.generator is no partial: expected _partial_: true in its config")
    settings = {**generator.keywords, "task": task}
    # The key of single scenes leaves these two out.
    settings |= {"scenes": settings.get("num_scenes"), "first": settings.get("seed")}
    settings = {name: value for name, value in settings.items() if name not in ignore}
    folder = cache / f"{task}_{cache_key(settings)}"
    if (folder / MANIFEST).is_file():
        return folder
    temporary = cache / f".{folder.name}-{uuid.uuid4().hex}"
    try:
        generator(temporary, task=task, progress=False)
        temporary.rename(folder)
    except OSError as error:
        if not (folder / MANIFEST).is_file():
            raise UserError(
                f"data.cache: {folder} cannot be written ({error}), expected a writable folder"
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
