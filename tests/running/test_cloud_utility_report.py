from evaluation.results import read_results
from evaluation.utility import Scored, utility
from running.cloud_utility_report import report, table

DATA = {"test_scenes": 1, "split_note": "by blocks", "generated": False}


def scored(seeds=(0, 1, 2)):
    return [
        Scored(arm, seed, share, 5, {"iou_cloud": value + 0.01 * seed})
        for arm, share, value in (
            ("real", 0.1, 0.5),
            ("both", 0.1, 0.6),
            ("real", 1.0, 0.7),
            ("pairs", 0.0, 0.4),
        )
        for seed in seeds
    ]


def test_results_picture_and_words(tmp_path, capsys):
    metrics = report("mine", tmp_path, scored(), "iou_cloud", DATA)
    results = read_results(tmp_path / "results.json")
    assert results["metrics"] == metrics
    assert results["data"] == DATA
    shown = capsys.readouterr().out
    assert "real and pairs" in shown
    assert "Indicative only" in shown
    assert results["utility"]["conclusion"] in shown
    assert (tmp_path / "pictures" / "utility.png").exists()


def test_a_cell_for_each_share():
    made = table(utility(scored(), "iou_cloud")["utility"])
    columns = [[str(column.header), *column.cells] for column in made.columns]
    assert columns == [
        ["", "real", "real and pairs", "gain", "pairs alone"],
        ["10 %", "0.510 ± 0.010", "0.610 ± 0.010", "+0.100 ± 0.000", "0.410 ± 0.010"],
        ["100 %", "0.710 ± 0.010", "", "", ""],
    ]


def test_nothing_known_is_no_failure(tmp_path):
    assert report("mine", tmp_path, [Scored("real", 0, 1.0, 5, {})], "iou_cloud", DATA) == {}
    assert not (tmp_path / "pictures").exists()
