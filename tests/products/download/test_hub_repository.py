import hashlib

import pytest

from errors import UserError
from products.download import hub_repository
from products.download.remote_item import Watch
from products.download.selection import Selection


def test_files_of_a_repository_by_pages(server, quick, tmp_path):
    picture = b"jpeg" * 100
    digest = hashlib.sha256(picture).hexdigest()
    large = {"type": "file", "path": "data/Beach/beach_1.jpg", "size": 130, "oid": "abc",
             "lfs": {"oid": digest, "size": len(picture), "pointerSize": 130}}  # fmt: skip
    small = {"type": "file", "path": "data/Beach/beach_2.jpg", "size": 4, "oid": "def"}
    readme = {"type": "file", "path": "README.md", "size": 9, "oid": "0"}
    folder = {"type": "directory", "path": "data", "size": 0}

    def tree(asked):
        first = "cursor" not in asked.path
        server.page_headers = {"Link": f'<{server.url("/tree/main")}?cursor=2>; rel="next"'} if first else {}
        return [folder, readme, large] if first else [small]

    server.pages["/tree/main"] = tree
    server.put("/cdn/1", picture)
    server.redirects["/resolve/main/data/Beach/beach_1.jpg"] = server.url("/cdn/1?signature=x")
    source = {"repository": "a/AID", "revision": "main", "tree_url": server.url("/tree/{revision}?recursive=true"),
              "file_url": server.url("/resolve/{revision}/{path}"), "suffixes": [".jpg"]}  # fmt: skip
    items = hub_repository.find("aid", source, Selection(), quick)
    assert [(one.name, one.size) for one in items] == [
        ("data/Beach/beach_1.jpg", 400),
        ("data/Beach/beach_2.jpg", 4),
    ]
    assert str(items[0].checksum) == f"sha256:{digest}"
    assert items[1].checksum is None
    items[0].fetch(tmp_path / "x.jpg", Watch(10**6, lambda done, total: None, quick))
    assert (tmp_path / "x.jpg").read_bytes() == picture
    assert len(hub_repository.find("aid", source, Selection(names=("*_2.jpg",)), quick)) == 1
    small["path"] = "data/../../evil.jpg"
    with pytest.raises(UserError, match="found the file name"):
        hub_repository.find("aid", source, Selection(), quick)
    with pytest.raises(UserError, match="found no files"):
        hub_repository.find("aid", source | {"suffixes": [".tif"]}, Selection(), quick)


def test_pages_of_another_server_are_not_read(server, quick):
    server.pages["/tree"] = lambda asked: []
    server.page_headers = {"Link": '<http://example.org/tree?cursor=2>; rel="next"'}
    source = {
        "repository": "a",
        "revision": "b",
        "tree_url": server.url("/tree"),
        "file_url": "",
        "suffixes": [],
    }
    with pytest.raises(UserError, match="next page on another server"):
        hub_repository.find("aid", source, Selection(), quick)
