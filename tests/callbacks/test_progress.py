from callbacks.progress import Progress
from tests.fakes.line import fit_line


def test_one_line_per_validation_where_nobody_watches(capsys):
    fit_line([Progress()], enable_progress_bar=True)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step")]
    assert lines == ["step 2/6: loss 3", "step 4/6: loss 1", "step 6/6: loss 2"]
