// One open patch and all that is done to it: layers, tools, pointer, settings. Knows nothing of the server.

import { ClassLayer, HeatLayer, PictureLayer, colourTable } from "./layers.js";
import { Mask } from "./mask.js";
import { Brush, Fill, Hand, Picker, Polygon } from "./tools.js";

const DEFAULTS = {
  brush: null, // pixels across; as the first patch suggests
  tolerance: 16, // of each colour, 0 to 255
  fillBy: "picture",
  contiguous: true,
  picture: null,
  gamma: 1,
  contrast: 1,
  balanced: false,
  outlines: false,
  differences: false,
  mask: { shown: true, opacity: 0.45 },
  prediction: { shown: false, opacity: 0.5 },
  uncertainty: { shown: false, opacity: 0.7 },
};
const BRUSHES_IN_A_PATCH = 24;
const TONES = ["picture", "gamma", "contrast", "balanced"];
const KEPT = "nadir-settings";
const RIGHT = 2;
const MIDDLE = 1;

export class Editor {
  #active = null; // the tool that the pressed pointer drives
  #peeking = false;

  constructor(view, classes) {
    this.view = view;
    this.classes = classes; // {index, name, colour}, unknown the last
    this.colours = colourTable(classes);
    this.settings = { ...structuredClone(DEFAULTS), ...kept() };
    this.value = classes[0].index;
    this.locked = new Set();
    this.patch = null; // facts of the server
    this.mask = null;
    this.layers = {};
    this.pictures = {};
    this.pointer = null; // {x, y} in pixels of the patch
    this.tools = { brush: new Brush(this), polygon: new Polygon(this), fill: new Fill(this), hand: new Hand(this), picker: new Picker(this) };
    this.tool = "brush";
    this.onchange = () => {}; // something of the mask, the settings or the choice has changed
    this.onpointer = () => {};
    this.say = () => {};
    view.ornament = (context) => this.#working().draw(context, view);
    this.#listen(view.canvas);
  }

  /** Show a patch: its facts, pictures {name: rgb}, mask and, where there are any, known, prediction, uncertainty. */
  open(patch, { pictures, mask, known, prediction, uncertainty }) {
    this.#forget();
    const { width, height } = patch;
    this.patch = patch;
    this.known = known ?? null;
    this.prediction = prediction ?? null;
    this.uncertainty = uncertainty ?? null;
    this.settings.brush ??= Math.max(1, Math.round(Math.min(width, height) / BRUSHES_IN_A_PATCH));
    this.mask = new Mask(width, height, mask);
    this.mask.onchange = (rect) => this.refresh(rect, true);
    for (const value of this.locked) this.mask.locked[value] = 1;
    this.pictures = {};
    for (const [name, rgb] of Object.entries(pictures)) this.pictures[name] = new PictureLayer(width, height, rgb);
    if (!(this.settings.picture in this.pictures)) this.settings.picture = Object.keys(this.pictures)[0];
    this.layers = { mask: new ClassLayer(width, height, this.colours) };
    if (prediction) this.layers.prediction = new ClassLayer(width, height, this.colours);
    if (uncertainty) {
      this.largest = uncertainty.reduce((most, value) => (value > most ? value : most), 0);
      this.layers.uncertainty = new HeatLayer(width, height, uncertainty, this.largest);
    }
    this.#adjust();
    this.refresh(null);
    this.view.open(width, height);
    this.onchange();
  }

  get picture() {
    return this.pictures[this.settings.picture];
  }

  colour(opacity) {
    const known = this.classes.find(({ index }) => index === this.value);
    return `rgba(${(known?.colour ?? [255, 255, 255]).join(", ")}, ${opacity})`;
  }

  /** Draw the masks anew where they may have changed; `settled`: the change is a step of the history. */
  refresh = (rect, settled = false) => {
    const { outlines, differences } = this.settings;
    this.layers.mask.update(this.mask.pixels, { rect, outlines });
    if (this.layers.prediction && (differences || rect === null)) {
      const reference = differences ? this.mask.pixels : null;
      this.layers.prediction.update(this.prediction, { rect, reference });
    }
    this.#stack();
    if (settled) this.onchange();
  };

  use(tool) {
    if (tool === this.tool) return;
    this.finish();
    this.#working().cancel();
    this.tool = tool;
    this.view.canvas.dataset.tool = tool;
    this.onchange();
    this.view.draw();
  }

