"""Clear images, the same with clouds, and where these are: what `generate.py generator=cloud_pairs` runs."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from products.scene_reader import Images, SceneReader
from synthesis.clouds.archive import write_archive
from synthesis.clouds.cloud_images import open_clouds
from synthesis.clouds.mask_source import PROCEDURAL, ListedMasks, MadeUpMasks, MaskSource
from synthesis.clouds.pair_making import PairMaker
from synthesis.clouds.pair_manifest import (
    FOLDERS,
    MANIFEST,
    OPACITY,
    ROWS,
    SHADOW,
    Row,
    is_manifest,
    known_rows,
    manifest_text,
    write_manifest,
)
from synthesis.clouds.pair_settings import PairSettings, fitted
from synthesis.clouds.pair_writing import files_of, pair_id, write_pair
from synthesis.clouds.procedural_clouds import ProceduralClouds
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.surfaces import Surfaces
from synthesis.toy.claim import SETTINGS_FILE, claim
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

LOG = logging.getLogger(__name__)
ARCHIVE = "training_set.zip"


def generate(
    output: str | Path,
    *,
    masks: str | Path,
    surfaces: Images,
    scenes: Callable[..., SceneReader],
    weights: str | Path | None = None,
    count: int | None = None,
    tile_px: int | None = None,
    buckets: Sequence[float] | None = None,
    splits: Sequence[str] | None = None,
    bands: Sequence[str] | None = None,
    min_valid: float = 1.0,
    attempts: int = 200,
    black_is_data: bool = False,
    procedural_masks: ProceduralMasks | None = None,
    procedural_clouds: ProceduralClouds | None = None,
    seed: int = 0,
    archive: bool = True,
    batch_size: int = 1,
    device: str = "cpu",
    num_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Write `images/`, `masks/`, `clouds/`, `surface/`, numbered alike, `manifest.csv` and `training_set.zip`.

    A pair is a function of the settings, the sources and its number: an interrupted call goes on where it stopped, a set
    can grow by a larger `count`, and any number of threads gives the same bytes.

    Args:
        output: folder of the pairs.
        masks: folder of cloud tiles or of masks, or `procedural`.
        surfaces: clear images, files or folders.
        scenes: makes what opens those that are no pictures of 8 bits.
        weights: generator of clouds, a file or run; None: clouds of noise.
        count: pairs; None: one for each mask.
        tile_px: side of tiles that are cut of larger masks; None: the masks' own.
        buckets, splits: of the masks that are taken; None: all.
        bands: of the surfaces, in order; None: all.
        min_valid, attempts, black_is_data: see `Surfaces`.
        procedural_masks, procedural_clouds: how these are made.
        seed: of everything drawn.
        archive: write `training_set.zip`.
        batch_size: masks that the generator takes at once.
        device: of the generator.
        num_workers: threads.
        overwrite: replace pairs made with other settings or sources instead of refusing.
        progress: show a progress bar.
        settings: fields of `PairSettings`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, unusable masks, surfaces or weights, or a folder that holds something else.
    """
    output, rules = Path(output), PairSettings(**settings)
    for key, value in (("count", count), ("tile_px", tile_px), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise UserError(f"generator.{key}: found {value}, expected at least 1")
    source: MaskSource
    if str(masks) == PROCEDURAL:
        source = MadeUpMasks(procedural_masks or ProceduralMasks(), tile_px, count, seed)
    else:
        source = ListedMasks(masks, tile_px, buckets, splits, seed)
    ground = Surfaces(
        surfaces, scenes, source.height, source.width,
        bands=bands, min_valid=min_valid, attempts=attempts, black_is_data=black_is_data,
    )  # fmt: skip
    clouds = open_clouds(weights, procedural_clouds, device)
    form = fitted(rules, ground.bands, ground.eight_bit, clouds.bands, clouds.learned, ground.min_valid)
    maker = PairMaker(source, ground, clouds, form, seed)
    record = {
        **form.record(), **clouds.record(), "seed": seed, "height": source.height, "width": source.width,
        "masks": source.fingerprint(), "surfaces": ground.fingerprint(), "min_valid": ground.min_valid,
        "black_is_data": black_is_data, "batch_size": batch_size,
    }  # fmt: skip
    wanted = len(source) if count is None else count
    claim(
        output, record, overwrite, complete=MANIFEST, folders=(*FOLDERS, OPACITY, SHADOW, ROWS),
        files=(SETTINGS_FILE, MANIFEST, ARCHIVE),
    )  # fmt: skip
    rows = _complete(output, maker, wanted, batch_size, num_workers, progress)
    _finish(output, rows, maker, archive)
    return output


def _complete(
    output: Path, maker: PairMaker, wanted: int, batch_size: int, num_workers: int, progress: bool
) -> dict[str, Row]:
    """Make the pairs that are missing; rows of all."""
    rows = known_rows(output)
    names = [pair_id(number) for number in range(wanted)]
    surplus = sorted(set(rows) - set(names))
    if surplus:
        raise UserError(
            f"output {output} holds {len(rows)} pairs, up to {surplus[-1]}, expected at most {wanted}: choose another "
            f"output folder, or give count={max(map(int, rows))}"
        )
    # The same masks are together in a batch whatever is missing, since a network's last bits depend on its batch.
    batches = [list(range(first, min(first + batch_size, wanted))) for first in range(0, wanted, batch_size)]
    missing = [batch for batch in batches if any(names[number] not in rows for number in batch)]
    with progress_bar(wanted, progress, "pairs") as advance:
        advance(wanted - sum(map(len, missing)))

        def work(batch: list[int], sign: StopSign) -> list[Row]:
            drawn = [maker.draw(number) for number in batch]
            made = []
            for each, cloud in zip(drawn, maker.images(drawn), strict=True):
                sign.check()
                if names[each.number] not in rows:
                    pair = maker.compose(each, cloud)
                    made.append(write_pair(output, each, pair, maker.form, maker.clouds.name, maker.seed))
                advance(1)
            return made

        for made in in_order(work, missing, num_workers):
            rows.update({row["id"]: row for row in made})
    return rows


def _finish(output: Path, rows: dict[str, Row], maker: PairMaker, archive: bool) -> None:
    """Write the manifest, and the archive where it is not there or holds other pairs."""
    for folder in (*FOLDERS, *maker.form.also):
        for rest in (output / folder).glob(".*.part"):  # of a call that was killed
            rest.unlink(missing_ok=True)
    text, zipped = manifest_text(list(rows.values())), output / ARCHIVE
    if not is_manifest(output, text):
        zipped.unlink(missing_ok=True)  # first, so that one that is there is never of other pairs
    write_manifest(output, text)
    if archive and not zipped.is_file():
        files = [name for row in rows for name in files_of(row, maker.form).values()]
        write_archive(zipped, output, [*files, MANIFEST, SETTINGS_FILE])
