"""Days of scenes, by their names."""

from datetime import date

import pytest

from evaluation.segmentation_calendar import by_day


def test_scenes_of_a_day_are_averaged_and_days_are_in_order() -> None:
    scores = {
        "S2A_MSIL1C_20230908T093041_N0509_R136_T34TET_20230908T114330": 0.5,
        "T32TNS_20210126T102311": 0.2,
        "T33UUU_20210126T102311": 0.4,
    }
    days = by_day(scores)
    assert list(days) == [date(2021, 1, 26), date(2023, 9, 8)]
    assert days[date(2021, 1, 26)] == pytest.approx(0.3)


def test_names_without_a_date_and_scenes_without_a_score_are_left_out() -> None:
    assert by_day({"north": 0.5, "T32TNS_20210126": None}) == {}