  choose(value) {
    if (!this.classes.some(({ index }) => index === value)) return;
    this.value = value;
    this.onchange();
    this.view.draw();
  }

  lock(value) {
    if (!this.locked.delete(value)) this.locked.add(value);
    this.mask.locked[value] = this.locked.has(value) ? 1 : 0;
    this.onchange();
  }

  /** Change settings: {brush: 3} or {mask: {shown: false}}. */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      const plain = typeof value !== "object";
      this.settings[name] = plain ? value : { ...this.settings[name], ...value };
    }
    if (TONES.some((name) => name in changes)) this.#adjust();
    if ("outlines" in changes || "differences" in changes) this.refresh(null);
    this.#stack();
    keep(this.settings);
    this.onchange();
  }

  setTolerance(tolerance) {
    this.set({ tolerance });
  }

  /** Show the bare picture for as long as it holds. */
  peek(on) {
    if (this.#peeking === on) return;
    this.#peeking = on;
    this.view.canvas.classList.toggle("holding", on);
    this.#stack();
  }

  /** End what the pointer is doing and keep it; an open polygon stays open. */
  finish() {
    this.#active?.finish();
    this.#active = null;
  }

  undo() {
    if (!this.#working().cancel()) this.mask.undo();
  }

  redo() {
    this.finish();
    this.mask.redo();
  }

  cancel() {
    this.#active = null;
    return this.#working().cancel();
  }

  get polygonIsOpen() {
    return this.tools.polygon.open;
  }

  /** Take over a whole mask; of locked classes too where `locked` says so. */
  replace(pixels, locked = false) {
    this.cancel();
    if (!this.mask.replace(pixels, locked)) this.say("Nothing to change");
  }

  #forget() {
    this.#active = null;
    for (const tool of Object.values(this.tools)) tool.cancel();
    this.tools.brush.forget();
  }

  #working() {
    return this.#active ?? this.tools[this.tool];
  }

  #adjust() {
    this.picture?.adjust(this.settings);
  }

  #stack() {
    const { settings, layers } = this;
    this.view.layers = this.picture ? [{ canvas: this.picture.canvas, opacity: 1 }] : [];
    for (const name of ["uncertainty", "prediction", "mask"]) {
      if (!layers[name] || this.#peeking || !settings[name].shown) continue;
      const lines = name === "mask" && settings.outlines; // thin: they bear more
      this.view.layers.push({ canvas: layers[name].canvas, opacity: Math.min(1, settings[name].opacity * (lines ? 2 : 1)) });
    }
    this.view.draw();
  }

  #listen(canvas) {
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#lift(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerleave", () => this.#leave());
    canvas.addEventListener("dblclick", () => this.polygonIsOpen && this.tools.polygon.finish());
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const step = event.deltaMode ? event.deltaY * 33 : event.deltaY; // lines or screen pixels
        this.view.zoom(1.0018 ** -Math.max(-300, Math.min(300, step)), event.offsetX, event.offsetY);
      },
      { passive: false },
    );
  }

  #point(event) {
    const [x, y] = this.view.toPatch(event.offsetX, event.offsetY);
    return { x, y, screenX: event.clientX, screenY: event.clientY, erase: this.#erasing, straight: event.shiftKey };
  }

  #erasing = false;

  #press(event) {
    if (!this.mask || this.#active) return;
    event.preventDefault();
    document.activeElement?.blur();
    this.view.canvas.setPointerCapture(event.pointerId);
    this.#erasing = event.button === RIGHT;
    const moving = event.button === MIDDLE || this.#peeking;
    const tool = moving ? "hand" : event.altKey ? "picker" : this.tool;
    this.#active = this.tools[tool];
    this.#active.press(this.#point(event));
    this.onpointer();
  }

  #move(event) {
    if (!this.mask) return;
    const point = this.#point(event);
    this.pointer = point;
    if (this.#active) {
      const between = event.getCoalescedEvents?.() ?? [];
      for (const part of between.length ? between : [event]) this.#active?.drag(this.#point(part));
    } else this.tools[this.tool].hover(point);
    this.onpointer();
  }

  #lift(event) {
    const tool = this.#active;
    if (!tool) return;
    tool.release(this.#point(event));
    this.#active = null;
    this.onpointer();
    this.view.draw();
  }

  #leave() {
    if (this.#active) return;
    this.pointer = null;
    this.tools.brush.leave();
    this.view.draw();
    this.onpointer();
  }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

function keep(settings) {
  sessionStorage.setItem(KEPT, JSON.stringify(settings));
}
