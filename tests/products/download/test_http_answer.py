from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from errors import UserError
from products.download import http_answer
from products.download.http_answer import PassingFailure, answer, only_for, pause, with_patience
from products.download.transfer_limits import TransferLimits


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7),
        ("9999", 30),
        (None, 4),
        ("soon", 4),
        ("in 20 s", 20),
    ],
)
def test_how_long_is_waited(monkeypatch, asked, waited):
    limits = TransferLimits(attempts=4, first_wait_s=2, longest_wait_s=30)
    slow = requests.Response()
    slow.status_code = 503
    if asked == "in 20 s":
        asked = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    if asked is not None:
        slow.headers["Retry-After"] = asked
    slept = []
    monkeypatch.setattr(http_answer.time, "sleep", slept.append)
    with pytest.raises(PassingFailure) as failure:
        http_answer._judge(slow, "http://h/a")
    pause(2, failure.value, limits)
    assert slept == [pytest.approx(waited, abs=2)]
    with pytest.raises(UserError, match="given up after 4 attempts"):
        pause(4, failure.value, limits)


def test_patience_ends_with_success(quick):
    failures = [PassingFailure("no"), PassingFailure("no")]

    def action():
        if failures:
            raise failures.pop()
        return 5

    assert with_patience(action, quick) == 5


def test_https_is_not_left():
    with pytest.raises(UserError, match="from https to http"):
        http_answer._followed("https://h/a", "http://h/b")
    assert http_answer._followed("https://h/a", "//i/b") == "https://i/b"


def test_credentials_of_one_server():
    login = requests.auth.HTTPBasicAuth("a", "b")
    authority = only_for("https://h/a", lambda: login)
    assert authority("https://h:443/b?c") is login
    for url in ("http://h/a", "https://h:444/a", "https://i/a", "https://h.i/a"):
        assert authority(url) is None


def test_a_body_that_breaks_off(server, quick):
    url = server.put("/a", b"x" * 1000, faults=["cut:10"])
    with answer(url, quick) as response:
        assert http_answer.read_some(response, 100) == b"x" * 10
        with pytest.raises(PassingFailure, match="broke off"):
            http_answer.read_some(response, 100)
