from callbacks.metrics_file import MetricsFile
from callbacks.timing import Timing
from tests.fakes.line import fit_line


def test_steps_are_counted_and_logged(tmp_path):
    timing = Timing()
    log = MetricsFile(tmp_path / "metrics.csv")
    fit_line([timing], logger=[log])
    section = timing.result_sections()["training"]
    assert section["steps"] == 6
    assert section["seconds"] > 0
    assert {"time/step_seconds", "time/data_seconds"} <= set(log.columns)


def test_a_resumed_run_reports_all_of_its_training():
    timing = Timing()
    assert timing.result_sections() == {}
    timing.load_state_dict({"train_seconds": 5.0, "steps": 10})
    fit_line([timing])
    assert timing.result_sections()["training"]["steps"] == 16
