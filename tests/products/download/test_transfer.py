import hashlib
import json
import logging
import threading

import numpy as np
import pytest
import requests

from errors import UserError
from products.download.checksum import told
from products.download.http_answer import NotAllowed, NotThere, only_for
from products.download.transfer import fetch
from tests.fakes.file_server import serving_files

DATA = np.random.default_rng(1).bytes(700_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


def left_over(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_what_is_told_of_it(server, quick, tmp_path):
    url = server.put("/a.bin", DATA)
    seen = []
    found = fetch(
        url, tmp_path / "a.bin", sha256=SHA256, progress=lambda *done: seen.append(done), limits=quick
    )
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert (found.size, found.sha256) == (len(DATA), SHA256)
    assert seen[0] == (0, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))
    assert left_over(tmp_path) == ["a.bin"]
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_file_with_the_right_checksum_is_not_asked_for(server, quick, tmp_path):
    url = server.put("/a.bin", DATA)
    (tmp_path / "a.bin").write_bytes(DATA)
    assert fetch(url, tmp_path / "a.bin", sha256=SHA256, limits=quick).sha256 == SHA256
    assert server.asked == []
    (tmp_path / "a.bin").write_bytes(b"old")
    fetch(url, tmp_path / "a.bin", sha256=SHA256, limits=quick)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_broken_transfer_goes_on_where_it_stopped(server, quick, tmp_path):
    url = server.put("/a.bin", DATA, faults=["503", "cut:300000", "429", "cut:100000"])
    fetch(url, tmp_path / "a.bin", sha256=SHA256, limits=quick)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    asked = server.gets("/a.bin")
    assert [one.headers.get("Range") for one in asked] == [
        None, None, "bytes=300000-", "bytes=300000-", "bytes=400000-",
    ]  # fmt: skip
    assert asked[-1].headers["If-Range"] == '"first"'


def test_another_file_under_the_same_url_begins_anew(server, quick, tmp_path):
    url = server.put("/a.bin", DATA[::-1], faults=["cut:300000"] + ["503"] * 3)
    with pytest.raises(UserError, match="503"):
        fetch(url, tmp_path / "a.bin", limits=quick)
    server.put("/a.bin", DATA, etag='"second"')
    fetch(url, tmp_path / "a.bin", limits=quick)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert server.gets("/a.bin")[-1].headers["If-Range"] == '"first"'


@pytest.mark.parametrize("manners", [{"ranges": False}, {"etag": None}, {"etag": 'W/"weak"'}])
def test_without_ranges_or_a_validator_it_begins_anew(server, quick, tmp_path, manners):
    url = server.put("/a.bin", DATA, faults=["cut:300000"], **manners)
    fetch(url, tmp_path / "a.bin", limits=quick)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert server.gets("/a.bin")[1].headers.get("Range") == (None if "etag" in manners else "bytes=300000-")


def test_a_checksum_allows_to_go_on_without_a_validator(server, quick, tmp_path):
    url = server.put("/a.bin", DATA, faults=["cut:300000"], etag=None)
    fetch(url, tmp_path / "a.bin", checksum=told("MD5", hashlib.md5(DATA).hexdigest()), limits=quick)
    assert server.gets("/a.bin")[1].headers.get("Range") == "bytes=300000-"
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_part_that_is_whole_is_finished(server, quick, tmp_path):
    url = server.put("/a.bin", DATA, faults=["cut:300000", "503", "503", "503"])
    with pytest.raises(UserError):
        fetch(url, tmp_path / "a.bin", sha256=SHA256, limits=quick)
    assert left_over(tmp_path) == [".a.bin.part", ".a.bin.part.json"]
    (tmp_path / ".a.bin.part").write_bytes(DATA)
    fetch(url, tmp_path / "a.bin", sha256=SHA256, limits=quick)
    assert left_over(tmp_path) == ["a.bin"]
    assert server.gets("/a.bin")[-1].headers["Range"] == f"bytes={len(DATA)}-"


def test_a_wrong_checksum_leaves_nothing(server, quick, tmp_path):
    url = server.put("/a.bin", DATA)
    with pytest.raises(UserError, match=r"found the checksum sha256:.* the file was removed"):
        fetch(url, tmp_path / "a.bin", sha256="0" * 64, limits=quick)
    assert left_over(tmp_path) == []
    with pytest.raises(UserError, match="sha256: found 'abc', expected"):
        fetch(url, tmp_path / "a.bin", sha256="abc", limits=quick)


@pytest.mark.parametrize("length", [True, False])
def test_too_much_leaves_nothing(server, quick, tmp_path, length):
    url = server.put("/a.bin", DATA, length=length)
    with pytest.raises(UserError, match="expected at most"):
        fetch(url, tmp_path / "a.bin", size_limit_bytes=500_000, limits=quick)
    with pytest.raises(UserError, match="expected 5 as listed"):
        fetch(url, tmp_path / "a.bin", size=5, limits=quick)
    assert left_over(tmp_path) == []


def test_the_size_that_is_listed_tells_what_is_cut_off(server, quick, tmp_path):
    url = server.put("/a.bin", DATA[:-1], length=False)
    with pytest.raises(UserError, match=f"found {len(DATA) - 1} bytes, expected {len(DATA)} as listed"):
        fetch(url, tmp_path / "a.bin", size=len(DATA), limits=quick)
    assert left_over(tmp_path) == []


def test_sentences_of_servers_that_say_no(server, quick, tmp_path):
    url = server.put("/a.bin", DATA, wanted="Basic no")
    with pytest.raises(NotAllowed, match="says 401 Unauthorized, expected credentials"):
        fetch(url + "?token=SECRET", tmp_path / "a", limits=quick)
    with pytest.raises(NotThere, match=r"/b\.bin: the server says 404"):
        fetch(server.url("/b.bin"), tmp_path / "a", limits=quick)
    server.put("/c.bin", DATA, faults=["503"] * 9)
    with pytest.raises(UserError, match="503 Service Unavailable; given up after 3 attempts"):
        fetch(server.url("/c.bin"), tmp_path / "a", limits=quick)
    assert len(server.gets("/c.bin")) == 3
    with pytest.raises(UserError, match="did not answer"):
        fetch("http://127.0.0.1:1/a", tmp_path / "a", limits=quick)
    server.put("/d.bin", DATA, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UserError, match="compressed"):
        fetch(server.url("/d.bin"), tmp_path / "a", limits=quick)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:///etc/passwd", "expected http"),
        ("ftp://example.org/a", "expected http"),
        ("http:///a", "expected http"),
        ("http://user:word@127.0.0.1/a", "user name or password"),
        ("http://127.0.0.1/a b", "expected http"),
        ("http://[::1/a", "found no URL"),
    ],
)
def test_only_urls_of_the_web(quick, tmp_path, url, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        fetch(url, tmp_path / "a", limits=quick)
    assert "word" not in str(caught.value).replace("password", "")


def test_redirects(server, quick, tmp_path):
    server.put("/end", DATA)
    server.redirects |= {"/begin": "/middle?x=1", "/middle": server.url("/end"), "/loop": "/loop"}
    server.redirects |= {"/disk": "file:///etc/passwd", "/ftp": "ftp://127.0.0.1/a"}
    fetch(server.url("/begin"), tmp_path / "a", sha256=SHA256, limits=quick)
    for path, sentence in (
        ("/loop", "more than 4 redirects"),
        ("/disk", "to 'file:'"),
        ("/ftp", "to 'ftp:'"),
    ):
        with pytest.raises(UserError, match=sentence):
            fetch(server.url(path), tmp_path / "b", limits=quick)
    assert left_over(tmp_path) == ["a"]


def test_credentials_go_to_their_own_server_alone(server, quick, tmp_path, monkeypatch):
    login = requests.auth.HTTPBasicAuth("me", "SECRET")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password SECRET\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving_files() as other:
        target = other.put("/a", DATA)
        server.redirects["/a"] = target
        fetch(
            server.url("/a"),
            tmp_path / "a",
            authority=only_for(server.url("/a"), lambda: login),
            limits=quick,
        )
        assert "Authorization" in server.asked[0].headers
        assert "Authorization" not in other.asked[0].headers
    plain = server.put("/b", DATA)
    fetch(plain, tmp_path / "b", limits=quick)
    assert "Authorization" not in server.asked[-1].headers


def test_a_token_that_runs_out_is_asked_for_anew(server, quick, tmp_path):
    url = server.put("/a", DATA, faults=["cut:300000", "401"])
    tokens = []

    def credentials():
        tokens.append(len(tokens))
        return requests.auth.HTTPBasicAuth("me", str(len(tokens)))

    fetch(url, tmp_path / "a", authority=only_for(url, credentials), limits=quick)
    assert len(tokens) == 3
    assert len({one.headers["Authorization"] for one in server.asked}) == 3


def test_no_token_is_logged(server, quick, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    url = server.put("/a", DATA)
    fetch(url + "?token=SECRET", tmp_path / "a", limits=quick)
    with pytest.raises(UserError) as caught:
        fetch(server.url("/b?token=SECRET"), tmp_path / "b", limits=quick)
    assert "SECRET" not in caplog.text + str(caught.value)


def test_what_was_interrupted_stays_and_goes_on(server, quick, tmp_path):
    url = server.put("/a", DATA)

    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path / "a", progress=interrupt, limits=quick)
    assert left_over(tmp_path) == [".a.part", ".a.part.json"]
    assert "127.0.0.1" not in json.dumps((tmp_path / ".a.part.json").read_text())
    fetch(url, tmp_path / "a", limits=quick)
    assert "Range" in server.gets("/a")[1].headers
    assert (tmp_path / "a").read_bytes() == DATA


def test_two_processes_do_not_write_one_part(server, quick, tmp_path):
    url = server.put("/a", DATA)
    inside, done = threading.Event(), threading.Event()

    def slow(count, total):
        inside.set()
        done.wait(5)

    thread = threading.Thread(target=lambda: fetch(url, tmp_path / "a", progress=slow, limits=quick))
    thread.start()
    inside.wait(5)
    with pytest.raises(UserError, match="another process is fetching it"):
        fetch(url, tmp_path / "a", limits=quick)
    done.set()
    thread.join()
    assert (tmp_path / "a").read_bytes() == DATA
