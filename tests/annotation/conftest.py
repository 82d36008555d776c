"""Patches to mend, and a browser to mend them in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from products.query_folder import QueryFolder, read_queries
from tests.fakes import annotation_page, annotation_patches
from tests.fakes.annotation_page import Chromium, PageDriver
from tests.fakes.annotation_server import Served, serve


@pytest.fixture(scope="session")
def written_queries(tmp_path_factory) -> Path:
    """Three patches of 40 x 48 pixels, none of them mended; not to be changed."""
    return annotation_patches.write(tmp_path_factory.mktemp("annotation") / "queries").path


@pytest.fixture
def queries(written_queries, tmp_path) -> QueryFolder:
    """A copy of them."""
    return read_queries(shutil.copytree(written_queries, tmp_path / "queries"))


@pytest.fixture
def served(queries) -> Iterator[Served]:
    """A server of them."""
    with serve(queries.path) as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A browser; tests that need one are skipped where there is none."""
    if annotation_page.executable() is None:
        pytest.skip(f"no browser: none of {', '.join(annotation_page.NAMES)} is installed")
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def driver(chromium) -> PageDriver:
    """A page that many tests use, one after the other."""
    return PageDriver(chromium)


@pytest.fixture
def blank_page(driver) -> Iterator[PageDriver]:
    """A page that shows nothing yet. At the end none of its scripts may have complained."""
    yield driver
    driver.leave()
    assert driver.errors == []


@pytest.fixture
def page(blank_page, served) -> Iterator[PageDriver]:
    """The page, with the first patch open."""
    yield blank_page.open(served.address)
    blank_page.leave()  # before the server does


@pytest.fixture
def another_page(chromium) -> Iterator[Callable[..., PageDriver]]:
    """Makes further pages, each like another person's, or another tab beside a page that is given."""
    pages: list[PageDriver] = []

    def make(beside: PageDriver | None = None) -> PageDriver:
        pages.append(PageDriver(chromium, beside=beside))
        return pages[-1]

    yield make
    for page in pages:
        page.close()
