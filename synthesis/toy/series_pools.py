"""Which series the scenes of a split may follow: those that no scene of another split follows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from errors import UserError
from synthesis.toy.manifest import SPLITS
from synthesis.toy.time_series import SeriesPool

_PARTS = ("TRAIN", "TEST")  # file names of the UEA archive end so; published order


def series_files(value: str | Path | Sequence[str] | None, key: str) -> list[Path]:
    """The `.ts` files that a config value names, in the order in which series are numbered.

    Args:
        value: a folder (its `.ts` files by name, `_TRAIN` before `_TEST`, as published), a file, a list of files, or
            None for no files at all.
        key: of the config, for messages.

    Raises:
        UserError: the folder is missing or holds no `.ts` file.
    """
    if value is None:
        return []
    if not isinstance(value, str | Path):
        return [file for item in value for file in series_files(item, key)]
    path = Path(value).expanduser()
    if path.is_dir():
        files = sorted(path.glob("*.ts"), key=_published_order)
        if not files:
            raise UserError(f"{key}: {path} holds no .ts file, expected a folder of time series")
        return files
    if not path.exists():
        raise UserError(f"{key}: {path} does not exist, expected a .ts file or a folder of them")
    return [path]


def disjoint_pools(
    pool: SeriesPool, fractions: Mapping[str, float], seed: int, group: str
) -> dict[str, SeriesPool]:
    """Cut the series of every class into the splits; no series is in two of them.

    Args:
        pool: of all series; their indices stay.
        fractions: of each split, summing to 1; 0 gives an empty pool.
        seed: of the shuffle.
        group: name of the pool, part of the seed and of messages.

    Raises:
        UserError: a class has fewer series than there are splits.
    """
    members: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    wanted = [split for split in SPLITS if fractions[split] > 0]
    for number in np.unique(pool.classes[pool.classes > 0]):
        of_class = pool.members(number)
        if len(of_class) < len(wanted):
            raise UserError(
                f"generator.series.{group}: class {number} has {len(of_class)} series, expected at least {len(wanted)}, "
                "one for each split (or generator.series_pool=shared)"
            )
        shuffled = np.random.default_rng([seed, crc32(group.encode()), number]).permutation(of_class)
        left = shuffled
        for split in reversed(wanted[1:]):
            count = max(1, round(fractions[split] * len(of_class)))
            count = min(count, len(left) - wanted.index(split))  # those before it need one each
            left, taken = left[:-count], left[-count:]
            members[split].append(taken)
        members[wanted[0]].append(left)
    return {
        split: pool.restricted(np.concatenate(parts) if parts else np.array([], dtype=int))
        for split, parts in members.items()
    }


def _published_order(path: Path) -> tuple[str, int, str]:
    name, _, part = path.stem.rpartition("_")
    known = part.upper() in _PARTS
    return (name if known else path.stem, _PARTS.index(part.upper()) if known else 0, path.name)
