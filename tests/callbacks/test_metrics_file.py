import csv

from callbacks.metrics_file import MetricsFile


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_new_names_add_columns_and_rows_stay(tmp_path):
    log = MetricsFile(tmp_path / "metrics.csv")
    log.log_metrics({"a": 1.0, "epoch": 0}, step=0)
    log.log_metrics({"b": 2.0, "epoch": 1}, step=1)
    log.log_metrics({"a": 3.0, "epoch": 1}, step=2)
    assert rows(log.path) == [
        {"step": "0", "epoch": "0", "a": "1.0", "b": ""},
        {"step": "1", "epoch": "1", "a": "", "b": "2.0"},
        {"step": "2", "epoch": "1", "a": "3.0", "b": ""},
    ]


def test_resumed_file_drops_what_is_done_again(tmp_path):
    log = MetricsFile(tmp_path / "metrics.csv")
    for step in range(5):
        log.log_metrics({"a": float(step)}, step=step)
    again = MetricsFile(tmp_path / "metrics.csv")
    again.rewind(3)
    again.log_metrics({"a": 30.0}, step=3)
    assert [(row["step"], row["a"]) for row in rows(log.path)] == [
        ("0", "0.0"),
        ("1", "1.0"),
        ("2", "2.0"),
        ("3", "30.0"),
    ]


def test_row_cut_by_a_kill_is_dropped(tmp_path):
    log = MetricsFile(tmp_path / "metrics.csv")
    log.log_metrics({"a": 1.0, "b": 1.0}, step=0)
    with log.path.open("a") as file:
        file.write("1,0,1")
    again = MetricsFile(log.path)
    again.rewind(1)
    assert len(rows(log.path)) == 1
