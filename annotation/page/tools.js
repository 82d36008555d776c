// What the pointer does: one class per tool. Points are in pixels of the patch, with fractions.
//
// A tool gets `editor`: {mask, view, picture, value, settings, refresh, say}. `value` is the class to paint with; the right
// button paints "unknown" whatever the class is.

import { UNKNOWN } from "./mask.js";
import { brushCentre, connected, everywhere, polygon, sameClass, similarColours, stroke } from "./shapes.js";

const LASSO_FROM = 6; // screen pixels of dragging that make a polygon a lasso
const LASSO_STEP = 2; // screen pixels between its points
const CLOSING = 9; // screen pixels around the first corner that close a polygon
const TOLERANCE_STEP = 4; // screen pixels of dragging for one step of tolerance
const LARGEST_TOLERANCE = 255;

class Tool {
  constructor(editor) {
    this.editor = editor;
  }

  press() {}
  drag() {}
  release() {}
  hover() {}
  finish() {} // end what is going on and keep it
  cancel() {} // end what is going on and forget it; true where there was something
  draw() {}

  valueOf({ erase }) {
    return erase ? UNKNOWN : this.editor.value;
  }
}

export class Brush extends Tool {
  #last = null;
  #end = null; // where the last stroke ended
  #value = UNKNOWN;
  #cursor = null;

  press(point) {
    this.#value = this.valueOf(point);
    this.editor.mask.begin();
    this.#paint(point.straight && this.#end ? this.#end : point, point);
  }

