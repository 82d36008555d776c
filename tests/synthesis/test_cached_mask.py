"""Numbers that stand for classes in cached masks."""

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from synthesis.cached_mask import stored_numbers


@pytest.mark.parametrize("name", ["clouds", "csmask", "cloudsen12", "osm_landuse", "cloud_or_clear"])
def test_every_table_reads_its_own_numbers(repository, name):
    table = instantiate(OmegaConf.load(repository / "conf" / "classes" / f"{name}.yaml"))
    numbers = stored_numbers(table)
    places = np.arange(len(table))
    np.testing.assert_array_equal(table.encode(numbers[places], name), places)
    known = {value for values in table.values for value in values}
    assert numbers[255] not in known
