// A mask that is being edited: class indices, locked classes, undo and redo, and whether it is saved.

export const UNKNOWN = 255;
const HISTORY_BYTES = 256 * 2 ** 20;

export class Mask {
  #before = null; // the pixels before the change that is going on
  #undone = [];
  #done = [];
  #bytes = 0;
  #states = 0;
  #counted = null;

  /** @param {Uint8Array} pixels class indices row by row, UNKNOWN where nothing is known */
  constructor(width, height, pixels) {
    if (pixels.length !== width * height) throw new Error(`a mask of ${pixels.length} pixels, not ${width} x ${height}`);
    this.width = width;
    this.height = height;
    this.pixels = pixels;
    this.state = 0; // a number for each state that the mask has been in; undo goes back to an earlier one
    this.saved = 0;
    this.locked = new Uint8Array(256); // 1: pixels of this class keep it
    this.onchange = () => {}; // called with the rectangle {x, y, width, height} that may look different
  }

  get dirty() {
    return this.state !== this.saved || this.#before !== null;
  }

  get changing() {
    return this.#before !== null;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  begin() {
    if (this.#before === null) this.#before = this.pixels.slice();
  }

  /** Give the pixels of a row from first to before end a class, but for those of locked classes. */
  span(y, first, end, value) {
    const start = y * this.width;
    for (let i = start + first; i < start + end; i++) {
      if (!this.locked[this.pixels[i]]) this.pixels[i] = value;
    }
  }

  /** End the change as one step of the history; what changed nothing leaves no step. */
  commit() {
    const before = this.#before;
    this.#before = null;
    if (before === null) return false;
    const rect = differing(before, this.pixels, this.width, this.height);
    if (rect === null) return false;
    const step = { rect, before: cut(before, rect, this.width), after: cut(this.pixels, rect, this.width) };
    step.from = this.state;
    step.to = this.state = ++this.#states;
    this.#undone = [];
    this.#done.push(step);
    this.#bytes = this.#done.reduce((sum, one) => sum + 2 * one.before.length, 0);
    while (this.#bytes > HISTORY_BYTES && this.#done.length > 1) this.#bytes -= 2 * this.#done.shift().before.length;
    this.onchange(rect);
    return true;
  }

  /** Forget the change that is going on. */
  cancel() {
    if (this.#before === null) return;
    this.pixels.set(this.#before);
    this.#before = null;
    this.onchange({ x: 0, y: 0, width: this.width, height: this.height });
  }

  /** Begin the change that is going on anew. */
  restart() {
    this.pixels.set(this.#before);
  }

  /** Take over a whole mask as one step. Locked classes stay, unless they are included. */
  replace(pixels, locked = false) {
    this.begin();
    for (let i = 0; i < pixels.length; i++) if (locked || !this.locked[this.pixels[i]]) this.pixels[i] = pixels[i];
    return this.commit();
  }

  undo() {
    this.#step(this.#done, this.#undone, "before", "from");
  }

  redo() {
    this.#step(this.#undone, this.#done, "after", "to");
  }

  #step(source, target, pixels, state) {
    this.cancel();
    const step = source.pop();
    if (!step) return;
    target.push(step);
    paste(this.pixels, step[pixels], step.rect, this.width);
    this.state = step[state];
    this.onchange(step.rect);
  }

  /** Pixels of each class index, 0 to 255; of the last state that is a step of the history. */
  counts() {
    if (this.#counted?.state !== this.state) {
      const counts = new Uint32Array(256);
      for (const value of this.pixels) counts[value]++;
      this.#counted = { state: this.state, counts };
    }
    return this.#counted.counts;
  }
}

function differing(a, b, width, height) {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (a[i] === b[i]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (top < 0) top = y;
      bottom = y;
    }
  }
  return top < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function cut(pixels, rect, width) {
  const part = new Uint8Array(rect.width * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const start = (rect.y + row) * width + rect.x;
    part.set(pixels.subarray(start, start + rect.width), row * rect.width);
  }
  return part;
}

function paste(pixels, part, rect, width) {
  for (let row = 0; row < rect.height; row++) {
    pixels.set(part.subarray(row * rect.width, (row + 1) * rect.width), (rect.y + row) * width + rect.x);
  }
}
