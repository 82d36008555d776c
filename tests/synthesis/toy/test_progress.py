import pytest

from synthesis.toy.progress import progress_bar


@pytest.mark.parametrize("shown", [True, False])
def test_the_bar_goes_to_the_error_stream_only_when_asked(
    capsys: pytest.CaptureFixture[str], shown: bool
) -> None:
    with progress_bar(4, shown, "scenes") as advance:
        advance(1)
        advance(3)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert ("scenes" in printed.err and "4/4" in printed.err) == shown
