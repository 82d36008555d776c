import pytest

from datamodules.mixed_windows import MixedWindows


class Numbered:
    """A set whose samples say who they are."""

    def __init__(self, name: str, count: int, labels: bool = True) -> None:
        self.name, self.count, self.known = name, count, labels

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, item):
        return self.name, *item

    def labels(self, kind):
        return [str(number) for number in range(self.count)] if self.known else None


@pytest.mark.parametrize(
    ("first", "second", "share"), [(2, 100, 0.5), (100, 2, 0.5), (7, 7, 0.25), (30, 1, 0.9)]
)
def test_an_epoch_has_its_share_and_shows_everything(first, second, share):
    mixed = MixedWindows(Numbered("a", first), Numbered("b", second), share)
    found = [mixed[index, 5] for index in range(len(mixed))]
    assert {each[:2] for each in found} == {("a", n) for n in range(first)} | {
        ("b", n) for n in range(second)
    }
    assert sum(each[0] == "b" for each in found) / len(found) == pytest.approx(share, abs=1 / len(found))
    assert {each[2] for each in found} == {5}  # the draw decides position and augmentation of both


def test_places_of_the_two_differ_and_classes_do_not():
    mixed = MixedWindows(Numbered("a", 2), Numbered("b", 2), 0.5)
    assert mixed.labels("place") == ["0", "1", "second 0", "second 1"]
    assert mixed.labels("class") == ["0", "1", "0", "1"]
    assert MixedWindows(Numbered("a", 2), Numbered("b", 2, labels=False), 0.5).labels("class") is None
