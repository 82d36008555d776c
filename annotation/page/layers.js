// What is drawn over each other, each as a canvas of the patch's size: the picture, masks in class colours, a heat map.

import { UNKNOWN } from "./mask.js";

// From little to much uncertainty: red, green, blue, opacity (0 to 255).
const HEAT = [
  [30, 12, 60, 0],
  [92, 20, 122, 110],
  [190, 48, 112, 190],
  [250, 128, 70, 235],
  [252, 240, 170, 255],
];

class Layer {
  constructor(width, height) {
    this.canvas = new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(width, height);
    this.words = new Uint32Array(this.image.data.buffer);
  }

  show(rect) {
    const { x, y, width, height } = rect ?? { x: 0, y: 0, width: this.canvas.width, height: this.canvas.height };
    this.context.putImageData(this.image, 0, 0, x, y, width, height);
  }
}

const BALANCED = [0.01, 0.99]; // shares of the pixels with data that become 0 and 255 of each colour

/** A picture whose tones can be turned; `image.data` is what is seen, the flood fill goes by it. */
export class PictureLayer extends Layer {
  /** @param {Uint8Array} rgb red, green, blue of each pixel */
  constructor(width, height, rgb) {
    super(width, height);
    this.rgb = rgb;
  }

  /** `balanced`: each colour spans its whole range, which takes haze and casts away. */
  adjust({ gamma, contrast, balanced }) {
    const ranges = balanced ? this.#ranges() : Array(3).fill([0, 255]);
    const [red, green, blue] = ranges.map(([low, high]) => {
      const table = new Uint8ClampedArray(256);
      for (let i = 0; i < 256; i++) {
        const value = Math.min(1, Math.max(0, (i - low) / Math.max(1, high - low)));
        table[i] = 255 * ((value ** (1 / gamma) - 0.5) * contrast + 0.5);
      }
      return table;
    });
    const { data } = this.image;
    for (let i = 0, p = 0; p < data.length; p += 4) {
      data[p] = red[this.rgb[i++]];
      data[p + 1] = green[this.rgb[i++]];
      data[p + 2] = blue[this.rgb[i++]];
      data[p + 3] = 255;
    }
    this.show();
  }

  #ranges() {
    const counts = [0, 1, 2].map(() => new Uint32Array(256));
    let total = 0;
    for (let i = 0; i < this.rgb.length; i += 3) {
      const [red, green, blue] = [this.rgb[i], this.rgb[i + 1], this.rgb[i + 2]];
      if (!(red || green || blue)) continue; // black is where there are no data
      counts[0][red]++;
      counts[1][green]++;
      counts[2][blue]++;
      total++;
    }
    return counts.map((count) =>
      BALANCED.map((share) => {
        let [value, passed] = [0, count[0]];
        while (value < 255 && passed < share * total) passed += count[++value];
        return value;
      }),
    );
  }
}

/** A mask in the colours of its classes, filled or as outlines; unknown pixels are transparent. */
export class ClassLayer extends Layer {
  constructor(width, height, colours) {
    super(width, height);
    this.colours = colours; // Uint32Array of 256
  }

  /**
   * @param {Uint8Array} pixels class indices
   * @param rect what may have changed; all where absent
   * @param {Uint8Array|null} reference only pixels that differ from it are drawn
   */
  update(pixels, { rect = null, outlines = false, reference = null } = {}) {
    const [width, height] = [this.canvas.width, this.canvas.height];
    const reach = outlines ? 1 : 0;
    const left = rect ? Math.max(0, rect.x - reach) : 0;
    const top = rect ? Math.max(0, rect.y - reach) : 0;
    const right = rect ? Math.min(width, rect.x + rect.width + reach) : width;
    const bottom = rect ? Math.min(height, rect.y + rect.height + reach) : height;
    for (let y = top; y < bottom; y++) {
      for (let x = left, i = y * width + left; x < right; x++, i++) {
        const value = pixels[i];
        let drawn = value !== UNKNOWN && (reference === null || reference[i] !== value);
        if (drawn && outlines) {
          drawn =
            (x > 0 && pixels[i - 1] !== value) ||
            (x < width - 1 && pixels[i + 1] !== value) ||
            (y > 0 && pixels[i - width] !== value) ||
            (y < height - 1 && pixels[i + width] !== value);
        }
        this.words[i] = drawn ? this.colours[value] : 0;
      }
    }
    this.show({ x: left, y: top, width: right - left, height: bottom - top });
  }
}

/** Numbers from 0 to `largest` as a heat map. */
export class HeatLayer extends Layer {
  constructor(width, height, values, largest) {
    super(width, height);
    const table = heatTable();
    const scale = largest > 0 ? 255 / largest : 0;
    for (let i = 0; i < values.length; i++) this.words[i] = table[Math.min(255, Math.max(0, Math.round(values[i] * scale))) || 0];
    this.show();
  }
}

function heatTable() {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (HEAT.length - 1);
    const index = Math.min(HEAT.length - 2, Math.floor(place));
    const [red, green, blue, opacity] = HEAT[index].map((value, part) =>
      Math.round(value + (place - index) * (HEAT[index + 1][part] - value)),
    );
    table[i] = word(red, green, blue, opacity);
  }
  return table;
}

/** Colours of class indices as words of an ImageData. */
export function colourTable(classes) {
  const table = new Uint32Array(256);
  for (const { index, colour } of classes) table[index] = word(...colour, 255);
  return table;
}

// ImageData is red, green, blue, opacity in memory, and every machine that a browser runs on is little-endian.
function word(red, green, blue, opacity) {
  return ((opacity << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
