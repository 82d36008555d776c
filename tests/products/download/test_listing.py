import pytest

from products.download.listing import progress_bar, show, size_in_words
from products.download.remote_item import over_http


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "unknown size"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (25_600_000, "25.6 MB"),
        (147.6e9, "147.6 GB"),
    ],
)
def test_sizes(size, words):
    assert size_in_words(size) == words


def test_a_list(capsys):
    items = [
        over_http("[a].zip", "http://h/a", size=1500, facts={"acquired": "2024-06-01", "cloud_cover": 2.5}),
        over_http("long.zip", "http://h/b"),
    ]
    show(items, [over_http("c.zip", "http://h/c")])
    assert capsys.readouterr().out.splitlines() == [
        "[a].zip   1.5 kB  (acquired 2024-06-01, cloud_cover 2.5)",
        "long.zip  unknown size",
        "c.zip     already there",
        "to fetch: 2, 1.5 kB, and 1 of unknown size; already there: 1",
    ]


def test_the_bar_is_on_the_error_stream(capsys):
    with progress_bar("[x].zip", 10, True) as tell:
        tell(10, 10)
    out, err = capsys.readouterr()
    assert out == ""
    assert "[x].zip" in err
