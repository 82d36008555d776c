from collections.abc import Iterator

import pytest

from products.download.transfer_limits import TransferLimits
from tests.fakes.file_server import FileServer, serving_files


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving_files() as state:
        yield state


@pytest.fixture
def quick() -> TransferLimits:
    """Limits of a test: no pauses."""
    return TransferLimits(
        attempts=3, first_wait_s=0.001, longest_wait_s=0.01, connect_s=5, read_s=5, redirects=4
    )
