import io

import numpy as np
import pytest

from errors import UserError
from products.download.remote_bytes import open_remote

DATA = np.random.default_rng(2).bytes(3_000_000)


def test_reading_here_and_there(server, quick):
    url = server.put("/a", DATA)
    with open_remote(url, quick) as file:
        assert file.seek(-100, io.SEEK_END) == len(DATA) - 100
        assert file.read() == DATA[-100:]
        assert file.read(5) == b""
        file.seek(1_000)
        assert file.read(500_000) == DATA[1_000:501_000]
        file.seek(700_000, io.SEEK_CUR)
        assert file.read(10) == DATA[1_201_000:1_201_010]
    ranges = [one.headers["Range"] for one in server.asked]
    assert ranges[:3] == ["bytes=0-0", f"bytes={len(DATA) - 100}-", "bytes=1000-"]
    assert len(ranges) == 3  # a short step ahead is read over


def test_a_connection_that_breaks_is_made_anew(server, quick):
    url = server.put("/a", DATA)
    with open_remote(url, quick) as file:
        server.files["/a"].faults += ["cut:300000", "503", "cut:400000"]
        assert file.read() == DATA
    assert server.asked[-1].headers["If-Range"] == '"first"'


def test_sentences(server, quick):
    with pytest.raises(UserError, match="gives no parts of this file"):
        open_remote(server.put("/a", DATA, ranges=False), quick)
    url = server.put("/b", DATA)
    with open_remote(url, quick) as file:
        server.put("/b", DATA[:-5], etag='"second"')
        with pytest.raises(UserError, match=r"gives no parts of this file|another file than before"):
            file.read(10)
    with open_remote(server.put("/c", DATA), quick) as file:
        server.files["/c"].faults += ["503"] * 9
        with pytest.raises(UserError, match=r"503 .* given up after 3 attempts"):
            file.read(10)
