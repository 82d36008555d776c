"""Pixels of the layers, before they are laid over each other."""

import numpy as np
import pytest

HEIGHT, WIDTH = 9, 12
CLASSES = """async ([pixels, width, height, options, change]) => {
    const { ClassLayer, colourTable } = await import('/layers.js');
    const colours = colourTable([{index: 0, colour: [255, 0, 0]}, {index: 2, colour: [1, 2, 3]}]);
    const layer = new ClassLayer(width, height, colours);
    const reference = options.reference ? Uint8Array.from(options.reference) : null;
    layer.update(Uint8Array.from(pixels), {...options, reference});
    if (change) layer.update(Uint8Array.from(change.pixels), {...options, reference, rect: change.rect});
    return [...layer.context.getImageData(0, 0, width, height).data];
}"""
PICTURE = """async ([rgb, tones]) => {
    const { PictureLayer } = await import('/layers.js');
    const layer = new PictureLayer(rgb.length / 3, 1, Uint8Array.from(rgb));
    layer.adjust(tones);
    return [...layer.image.data];
}"""
HEAT = """async ([values, largest]) => {
    const { HeatLayer } = await import('/layers.js');
    const layer = new HeatLayer(values.length, 1, Float32Array.from(values), largest);
    return [...layer.image.data];
}"""


@pytest.fixture
def mask():
    return np.random.default_rng(0).choice(
        np.array([0, 2, 255], np.uint8), (HEIGHT, WIDTH), p=[0.6, 0.3, 0.1]
    )


def drawn(scripts, mask, change=None, **options):
    pixels = scripts.evaluate(CLASSES, [mask.ravel().tolist(), WIDTH, HEIGHT, options, change])
    return np.reshape(pixels, (HEIGHT, WIDTH, 4))


def test_classes_have_their_colours_and_unknown_none(scripts, mask):
    pixels = drawn(scripts, mask)
    assert (pixels[mask == 0] == [255, 0, 0, 255]).all()
    assert (pixels[mask == 2] == [1, 2, 3, 255]).all()
    assert (pixels[mask == 255, 3] == 0).all()


def test_only_differences_are_drawn_where_asked(scripts, mask):
    reference = np.zeros_like(mask)
    pixels = drawn(scripts, mask, reference=reference.ravel().tolist())
    np.testing.assert_array_equal(pixels[..., 3] > 0, mask == 2)


def outlined(mask):
    padded = np.pad(mask, 1, "edge")
    sides = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    return np.any([side != mask for side in sides], axis=0) & (mask != 255)


def test_outlines_are_pixels_beside_another_class(scripts, mask):
    np.testing.assert_array_equal(drawn(scripts, mask, outlines=True)[..., 3] > 0, outlined(mask))


def test_outlines_around_a_change_are_drawn_anew(scripts, mask):
    changed = mask.copy()
    changed[3:6, 4:8] = 2
    change = {"pixels": changed.ravel().tolist(), "rect": {"x": 4, "y": 3, "width": 4, "height": 3}}
    np.testing.assert_array_equal(drawn(scripts, mask, change, outlines=True)[..., 3] > 0, outlined(changed))


def test_a_picture_is_shown_as_it_is_until_its_tones_are_turned(scripts):
    rgb = np.random.default_rng(1).integers(0, 256, (40, 3))
    neutral = {"gamma": 1, "contrast": 1, "balanced": False}
    pixels = np.reshape(scripts.evaluate(PICTURE, [rgb.ravel().tolist(), neutral]), (40, 4))
    np.testing.assert_array_equal(pixels[:, :3], rgb)
    assert (pixels[:, 3] == 255).all()
    brighter = scripts.evaluate(PICTURE, [rgb.ravel().tolist(), {**neutral, "gamma": 2}])
    expected = 255 * np.sqrt(rgb / 255)
    assert abs(np.reshape(brighter, (40, 4))[:, :3] - expected).max() <= 0.51


def test_even_colours_stretch_each_colour_but_not_to_where_there_are_no_data(scripts):
    rgb = np.zeros((400, 3), int)
    rgb[100:] = np.linspace([0.2, 0.4, 0.1], [0.4, 1, 0.3], 300) * 255
    tones = {"gamma": 1, "contrast": 1, "balanced": True}
    pixels = np.reshape(scripts.evaluate(PICTURE, [rgb.ravel().tolist(), tones]), (400, 4))[100:, :3]
    assert (pixels.min(axis=0) == 0).all()
    assert (pixels.max(axis=0) == 255).all()
    assert abs(np.median(pixels, axis=0) - 127.5).max() < 4


def test_heat_grows_from_transparent_to_bright(scripts):
    pixels = np.reshape(scripts.evaluate(HEAT, [[0, 0.1, 0.25, 0.4, 0.5], 0.5]), (5, 4))
    assert (np.diff(pixels[:, 3]) > 0).all()
    assert (np.diff(pixels[:, :3].sum(axis=1)) > 0).all()
    assert pixels[0, 3] == 0
    assert (
        np.reshape(scripts.evaluate(HEAT, [[0, 0], 0]), (2, 4))[:, 3] == 0
    ).all()  # nothing to be unsure of
