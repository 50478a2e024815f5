// Filters of planes, as SciPy's ndimage has them.

// The largest (or smallest) value within an odd window around each, along rows, then along columns; beyond the edge is
// nothing, which for a maximum is the same as the nearest value.
function extreme(source, window, largest) {
  const reach = window >> 1, better = largest ? (a, b) => a >= b : (a, b) => a <= b;
  const { width, height } = source;
  const lines = (values, count, length, step, next) => {
    const found = new Float32Array(values.length), queue = new Int32Array(length);
    for (let line = 0; line < count; line++) {
      const start = line * next;
      let head = 0, tail = 0;
      for (let i = 0; i < length + reach; i++) {
        if (i < length) {
          const value = values[start + i * step];
          while (tail > head && better(value, values[start + queue[tail - 1] * step])) tail--;
          queue[tail++] = i;
        }
        const at = i - reach;
        if (at < 0) continue;
        while (queue[head] < at - reach) head++;
        found[start + at * step] = values[start + queue[head] * step];
      }
    }
    return found;
  };
  const rows = lines(source.values, height, width, 1, width);
  return plane(width, height, lines(rows, width, height, width, 1));
}

// The median of 3 x 3 pixels; the edge is continued.
function median3(source) {
  const { width, height, values } = source, found = plane(width, height), near = new Float32Array(9);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let k = 0; k < 9; k++) {
        const y = Math.min(Math.max(row + Math.trunc(k / 3) - 1, 0), height - 1);
        const x = Math.min(Math.max(column + (k % 3) - 1, 0), width - 1);
        near[k] = values[y * width + x];
      }
      near.sort();
      found.values[row * width + column] = near[4];
    }
  }
  return found;
}

// A Gaussian blur of a standard deviation; at the edge the plane is mirrored, or continued if `nearest`.
function blurred(source, sigma, nearest = false) {
  const reach = Math.trunc(4 * sigma + 0.5), { width, height } = source;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2));
  const total = weights.reduce((sum, one) => sum + one, 0);
  const inside = (i, n) => {
    if (nearest) return Math.min(Math.max(i, 0), n - 1);
    const turn = ((i % (2 * n)) + 2 * n) % (2 * n);
    return turn < n ? turn : 2 * n - 1 - turn;
  };
  const along = (values, count, length, step, next) => {
    const found = new Float32Array(values.length);
    const places = Int32Array.from({ length: length + 2 * reach }, (_, i) => inside(i - reach, length));
    for (let line = 0; line < count; line++) {
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * values[line * next + places[i + k] * step];
        found[line * next + i * step] = sum / total;
      }
    }
    return found;
  };
  const columns = along(source.values, width, height, width, 1);
  return plane(width, height, along(columns, height, width, 1, width));
}

// The distance of each pixel that is not 0 to the nearest one that is (Felzenszwalb and Huttenlocher 2012).
function distances(source) {
  const { width, height, values } = source, FAR = 1e12;
  const squares = Float64Array.from(values, (one) => (one ? FAR : 0));
  const side = Math.max(width, height);
  const line = new Float64Array(side), place = new Int32Array(side), border = new Float64Array(side + 1);
  const lower = (start, step, n) => {
    for (let i = 0; i < n; i++) line[i] = squares[start + i * step];
    let k = 0;
    [place[0], border[0], border[1]] = [0, -Infinity, Infinity];
    for (let i = 1; i < n; i++) {
      const meet = () => (line[i] + i * i - line[place[k]] - place[k] ** 2) / (2 * (i - place[k]));
      let at = meet();
      while (at <= border[k]) {
        k--;
        at = meet();
      }
      k++;
      [place[k], border[k], border[k + 1]] = [i, at, Infinity];
    }
    for (let i = 0, at = 0; i < n; i++) {
      while (border[at + 1] < i) at++;
      squares[start + i * step] = (i - place[at]) ** 2 + line[place[at]];
    }
  };
  for (let column = 0; column < width; column++) lower(column, width, height);
  for (let row = 0; row < height; row++) lower(row * width, 1, width);
  return plane(width, height, Float32Array.from(squares, Math.sqrt));
}

// Numbers, from 1, of the connected parts (diagonals count) of what is not 0; and how many there are.
function labelled({ width, height, values }) {
  const labels = new Int32Array(values.length), stack = [];
  let count = 0;
  for (let start = 0; start < values.length; start++) {
    if (!values[start] || labels[start]) continue;
    labels[start] = ++count;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop(), row = Math.trunc(at / width), column = at % width;
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
        for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
          const near = y * width + x;
          if (values[near] && !labels[near]) {
            labels[near] = count;
            stack.push(near);
          }
        }
      }
    }
  }
  return { labels, count };
}
