// The panel on the right and the tools on the left: what the editor is set to, and controls that set it.

import { keyOf } from "./keys.js";
import { UNKNOWN } from "./mask.js";

const element = (id) => document.getElementById(id);
const percent = (value) => `${Math.round(100 * value)} %`;

export class Panel {
  constructor(editor) {
    this.editor = editor;
    this.#legend();
    for (const button of document.querySelectorAll("#tools [data-tool]")) {
      button.onclick = () => editor.use(button.dataset.tool);
    }
    element("undo").onclick = () => editor.undo();
    element("redo").onclick = () => editor.redo();
    for (const name of ["brush", "tolerance", "gamma", "contrast"]) {
      const slider = element(name);
      slider.oninput = () => editor.set({ [name]: Number(slider.value) });
      if (name === "gamma" || name === "contrast") slider.ondblclick = () => editor.set({ [name]: 1 });
    }
    for (const name of ["contiguous", "balanced", "outlines", "differences"]) {
      element(name).onchange = (event) => editor.set({ [name]: event.target.checked });
    }
    for (const button of element("fill-by").children) button.onclick = () => editor.set({ fillBy: button.dataset.value });
    for (const row of document.querySelectorAll(".overlay")) {
      const { layer } = row.dataset;
      const slider = row.querySelector("input");
      row.querySelector(".eye").onclick = () => editor.set({ [layer]: { shown: !editor.settings[layer].shown } });
      slider.oninput = () => editor.set({ [layer]: { opacity: slider.value / 100, shown: true } });
    }
    element("take-known").onclick = () => editor.replace(editor.known);
    element("take-prediction").onclick = () => editor.replace(editor.prediction);
    element("take-nothing").onclick = () => editor.replace(new Uint8Array(editor.mask.pixels.length).fill(UNKNOWN));
    // What was clicked or dragged gives the keys back to the patch.
    for (const part of [element("panel"), element("tools")]) {
      part.addEventListener("pointerup", () => setTimeout(() => document.activeElement?.blur()));
    }
  }

  #legend() {
    const rows = this.editor.classes.map(({ index, name, colour }, place) => {
      const row = document.createElement("li");
      row.dataset.value = index;
      const key = keyOf(place, index);
      row.innerHTML =
        '<button class="class"><i class="swatch"></i><span class="name"></span><span class="share"></span><kbd></kbd></button>' +
        '<button class="lock"><svg viewBox="0 0 24 24"><path class="shackle" d="M8 11V8a4 4 0 0 1 8 0v3"/><rect x="5.5" y="11" width="13" height="9" rx="2"/></svg></button>';
      row.querySelector(".name").textContent = name;
      row.querySelector("kbd").textContent = key;
      if (index !== UNKNOWN) row.querySelector(".swatch").style.background = `rgb(${colour.join(", ")})`;
      row.querySelector(".class").title = key ? `Paint ${name} (${key})` : `Paint ${name}`;
      row.querySelector(".class").onclick = () => this.editor.choose(index);
      row.querySelector(".lock").onclick = () => this.editor.lock(index);
      return row;
    });
    element("legend").replaceChildren(...rows);
  }

  /** Buttons for the pictures of a patch. */
  pictures(labels) {
    const buttons = labels.map(({ name, label }) => {
      const button = document.createElement("button");
      button.dataset.value = name;
      button.textContent = label;
      button.onclick = () => this.editor.set({ picture: name });
      return button;
    });
    element("pictures").replaceChildren(...buttons);
    element("pictures").hidden = buttons.length < 2;
  }

  show() {
    const { editor } = this;
    const { settings, mask, tool } = editor;
    for (const button of document.querySelectorAll("#tools [data-tool]")) {
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    }
    for (const part of document.querySelectorAll("#options [data-for]")) part.hidden = part.dataset.for !== tool;
    document.querySelector("#options h2").textContent = `${tool[0].toUpperCase()}${tool.slice(1)}`;
    number("brush", settings.brush, `${settings.brush} px`);
    number("tolerance", settings.tolerance, `${settings.tolerance}`);
    element("tolerance").disabled = settings.fillBy === "mask";
    number("gamma", settings.gamma, settings.gamma.toFixed(2));
    number("contrast", settings.contrast, settings.contrast.toFixed(2));
    for (const name of ["contiguous", "balanced", "outlines", "differences"]) element(name).checked = settings[name];
    choice("fill-by", settings.fillBy);
    choice("pictures", settings.picture);
    for (const row of document.querySelectorAll(".overlay")) {
      const { layer } = row.dataset;
      const { shown, opacity } = settings[layer];
      const there = layer in editor.layers;
      row.classList.toggle("absent", !there);
      row.querySelector(".eye").disabled = row.querySelector("input").disabled = !there;
      row.querySelector(".eye").setAttribute("aria-pressed", shown && there);
      row.querySelector("input").value = 100 * opacity;
      row.querySelector("output").textContent = there ? percent(opacity) : "none";
    }
    element("differences").disabled = !("prediction" in editor.layers);
    if (!mask) return;
    element("undo").disabled = !mask.canUndo;
    element("redo").disabled = !mask.canRedo;
    element("take-known").disabled = !editor.known;
    element("take-prediction").disabled = !editor.prediction;
    const counts = mask.counts();
    for (const row of element("legend").children) {
      const value = Number(row.dataset.value);
      const share = counts[value] / mask.pixels.length;
      row.querySelector(".share").textContent = counts[value] ? (share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`) : "";
      row.classList.toggle("chosen", value === editor.value);
      const locked = editor.locked.has(value);
      row.classList.toggle("locked", locked);
      const lock = row.querySelector(".lock");
      lock.setAttribute("aria-pressed", locked);
      lock.title = locked ? "Locked: nothing paints over it" : "Lock: let nothing paint over it";
    }
  }
}

function number(id, value, words) {
  const slider = element(id);
  slider.value = value;
  slider.parentElement.querySelector("output").textContent = words;
}

function choice(id, value) {
  for (const button of element(id).children) button.setAttribute("aria-pressed", button.dataset.value === value);
}
