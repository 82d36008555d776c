"""Shapes against what a definition in words says, pixel by pixel."""

import numpy as np
import pytest
from scipy import ndimage

HEIGHT, WIDTH = 31, 43
COVERED = """async ([name, args, width, height]) => {
    const shapes = await import('/shapes.js');
    const pixels = new Uint8Array(width * height);
    const span = (y, first, end) => pixels.subarray(y * width + first, y * width + end).forEach((_, i, row) => row[i]++);
    shapes[name](...args.map((value) => value?.bytes ? Uint8Array.from(value.bytes) : value), ...
        (name === 'connected' || name === 'everywhere' ? [width] : [width, height]), span);
    return [...pixels];
}"""


@pytest.fixture
def covered(scripts):
    """How often a shape covers each pixel."""

    def cover(name, *args, height=HEIGHT, width=WIDTH):
        pixels = scripts.evaluate(COVERED, [name, list(args), width, height])
        return np.reshape(pixels, (height, width))

    return cover


def bytes_of(array):
    return {"bytes": array.ravel().tolist()}


@pytest.mark.parametrize("diameter", [1, 2, 3, 8, 25])
def test_a_stroke_is_all_centres_within_its_radius(covered, diameter):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rng = np.random.default_rng(diameter)
    for _ in range(5):
        ends = rng.integers(-6, 50, (2, 2)) + 0.5 * (diameter % 2)
        (ax, ay), (bx, by) = ends
        length2 = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
        along = np.clip(((columns - ax) * (bx - ax) + (rows - ay) * (by - ay)) / length2, 0, 1)
        distance = np.hypot(columns - ax - along * (bx - ax), rows - ay - along * (by - ay))
        found = covered("stroke", *ends.tolist(), diameter)
        np.testing.assert_array_equal(found, distance <= diameter / 2 + 1e-9)


@pytest.mark.parametrize(("point", "diameter", "centre"), [
    ([3.9, 7.2], 1, [3.5, 7.5]), ([3.9, 7.2], 5, [3.5, 7.5]), ([3.9, 7.2], 4, [4, 7]), ([0.2, 0.2], 2, [0, 0]),
])  # fmt: skip
def test_brushes_snap_to_pixels(scripts, point, diameter, centre):
    script = "async ([point, diameter]) => (await import('/shapes.js')).brushCentre(...point, diameter)"
    assert scripts.evaluate(script, [point, diameter]) == centre


@pytest.mark.parametrize("corners", [3, 4, 9])
def test_a_polygon_is_all_centres_inside_by_the_even_odd_rule(covered, corners):
    rng = np.random.default_rng(corners)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    for _ in range(5):
        points = rng.uniform(-5, 48, (corners, 2))  # with many corners it crosses itself
        crossings = np.zeros((HEIGHT, WIDTH), int)
        for (ax, ay), (bx, by) in zip(points, np.roll(points, 1, axis=0), strict=True):
            between = (ay <= rows) != (by <= rows)
            crossings += between & (ax + (rows - ay) / (by - ay) * (bx - ax) > columns)
        np.testing.assert_array_equal(covered("polygon", points.tolist()), crossings % 2)


def test_neighbouring_polygons_share_no_pixel_and_leave_none(covered):
    shared = [[10.5, 2.5], [20.5, 28.5]]
    left = covered("polygon", [[1.5, 2.5], *shared, [1.5, 28.5]])
    right = covered("polygon", [shared[0], [40.5, 2.5], [40.5, 28.5], shared[1]])
    both = covered("polygon", [[1.5, 2.5], [40.5, 2.5], [40.5, 28.5], [1.5, 28.5]])
    np.testing.assert_array_equal(left + right, both)


def test_less_than_three_corners_are_no_area(covered):
    assert not covered("polygon", [[1, 1], [20, 20]]).any()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_connected_pixels_are_those_that_share_edges(covered, share):
    rng = np.random.default_rng(1)
    candidates = (rng.random((HEIGHT, WIDTH)) < share).astype(np.uint8)
    labels, _ = ndimage.label(candidates)
    for seed in rng.choice(np.flatnonzero(candidates), 4):
        found = covered("connected", bytes_of(candidates), int(seed))
        np.testing.assert_array_equal(found, labels == labels.flat[seed])  # each once, too
    np.testing.assert_array_equal(covered("everywhere", bytes_of(candidates)), candidates)


def test_alike_are_colours_whose_every_part_differs_by_no_more_than_the_tolerance(scripts):
    rng = np.random.default_rng(2)
    rgba = rng.integers(90, 110, (200, 4), dtype=np.uint8)
    script = (
        "async ([rgba, tolerance]) =>"
        " [...(await import('/shapes.js')).similarColours(Uint8ClampedArray.from(rgba), 3, tolerance)]"
    )
    for tolerance in (0, 5, 12):
        difference = abs(rgba[:, :3].astype(int) - rgba[3, :3]).max(axis=1)
        found = scripts.evaluate(script, [rgba.ravel().tolist(), tolerance])
        np.testing.assert_array_equal(found, difference <= tolerance)
