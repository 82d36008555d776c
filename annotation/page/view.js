// The canvas: zoom, pan, layers over each other, and what a tool draws on top.

const LARGEST_SCALE = 64;
const GRID_FROM_SCALE = 12; // screen pixels per pixel from which their borders are drawn
const MARGIN = 16; // screen pixels around a patch that fits the window
const KEPT_VISIBLE = 48; // screen pixels of the patch that panning leaves in sight

export class View {
  #pending = false;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.layers = []; // {canvas, opacity}, the lowest first
    this.ornament = () => {}; // draws what a tool shows: called with (context, view) in screen pixels
    this.onmove = () => {};
    this.width = this.height = 1; // of the patch
    this.scale = 1; // screen pixels per pixel of the patch
    this.left = this.top = 0; // where the patch begins on the screen
    this.fitted = true;
    new ResizeObserver(() => this.#resized()).observe(canvas);
  }

  /** Show a patch of another size. */
  open(width, height) {
    const same = width === this.width && height === this.height;
    [this.width, this.height] = [width, height];
    if (!same || this.fitted) this.fit();
    else this.draw();
  }

  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    const room = [Math.max(1, clientWidth - 2 * MARGIN), Math.max(1, clientHeight - 2 * MARGIN)];
    this.scale = Math.min(room[0] / this.width, room[1] / this.height, LARGEST_SCALE);
    if (this.scale > 1) this.scale = Math.floor(this.scale * 16) / 16; // pixels of nearly one size
    this.left = Math.round((clientWidth - this.scale * this.width) / 2);
    this.top = Math.round((clientHeight - this.scale * this.height) / 2);
    this.fitted = true;
    this.#moved();
  }

  /** Zoom by a factor and keep what is below a screen point there; to `scale` where it is given. */
  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2, scale = this.scale * factor) {
    const before = this.scale;
    this.scale = Math.min(LARGEST_SCALE, Math.max(Math.min(1, this.#smallest()), scale));
    this.left = x - ((x - this.left) * this.scale) / before;
    this.top = y - ((y - this.top) * this.scale) / before;
    this.fitted = false;
    this.#moved();
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.fitted = false;
    this.#moved();
  }

  /** Screen pixels -> pixels of the patch, with fractions. */
  toPatch(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  toScreen(x, y) {
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  /** Draw with the next frame of the screen. */
  draw() {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#paint();
    });
  }

  #smallest() {
    return 0.5 * Math.min(this.canvas.clientWidth / this.width, this.canvas.clientHeight / this.height);
  }

  #moved() {
    const { clientWidth, clientHeight } = this.canvas;
    this.left = Math.min(clientWidth - KEPT_VISIBLE, Math.max(KEPT_VISIBLE - this.width * this.scale, this.left));
    this.top = Math.min(clientHeight - KEPT_VISIBLE, Math.max(KEPT_VISIBLE - this.height * this.scale, this.top));
    Object.assign(this.canvas.dataset, { scale: this.scale, left: this.left, top: this.top });
    this.onmove();
    this.draw();
  }

  #resized() {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    if (this.fitted) this.fit();
    else this.#moved();
    this.#paint(); // a canvas of a new size is blank: not with the next frame, now
  }

  #paint() {
    const { context, canvas, width, height, scale } = this;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = scale * ratio < 1;
    context.imageSmoothingQuality = "high";
    for (const { canvas: layer, opacity } of this.layers) {
      if (opacity <= 0) continue;
      context.globalAlpha = opacity;
      context.drawImage(layer, this.left, this.top, width * scale, height * scale);
    }
    context.globalAlpha = 1;
    if (scale >= GRID_FROM_SCALE) this.#grid();
    context.strokeStyle = "#3a424f";
    context.lineWidth = 1;
    context.strokeRect(this.left - 0.5, this.top - 0.5, width * scale + 1, height * scale + 1);
    this.ornament(context, this);
  }

  #grid() {
    const { context, width, height } = this;
    const [x0, y0] = this.toPatch(0, 0).map((value) => Math.max(0, Math.floor(value)));
    const [x1, y1] = this.toPatch(this.canvas.clientWidth, this.canvas.clientHeight).map(Math.ceil);
    const [right, bottom] = [Math.min(width, x1), Math.min(height, y1)];
    context.strokeStyle = "rgba(255, 255, 255, 0.1)";
    context.lineWidth = 1;
    context.beginPath();
    for (let x = x0; x <= right; x++) line(context, this.toScreen(x, y0), this.toScreen(x, bottom));
    for (let y = y0; y <= bottom; y++) line(context, this.toScreen(x0, y), this.toScreen(right, y));
    context.stroke();
  }
}

function line(context, from, to) {
  context.moveTo(Math.round(from[0]) + 0.5, Math.round(from[1]) + 0.5);
  context.lineTo(Math.round(to[0]) + 0.5, Math.round(to[1]) + 0.5);
}
