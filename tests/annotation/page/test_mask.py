"""The history of a mask: every state comes back, and what is unsaved is known."""

import numpy as np
import pytest

MASK = """async ([steps, start]) => {
    const { Mask } = await import('/mask.js');
    const mask = new Mask(6, 5, Uint8Array.from(start));
    const rects = [];
    mask.onchange = (rect) => rects.push(rect);
    const seen = [];
    for (const [name, ...args] of steps) {
        if (name === 'save') mask.saved = mask.state;
        else if (name === 'lock') mask.locked[args[0]] = 1;
        else if (name === 'paint') { mask.begin(); mask.span(...args); mask.commit(); }
        else if (name === 'draft') { mask.begin(); mask.span(...args); }
        else if (name === 'replace') mask.replace(Uint8Array.from(args[0]));
        else mask[name](...args);
        seen.push({pixels: [...mask.pixels], dirty: mask.dirty, canUndo: mask.canUndo, canRedo: mask.canRedo});
    }
    return {seen, rects, counts: [...mask.counts()]};
}"""
START = np.full((5, 6), 255, np.uint8)


@pytest.fixture
def run(scripts):
    def run(*steps, start=START):
        return scripts.evaluate(MASK, [list(steps), start.ravel().tolist()])

    return run


def test_undo_and_redo_go_through_every_state(run):
    rng = np.random.default_rng(0)
    paints = []
    for _ in range(12):
        first, end = sorted(rng.integers(0, 7, 2).tolist())
        paints.append(["paint", int(rng.integers(0, 5)), first, end, int(rng.integers(0, 4))])
    result = run(*paints, *[["undo"]] * 14, *[["redo"]] * 14)
    states = [START.ravel().tolist()]
    for state in result["seen"][:12]:
        if state["pixels"] != states[-1]:  # what changes nothing leaves no step
            states.append(state["pixels"])
    back = [state["pixels"] for state in result["seen"][12:26]]
    assert back[: len(states) - 1] == states[-2::-1]
    assert back[-1] == states[0]
    forth = [state["pixels"] for state in result["seen"][26:]]
    assert forth[: len(states) - 1] == states[1:]
    assert not result["seen"][25]["canUndo"] and result["seen"][25]["canRedo"]
    assert not result["seen"][-1]["canRedo"]


def test_a_change_after_undo_ends_what_could_be_redone(run):
    result = run(["paint", 0, 0, 3, 1], ["undo"], ["paint", 4, 0, 2, 2], ["redo"])
    expected = START.copy()
    expected[4, :2] = 2
    assert result["seen"][-1]["pixels"] == expected.ravel().tolist()
    assert not result["seen"][-1]["canRedo"]


def test_a_mask_is_dirty_unless_it_is_what_was_saved(run):
    steps = [
        ("paint", 0, 0, 3, 1), ("undo",), ("redo",), ("save",), ("undo",), ("redo",), ("draft", 1, 0, 3, 2), ("cancel",),
        ("undo",), ("paint", 0, 0, 3, 1),
    ]  # fmt: skip
    dirty = [state["dirty"] for state in run(*map(list, steps))["seen"]]
    # The last one looks like what was saved, but who could tell cheaply; better once too often than once too few.
    assert dirty == [True, False, True, False, True, False, True, False, True, True]


def test_locked_classes_stay(run):
    start = START.copy()
    start[2] = 3
    result = run(
        ["lock", 3], ["paint", 2, 0, 6, 1], ["paint", 1, 0, 6, 1], ["replace", [0] * 30], start=start
    )
    expected = np.zeros((5, 6), np.uint8)
    expected[2] = 3
    assert result["seen"][-1]["pixels"] == expected.ravel().tolist()
    assert result["counts"][0] == 24
    assert result["counts"][3] == 6


def test_a_forgotten_change_leaves_nothing(run):
    result = run(["draft", 1, 0, 6, 2], ["cancel"], ["undo"])
    assert result["seen"][-1]["pixels"] == START.ravel().tolist()
    assert not result["seen"][-1]["canRedo"]


def test_a_change_says_where_it_was(run):
    assert run(["paint", 3, 1, 4, 2])["rects"] == [{"x": 1, "y": 3, "width": 3, "height": 1}]
