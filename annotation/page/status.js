// What the page says about itself: the line at the bottom, the strip of patches, the state of saving.

import { UNKNOWN } from "./mask.js";

const element = (id) => document.getElementById(id);
const TOAST_MS = 1800;

export class Status {
  #fading = 0;

  constructor(session, editor, walk) {
    Object.assign(this, { editor, walk });
    this.names = new Map(session.classes.map(({ index, name, colour }) => [index, { name, colour }]));
    element("folder").textContent = session.folder;
    const cells = walk.patches.map((patch, number) => {
      const cell = document.createElement("button");
      cell.tabIndex = -1;
      cell.title = `${number + 1}: ${patch.name}`;
      cell.onclick = () => walk.go(number);
      return cell;
    });
    element("strip").replaceChildren(...cells);
    element("strip").classList.toggle("dense", cells.length > 100);
  }

  /** A few words that go away by themselves. */
  say(words) {
    const toast = element("toast");
    toast.textContent = words;
    toast.hidden = false;
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => (toast.hidden = true), TOAST_MS);
  }

  /** A sentence that stays until it is settled; null takes it away. */
  warn(sentence) {
    element("notice").hidden = sentence === null;
    element("notice").textContent = sentence ?? "";
  }

  show() {
    const { editor, walk } = this;
    const { patch } = editor;
    if (!patch) return;
    const total = walk.patches.length;
    element("name").textContent = patch.name;
    document.title = `${walk.dirty ? "• " : ""}${patch.name} · annotation`;
    element("progress").textContent = `${walk.number + 1} / ${total}`;
    element("edited").textContent = `${walk.edited} edited`;
    [...element("strip").children].forEach((cell, number) => {
      cell.className = `${walk.patches[number].edited ? "edited" : ""} ${number === walk.number ? "current" : ""}`;
    });
    element("previous").disabled = walk.number === 0;
    element("next").disabled = walk.number === total - 1;
    const state = walk.saving ? "saving" : walk.dirty ? "changed" : walk.patches[walk.number].edited ? "saved" : "new";
    document.body.dataset.saving = state;
    document.body.dataset.patch = walk.number + 1;
    const words = { saving: "saving", changed: "unsaved", saved: "saved", new: "not edited" }[state];
    element("save-state").textContent = words;
    element("status-id").textContent = patch.id;
    element("status-facts").textContent = facts(patch);
    this.zoom();
  }

  zoom() {
    const { scale } = this.editor.view;
    element("status-zoom").textContent = `${Math.round(100 * scale)} %`;
  }

  /** What lies below the pointer. */
  point() {
    const { patch, pointer, mask, prediction, uncertainty, picture } = this.editor;
    const place = element("status-pointer");
    const [column, row] = pointer ? [Math.floor(pointer.x), Math.floor(pointer.y)] : [-1, -1];
    if (!patch || column < 0 || row < 0 || column >= patch.width || row >= patch.height) {
      place.replaceChildren();
      return;
    }
    const at = row * patch.width + column;
    const parts = [text(`row ${row}, column ${column}`)];
    if (patch.transform) {
      const [a, b, c, d, e, f] = patch.transform;
      const [x, y] = [column + 0.5, row + 0.5];
      const digits = Math.max(Math.abs(a), Math.abs(b)) < 0.01 ? 5 : 0; // degrees or metres
      parts.push(text(`${(a * x + b * y + c).toFixed(digits)}, ${(d * x + e * y + f).toFixed(digits)} ${patch.crs}`, "map"));
    }
    parts.push(this.#named(mask.pixels[at]));
    if (prediction) parts.push(this.#named(prediction[at], "predicted"));
    if (uncertainty) parts.push(text(`uncertainty ${uncertainty[at].toFixed(3)}`));
    parts.push(text([...picture.rgb.subarray(3 * at, 3 * at + 3)].join(" "), "rgb"));
    place.replaceChildren(...parts);
  }

  #named(value, before = "") {
    const { name, colour } = this.names.get(value) ?? { name: value === UNKNOWN ? "unknown" : `${value}` };
    const span = text(name, "named");
    const swatch = document.createElement("i");
    swatch.className = "swatch";
    if (colour && value !== UNKNOWN) swatch.style.background = `rgb(${colour.join(", ")})`;
    span.prepend(before, swatch);
    return span;
  }
}

function facts(patch) {
  const words = [`${patch.height} × ${patch.width} px`];
  const window = patch.window?.join(",");
  if (window && !patch.id.endsWith(window)) words.push(`window ${window}`);
  if (patch.score !== null) words.push(`${patch.acquisition || "score"} ${patch.score.toPrecision(3)}`);
  return words.join(" · ");
}

function text(words, name = "") {
  const span = document.createElement("span");
  span.textContent = words;
  span.className = name;
  return span;
}
