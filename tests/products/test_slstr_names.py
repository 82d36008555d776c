from datetime import UTC, datetime

import pytest

from products.slstr_names import other_type, read_name
from tests.fakes import slstr


@pytest.mark.parametrize(
    ("text", "platform", "collection"),
    [
        (slstr.NAME, "S3B", "004"),
        (slstr.OTHER, "S3A", "002"),
        (slstr.OTHER.removesuffix(".SEN3"), "S3A", "002"),
    ],
)
def test_names_of_both_satellites_and_collections(text, platform, collection):
    said = read_name(text)
    assert (said.platform, said.collection) == (platform, collection)
    assert said.name == text.removesuffix(".SEN3")


def test_times_of_sensing():
    said = read_name(slstr.NAME)
    assert said.start == datetime(2023, 9, 8, 9, 34, 9, tzinfo=UTC)
    assert (said.stop - said.start).total_seconds() == 180


@pytest.mark.parametrize(
    "text",
    ["3", "S3B_SL_2_LST____20230908T093409_20230908T093709_x", slstr.NAME.replace("20230908", "20231308", 1)],
)
def test_other_names_say_nothing(text):
    assert read_name(text) is None


def test_another_type_is_told():
    assert other_type(slstr.NAME.replace("SL_1_RBT", "SL_2_LST")) == "SL_2_LST"
    assert other_type("S3A_OL_1_EFR____2023") == "OL_1_EFR"
    assert other_type(slstr.NAME) is None
    assert other_type("product 3") is None
