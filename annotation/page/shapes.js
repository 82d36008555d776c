// Which pixels a brush stroke, a polygon and a flood fill cover. Pure functions; pixel (x, y) has its centre at
// (x + 0.5, y + 0.5). What is covered is told in spans: span(y, first, end) with end one past the last pixel.

/** Where the centre of a brush lies: on a pixel's centre for odd diameters, on a corner for even ones. */
export function brushCentre(x, y, diameter) {
  return diameter % 2 ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [Math.round(x), Math.round(y)];
}

/** Pixels whose centre is at most half a diameter from the line between two centres. */
export function stroke(from, to, diameter, width, height, span) {
  const radius = diameter / 2;
  const [ax, ay] = from;
  const [dx, dy] = [to[0] - ax, to[1] - ay];
  const length2 = dx * dx + dy * dy;
  const limit = radius * radius + 1e-9;
  const near = (x, y) => {
    const along = length2 ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2)) : 0;
    const [ex, ey] = [x - ax - along * dx, y - ay - along * dy];
    return ex * ex + ey * ey <= limit;
  };
  const left = Math.max(0, Math.floor(Math.min(ax, to[0]) - radius));
  const right = Math.min(width - 1, Math.ceil(Math.max(ax, to[0]) + radius));
  const top = Math.max(0, Math.floor(Math.min(ay, to[1]) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, to[1]) + radius));
  for (let y = top; y <= bottom; y++) {
    let first = left;
    while (first <= right && !near(first + 0.5, y + 0.5)) first++;
    let end = right + 1;
    while (end > first && !near(end - 0.5, y + 0.5)) end--;
    if (end > first) span(y, first, end); // the covered shape is convex, so a row of it is one span
  }
}

/** Pixels whose centre lies inside a closed polygon (even-odd rule); points are [x, y]. */
export function polygon(points, width, height, span) {
  if (points.length < 3) return;
  const rows = points.map((point) => point[1]);
  const top = Math.max(0, Math.floor(Math.min(...rows)));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(...rows)));
  for (let y = top; y <= bottom; y++) {
    const centre = y + 0.5;
    const crossings = [];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [xi, yi] = points[i];
      const [xj, yj] = points[j];
      if (yi <= centre !== yj <= centre) crossings.push(xi + ((centre - yi) / (yj - yi)) * (xj - xi));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const end = Math.min(width, Math.ceil(crossings[i + 1] - 0.5));
      if (end > first) span(y, first, end);
    }
  }
}

/** Where each of red, green and blue differs from the seed's by at most the tolerance: 1, else 0. */
export function similarColours(rgba, seed, tolerance) {
  const found = new Uint8Array(rgba.length / 4);
  const [red, green, blue] = rgba.subarray(4 * seed, 4 * seed + 3);
  for (let i = 0, p = 0; i < found.length; i++, p += 4) {
    if (
      Math.abs(rgba[p] - red) <= tolerance &&
      Math.abs(rgba[p + 1] - green) <= tolerance &&
      Math.abs(rgba[p + 2] - blue) <= tolerance
    )
      found[i] = 1;
  }
  return found;
}

/** Where a mask has the seed's class: 1, else 0. */
export function sameClass(mask, seed) {
  const found = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) if (mask[i] === mask[seed]) found[i] = 1;
  return found;
}

/** Spans of the candidates (1) that hang together with the seed over edges of pixels. */
export function connected(candidates, seed, width, span) {
  const open = candidates.slice();
  const stack = [seed];
  while (stack.length) {
    const at = stack.pop();
    if (!open[at]) continue;
    const start = at - (at % width);
    const stop = start + width;
    let first = at;
    while (first > start && open[first - 1]) first--;
    let end = at + 1;
    while (end < stop && open[end]) end++;
    open.fill(0, first, end);
    span(start / width, first - start, end - start);
    for (const next of [-width, width]) {
      if (first + next < 0 || first + next >= open.length) continue;
      for (let i = first + next; i < end + next; i++) {
        if (open[i] && (i === first + next || !open[i - 1])) stack.push(i);
      }
    }
  }
}

/** Spans of all candidates (1), wherever they are. */
export function everywhere(candidates, width, span) {
  for (let start = 0; start < candidates.length; start += width) {
    for (let x = 0; x < width; x++) {
      if (!candidates[start + x]) continue;
      const first = x;
      while (x < width && candidates[start + x]) x++;
      span(start / width, first, x);
    }
  }
}
