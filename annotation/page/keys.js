// The keyboard. Digits by their place on the keyboard (they work on every layout), letters by what they say.

import { anyDialogOpen } from "./dialogs.js";
import { UNKNOWN } from "./mask.js";

const DIGITS_IN_A_ROW = 9;

/** What the digit keys choose: classes in the order of the legend, 0 unknown. Words for the legend: "1", "⇧1". */
export function keyOf(place, index) {
  if (index === UNKNOWN) return "0";
  if (place < DIGITS_IN_A_ROW) return `${place + 1}`;
  return place < 2 * DIGITS_IN_A_ROW ? `⇧${place + 1 - DIGITS_IN_A_ROW}` : "";
}

export function listenToKeys(editor, walk, actions) {
  const plain = {
    b: () => editor.use("brush"),
    p: () => editor.use("polygon"),
    f: () => editor.use("fill"),
    i: () => editor.use("picker"),
    h: () => editor.use("hand"),
    l: () => editor.lock(editor.value),
    v: actions.nextPicture,
    c: () => editor.set({ balanced: !editor.settings.balanced }),
    m: () => actions.toggle("mask"),
    r: () => actions.toggle("prediction"),
    u: () => actions.toggle("uncertainty"),
    o: () => editor.set({ outlines: !editor.settings.outlines }),
    x: () => editor.set({ differences: !editor.settings.differences }),
    z: actions.fit,
    j: actions.list,
    n: actions.nextOpen,
    "[": () => actions.resize(-1),
    "]": () => actions.resize(1),
    "+": () => editor.view.zoom(1.25),
    "=": () => editor.view.zoom(1.25),
    "-": () => editor.view.zoom(0.8),
    "?": actions.help,
    f1: actions.help,
    enter: () => (editor.polygonIsOpen ? editor.tools.polygon.finish() : walk.saveAndNext()),
    backspace: () => editor.polygonIsOpen && editor.tools.polygon.shorten(),
    escape: () => editor.cancel(),
    arrowleft: () => walk.go(walk.number - 1),
    arrowright: () => walk.go(walk.number + 1),
    pageup: () => walk.go(walk.number - 1),
    pagedown: () => walk.go(walk.number + 1),
  };
  const repeating = new Set(["[", "]", "+", "=", "-", "backspace"]);

  addEventListener("keydown", (event) => {
    if (anyDialogOpen()) return;
    const key = event.key.toLowerCase();
    const third = event.getModifierState("AltGraph"); // e.g. [ on a German keyboard, there also seen as Ctrl and Alt
    if ((event.ctrlKey || event.metaKey) && !third) {
      const action = { s: () => walk.save(), z: () => (event.shiftKey ? editor.redo() : editor.undo()), y: () => editor.redo() }[key];
      if (!action || event.altKey) return;
      event.preventDefault();
      if (editor.mask && (!event.repeat || key !== "s")) action();
      return;
    }
    if ((event.altKey && !third) || !editor.mask) return;
    const focused = document.activeElement;
    if (focused?.type === "range" && /^(arrow|page|home|end)/.test(key)) return;
    if (focused?.matches("button, input[type=checkbox]") && (key === " " || key === "enter") && focused.matches(":focus-visible")) return;
    if (key === " ") {
      event.preventDefault();
      editor.peek(true);
      return;
    }
    const digit = third ? undefined : /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
    const action = digit === undefined ? plain[key] : () => actions.digit(Number(digit), event.shiftKey);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || repeating.has(key)) action();
  });
  addEventListener("keyup", (event) => event.key === " " && editor.peek(false));
  addEventListener("blur", () => editor.peek(false));
}
