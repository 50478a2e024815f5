// Resize planes as Pillow does: {width, height, values}. Its filters are as wide as the pixels of the result.

function plane(width, height, values = new Float32Array(width * height)) {
  return { width, height, values };
}

const FILTERS = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(1 - Math.abs(x), 0) },
  bicubic: {
    support: 2,
    at(x) {
      const a = -0.5, d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
};

// For each pixel of the result: the first pixel that counts, and the weights from there on.
function kernels(before, after, filter) {
  const scale = before / after, wide = Math.max(scale, 1), reach = filter.support * wide;
  return Array.from({ length: after }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach + 0.5), before);
    const weights = Array.from({ length: end - first }, (_, k) => filter.at((first + k - centre + 0.5) / wide));
    const total = weights.reduce((sum, one) => sum + one, 0);
    return { first, weights: weights.map((one) => one / total) };
  });
}

// Whole numbers, if `whole`, are rounded after each direction, as Pillow does with bytes.
function resized(source, width, height, name, whole = false) {
  if (source.width === width && source.height === height) return source;
  const filter = FILTERS[name];
  const level = (value) => (whole ? Math.min(Math.max(Math.floor(value + 0.5), 0), 255) : value);
  const across = plane(width, source.height);
  kernels(source.width, width, filter).forEach(({ first, weights }, column) => {
    for (let row = 0; row < source.height; row++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * source.values[row * source.width + first + k];
      across.values[row * width + column] = level(sum);
    }
  });
  const found = plane(width, height);
  kernels(source.height, height, filter).forEach(({ first, weights }, row) => {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * across.values[(first + k) * width + column];
      found.values[row * width + column] = level(sum);
    }
  });
  return found;
}

function padded(source, margin, value = 0) {
  const found = plane(source.width + 2 * margin, source.height + 2 * margin);
  if (value) found.values.fill(value);
  for (let row = 0; row < source.height; row++) {
    const line = source.values.subarray(row * source.width, (row + 1) * source.width);
    found.values.set(line, (row + margin) * found.width + margin);
  }
  return found;
}

// A part: of a plane, from top and left (included) to bottom and right (excluded).
function part(source, [top, left, bottom, right]) {
  const found = plane(right - left, bottom - top);
  for (let row = top; row < bottom; row++) {
    found.values.set(source.values.subarray(row * source.width + left, row * source.width + right),
      (row - top) * found.width);
  }
  return found;
}

// The box [top, left, bottom, right] of all that is not 0; null if all is.
function boxOf({ width, height, values }) {
  let top = height, left = width, bottom = 0, right = 0;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      if (!values[at]) continue;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row + 1);
      left = Math.min(left, column);
      right = Math.max(right, column + 1);
    }
  }
  return bottom ? [top, left, bottom, right] : null;
}

// Python's round: halves go to the even neighbour.
function rounded(x) {
  const below = Math.floor(x), rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// NumPy's percentile, with linear interpolation.
function percentile(values, percent) {
  const sorted = Float32Array.from(values).sort();
  const at = ((sorted.length - 1) * percent) / 100, below = Math.floor(at), above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

function median(values) {
  return percentile(values, 50);
}
