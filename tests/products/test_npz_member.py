import multiprocessing
import pickle

import numpy as np
import pytest

from errors import UserError
from products import npz_member as module
from products.npz_member import is_npz, npz_keys, npz_member

ARRAY = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def archive(path, packed, **arrays):
    (np.savez_compressed if packed else np.savez)(
        path, **(arrays or {"a": ARRAY, "f": np.asfortranarray(ARRAY)})
    )
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("key", ["a", "f"])
def test_an_array_is_what_was_written(tmp_path, packed, key):
    member = npz_member(archive(tmp_path / "x.npz", packed), key)
    assert (member.shape, np.dtype(member.dtype)) == ((3, 4, 5), np.int16)
    for same in (member, pickle.loads(pickle.dumps(member))):
        assert np.array_equal(same.array(), ARRAY)


def test_stored_arrays_are_mapped_and_packed_ones_kept(tmp_path):
    stored = npz_member(archive(tmp_path / "x.npz", packed=False), "a")
    assert isinstance(stored.array(), np.memmap)
    packed = npz_member(archive(tmp_path / "y.npz", packed=True), "a")
    assert packed.array() is packed.array()
    archive(
        tmp_path / "y.npz", packed=True, a=ARRAY.astype(np.int32) + 7
    )  # the file is another: so is the member
    assert npz_member(tmp_path / "y.npz", "a").array()[0, 0, 0] == 7


def test_no_more_is_kept_than_there_is_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * ARRAY.nbytes)
    members = [npz_member(archive(tmp_path / f"{n}.npz", True, a=ARRAY + n), "a") for n in range(5)]
    kept = module._Kept()
    for number, member in enumerate(members):
        assert kept.get(member)[0, 0, 0] == number
    assert list(kept.arrays) == members[2:]
    assert kept.bytes == 3 * ARRAY.nbytes


def _first(member):
    return int(member.array()[0, 0, 1])


def test_other_processes_read_for_themselves(tmp_path):
    member = npz_member(archive(tmp_path / "x.npz", packed=True), "a")
    member.array()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_first, (member,)) == 1


def test_archives_of_arrays_are_known_by_content(tmp_path):
    archive(tmp_path / "x.npz", packed=True).rename(tmp_path / "x.dat")
    assert is_npz(tmp_path / "x.dat")
    assert npz_keys(tmp_path / "x.dat") == ["a", "f"]
    (tmp_path / "y.txt").write_text("PK but no archive")
    assert not is_npz(tmp_path / "y.txt")
    assert not is_npz(tmp_path / "no")


def test_what_is_wrong_is_one_sentence(tmp_path):
    path = archive(tmp_path / "x.npz", packed=True)
    with pytest.raises(UserError, match=r"x.npz: found the arrays a, f, expected b"):
        npz_member(path, "b")
    objects = archive(tmp_path / "o.npz", True, a=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="found a with values of type object, expected numbers"):
        npz_member(objects, "a")
    member = npz_member(path, "a")
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match="damaged bytes in a"):
        member.load()
    path.write_bytes(bytes(data[:80]))
    with pytest.raises(UserError, match=r"expected a \.npz file"):
        npz_keys(path)
