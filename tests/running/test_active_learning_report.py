from omegaconf import OmegaConf

from evaluation.learning_curves import Trained
from evaluation.results import read_results
from running.active_learning_report import report

CONFIG = OmegaConf.create({"experiment_name": "clouds"})


def trainings(*arms):
    return [
        Trained(arm, seed, round, 5 * (round + 1), {"mean_iou": 0.3 + 0.1 * round + (arm == "bald") * 0.05 * round + 0.02 * seed})
        for seed in (1, 2) for arm in arms for round in (0, 1)
    ]  # fmt: skip


def test_a_report_has_figures_a_picture_and_a_table(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    runs = [*trainings("bald", "random"), Trained("all_labels", 1, 0, 50, {"mean_iou": 0.9})]
    value = report(CONFIG, tmp_path, runs, "mean_iou", 50, "masks")
    results = read_results(tmp_path / "results.json")
    assert value == results["metrics"]["bald/mean_iou"]
    assert abs(value - 0.48) < 1e-9  # 0.45 and two seeds of 0.02 and 0.04
    assert results["data"] == {"windows": 50, "oracle": "masks", "seeds": [1, 2]}
    assert (tmp_path / "pictures" / "learning_curve.png").stat().st_size > 5000
    shown = capsys.readouterr().out
    assert "10.0%" in shown
    assert "20.0%" in shown
    assert "0.480 ±0.014" in shown
    assert "bald - random" in shown
    assert "+0.050" in shown
    assert "with all labels: 0.900" in shown


def test_a_metric_that_was_not_measured(tmp_path):
    assert report(CONFIG, tmp_path, [Trained("bald", 1, 0, 5, {})], "mean_iou", 50, "human") is None
    assert not (tmp_path / "pictures").exists()
