import pytest

from errors import UserError
from products.download import json_page
from products.download.json_page import read_page, read_pages


def test_pages(server, quick, monkeypatch):
    server.pages["/a"] = lambda asked: {"path": asked.path}
    assert read_page(server.url("/a"), quick) == ({"path": "/a"}, None)
    server.page_headers = {"Link": f'<{server.url("/a")}?p=2>; rel="next"'}
    monkeypatch.setattr(json_page, "_MOST_PAGES", 3)
    with pytest.raises(UserError, match="more than 3 pages"):
        list(read_pages(server.url("/a"), quick))


def test_what_is_no_list(server, quick, monkeypatch):
    with pytest.raises(UserError, match="/b: found no JSON"):
        read_page(server.put("/b", b"<html>"), quick)
    monkeypatch.setattr(json_page, "_LIMIT_BYTES", 10)
    with pytest.raises(UserError, match="found more than 10 bytes"):
        read_page(server.put("/c", b"[" + b"1," * 20 + b"1]"), quick)


def test_a_busy_server(server, quick):
    url = server.put("/d", b"[1]", faults=["429", "cut:1"])
    assert read_page(url, quick) == ([1], None)
