"""The pool of generated images: what it shows, and that it goes on exactly."""

import io

import torch

from lightning_modules.image_pool import ImagePool


def numbered(first: int, count: int = 2, side: int = 2) -> torch.Tensor:
    """Images that are constant: their number."""
    return torch.arange(first, first + count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 1, side, side)


def numbers(images: torch.Tensor) -> list[int]:
    return [int(value) for value in images[:, 0, 0, 0]]


def test_while_it_fills_it_hands_back_what_it_is_given():
    pool = ImagePool(6, seed=0)
    for first in (0, 2, 4):
        assert numbers(pool.exchange(numbered(first))) == [first, first + 1]
    assert len(pool.images) == 6


def test_half_of_what_it_shows_then_is_old_and_every_image_is_shown_at_most_once():
    pool = ImagePool(50, seed=1)
    shown, old = [], 0
    for first in range(0, 2000, 4):
        found = numbers(pool.exchange(numbered(first, 4)))
        shown += found
        old += sum(number < first for number in found)
    handed_back_first = shown[:50]
    assert handed_back_first == list(range(50))
    # an image of the first 50 is shown again from the pool, later ones once
    later = [number for number in shown if number >= 50]
    assert len(later) == len(set(later))
    assert 0.45 < old / (2000 - 50) < 0.55
    assert len(pool.images) == 50


def test_a_pool_of_no_size_hands_back_its_input_and_keeps_nothing():
    pool = ImagePool(0, seed=0)
    images = numbered(0).clone().requires_grad_()
    shown = pool.exchange(images)
    assert torch.equal(shown, images)
    assert not shown.requires_grad
    assert pool.images == []


def test_it_keeps_copies_without_gradient():
    pool = ImagePool(2, seed=0)
    images = numbered(0).clone().requires_grad_()
    assert not pool.exchange(images).requires_grad
    with torch.no_grad():
        images += 100
    assert [int(image.max()) for image in pool.images] == [0, 1]


def test_images_of_another_size_are_replaced_and_not_shown():
    pool = ImagePool(4, seed=0)
    pool.exchange(numbered(0, 4))
    for first in range(4, 40, 2):
        assert pool.exchange(numbered(first, side=3)).shape[-1] == 3
    assert {image.shape[-1] for image in pool.images} == {3}


def test_content_and_draws_go_on_exactly_after_a_checkpoint():
    pool = ImagePool(5, seed=3)
    for first in range(0, 20, 2):
        pool.exchange(numbered(first))
    file = io.BytesIO()
    torch.save(pool.state_dict(), file)
    file.seek(0)
    other = ImagePool(5, seed=99)
    other.load_state_dict(torch.load(file, weights_only=True))
    for first in range(20, 60, 2):
        assert numbers(pool.exchange(numbered(first))) == numbers(other.exchange(numbered(first)))


def test_it_draws_nothing_from_the_global_generator():
    state = torch.get_rng_state()
    pool = ImagePool(1, seed=0)
    for first in range(0, 10, 2):
        pool.exchange(numbered(first))
    assert torch.equal(torch.get_rng_state(), state)