  drag(point) {
    if (this.#last) this.#paint(this.#last, point);
    this.#cursor = point;
  }

  release() {
    this.finish();
  }

  hover(point) {
    this.#cursor = point;
    this.editor.view.draw();
  }

  leave() {
    this.#cursor = null;
  }

  finish() {
    if (this.#last) this.#end = this.#last;
    this.#last = null;
    this.editor.mask.commit();
  }

  forget() {
    this.#end = null;
  }

  cancel() {
    if (!this.#last) return false;
    this.#last = null;
    this.editor.mask.cancel();
    return true;
  }

  #paint(from, to) {
    const { mask, settings } = this.editor;
    const size = settings.brush;
    const ends = [brushCentre(from.x, from.y, size), brushCentre(to.x, to.y, size)];
    stroke(...ends, size, mask.width, mask.height, (y, first, end) => mask.span(y, first, end, this.#value));
    this.#last = to;
    this.#cursor = to;
    const reach = Math.ceil(size / 2) + 1;
    this.editor.refresh(around(from, to, reach, mask));
  }

  draw(context, view) {
    if (!this.#cursor) return;
    const size = this.editor.settings.brush;
    const [x, y] = view.toScreen(...brushCentre(this.#cursor.x, this.#cursor.y, size));
    const radius = Math.max(1.5, (size / 2) * view.scale);
    for (const [colour, width] of [["rgba(0, 0, 0, 0.75)", 3], ["rgba(255, 255, 255, 0.95)", 1.2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      if (size === 1) context.rect(x - view.scale / 2, y - view.scale / 2, view.scale, view.scale);
      else context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

export class Polygon extends Tool {
  #points = [];
  #cursor = null;
  #lasso = false;
  #pressedAt = null;
  #erase = false;

  get open() {
    return this.#points.length > 0;
  }

  press(point) {
    this.#pressedAt = point;
    if (this.#points.length > 2 && this.#near(point, this.#points[0], CLOSING)) {
      this.finish();
      return;
    }
    if (!this.open) this.#erase = point.erase;
    this.#points.push([point.x, point.y]);
    this.hover(point);
  }

  drag(point) {
    if (!this.#pressedAt || !this.open) return;
    const last = this.#points.at(-1);
    if (this.#points.length === 1 && !this.#near(point, last, LASSO_FROM)) this.#lasso = true;
    if (this.#lasso && !this.#near(point, last, LASSO_STEP)) this.#points.push([point.x, point.y]);
    this.hover(point);
  }

  release() {
    this.#pressedAt = null;
    if (this.#lasso) this.finish();
  }

  hover(point) {
    this.#cursor = [point.x, point.y];
    if (this.open) this.editor.view.draw();
  }

  /** Take the last corner back. */
  shorten() {
    this.#points.pop();
    this.editor.view.draw();
  }

  finish() {
    const points = this.#points;
    this.#reset();
    if (points.length < 3) return;
    const { mask } = this.editor;
    const value = this.valueOf({ erase: this.#erase });
    mask.begin();
    polygon(points, mask.width, mask.height, (y, first, end) => mask.span(y, first, end, value));
    mask.commit();
  }

  cancel() {
    const was = this.open;
    this.#reset();
    return was;
  }

  #reset() {
    this.#points = [];
    this.#lasso = false;
    this.#pressedAt = null;
    this.editor.view.draw();
  }

  #near(point, other, reach) {
    const [x, y] = Array.isArray(point) ? point : [point.x, point.y];
    return Math.hypot(x - other[0], y - other[1]) * this.editor.view.scale <= reach;
  }

  draw(context, view) {
    if (!this.open) return;
    const path = new Path2D();
    const corners = this.#lasso || !this.#cursor ? this.#points : [...this.#points, this.#cursor];
    corners.forEach(([x, y], index) => path[index ? "lineTo" : "moveTo"](...view.toScreen(x, y)));
    path.closePath();
    context.fillStyle = this.#erase ? "rgba(255, 255, 255, 0.15)" : this.editor.colour(0.35);
    context.fill(path, "evenodd");
    for (const [colour, width] of [["rgba(0, 0, 0, 0.8)", 3], ["#ffffff", 1.2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(path);
    }
    if (this.#lasso) return;
    this.#points.forEach(([x, y], index) => {
      const [column, row] = view.toScreen(x, y);
      const size = index ? 2.5 : 4;
      context.fillStyle = index ? "#ffffff" : "#ffd166";
      context.strokeStyle = "#000000";
      context.lineWidth = 1;
      context.fillRect(column - size, row - size, 2 * size, 2 * size);
      context.strokeRect(column - size, row - size, 2 * size, 2 * size);
    });
  }
}

export class Fill extends Tool {
  #seed = null;
  #start = null;
  #tolerance = 0;

  press(point) {
    const { mask, settings } = this.editor;
    const [column, row] = [Math.floor(point.x), Math.floor(point.y)];
    if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return;
    this.#seed = row * mask.width + column;
    this.#start = point;
    this.#tolerance = settings.tolerance;
    mask.begin();
    this.#fill();
  }

  /** Dragging to the right widens what is alike, to the left narrows it. */
  drag(point) {
    if (this.#seed === null || this.editor.settings.fillBy === "mask") return;
    const steps = Math.trunc(((point.x - this.#start.x) * this.editor.view.scale) / TOLERANCE_STEP);
    const tolerance = Math.min(LARGEST_TOLERANCE, Math.max(0, this.#tolerance + steps));
    if (tolerance === this.editor.settings.tolerance) return;
    this.editor.setTolerance(tolerance);
    this.editor.mask.restart();
    this.#fill();
  }

  release() {
    this.finish();
  }

  finish() {
    if (this.#seed === null) return;
    this.#seed = null;
    this.editor.mask.commit();
  }

  cancel() {
    if (this.#seed === null) return false;
    this.#seed = null;
    this.editor.mask.cancel();
    return true;
  }

  #fill() {
    const { mask, picture, settings, refresh } = this.editor;
    const value = this.valueOf(this.#start);
    const alike =
      settings.fillBy === "mask"
        ? sameClass(mask.pixels, this.#seed)
        : similarColours(picture.image.data, this.#seed, settings.tolerance);
    let found = 0;
    const span = (y, first, end) => {
      found += end - first;
      mask.span(y, first, end, value);
    };
    if (settings.contiguous) connected(alike, this.#seed, mask.width, span);
    else everywhere(alike, mask.width, span);
    this.editor.say(`${found.toLocaleString("en")} pixels alike`);
    refresh(null);
  }
}

/** Moves the patch; painting nothing. */
export class Hand extends Tool {
  #last = null;

  press(point) {
    this.#last = point;
  }

  drag(point) {
    if (this.#last) this.editor.view.pan(point.screenX - this.#last.screenX, point.screenY - this.#last.screenY);
    this.#last = point;
  }

  release() {
    this.#last = null;
  }
}

/** Takes over the class below the pointer. */
export class Picker extends Tool {
  press(point) {
    const { mask } = this.editor;
    const [column, row] = [Math.floor(point.x), Math.floor(point.y)];
    if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return;
    this.editor.choose(mask.pixels[row * mask.width + column]);
  }
}

function around(from, to, reach, mask) {
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x)) - reach);
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y)) - reach);
  const right = Math.min(mask.width, Math.ceil(Math.max(from.x, to.x)) + reach);
  const bottom = Math.min(mask.height, Math.ceil(Math.max(from.y, to.y)) + reach);
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}
