import pytest

from callbacks.early_stopping import EarlyStopping
from tests.fakes.line import fit_line


@pytest.mark.parametrize(("patience", "steps"), [(1, 4), (2, 6), (None, 6)])
def test_stops_after_patience_or_never(patience, steps):
    callback = EarlyStopping(patience=patience, monitor="val/loss", mode="min")
    assert fit_line([callback], losses=(1.0, 2.0, 3.0)).global_step == steps


def test_never_asks_for_a_value_that_is_not_logged():
    assert fit_line([EarlyStopping(patience=None, monitor="val/nothing")]).global_step == 6
