import h5py
import numpy as np
import pytest

from errors import UserError
from serving.hdf5_links import refuse_links


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"secret" * 10)
    return path


def test_a_file_that_stands_for_itself_passes(tmp_path, secret):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["im10"] = np.ones((4, 6, 6))
        file["inner/x"] = h5py.SoftLink("/im10")
        file["inner/again"] = file["/"]  # a group that holds itself
    refuse_links([tmp_path / "a.mat", secret, tmp_path / "nothing", tmp_path])


def test_pixels_in_other_files_are_refused(tmp_path, secret):
    with h5py.File(tmp_path / "raw.mat", "w") as file:
        file.create_dataset("a/im10", (60,), "uint8", external=[(str(secret), 0, 60)])
    with h5py.File(tmp_path / "raw.mat") as file:
        assert bytes(file["a/im10"][:6]) == b"secret"  # that is what it is about
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["im10"] = h5py.ExternalLink("raw.mat", "a/im10")
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((60,), "uint8")
        layout[:] = h5py.VirtualSource("raw.mat", "a/im10", (60,))
        file.create_virtual_dataset("im10", layout)
    for name in ("raw.mat", "link.h5", "virtual.h5"):
        with pytest.raises(UserError, match=rf"{name}: .*'im10'.* in another file"):
            refuse_links([tmp_path / name])


def test_damage_is_told(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["im10"] = np.ones((4, 60, 60))
    data = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"a.h5: found damaged HDF5"):
        refuse_links([tmp_path / "a.h5"])
