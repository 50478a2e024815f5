// Filters of planes, as SciPy's ndimage has them.

// The largest (or smallest) value within an odd window around each, along rows, then along columns; beyond the edge is
// nothing, which for a maximum is the same as the nearest value.
function extreme(source, window, largest) {
  const { width, height } = source, found = plane(width, height), sign = largest ? 1 : -1;
  for (let i = 0; i < found.values.length; i++) found.values[i] = sign * source.values[i];
  const queue = new Int32Array(Math.max(width, height)), line = new Float32Array(Math.max(width, height));
  for (let row = 0; row < height; row++) slide(found.values, row * width, 1, width, window >> 1, queue, line);
  for (let column = 0; column < width; column++) slide(found.values, column, width, height, window >> 1, queue, line);
  if (!largest) for (let i = 0; i < found.values.length; i++) found.values[i] = -found.values[i];
  return found;
}

// Replace each value of a line by the largest within reach: the queue has the places of those that may still be it.
function slide(values, start, step, length, reach, queue, line) {
  for (let i = 0; i < length; i++) line[i] = values[start + i * step];
  let head = 0, tail = 0;
  for (let i = 0; i < length + reach; i++) {
    if (i < length) {
      while (tail > head && line[i] >= line[queue[tail - 1]]) tail--;
      queue[tail++] = i;
    }
    const at = i - reach;
    if (at < 0) continue;
    while (queue[head] < at - reach) head++;
    values[start + at * step] = line[queue[head]];
  }
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
  const squares = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) squares[i] = values[i] ? FAR : 0;
  const side = Math.max(width, height);
  const line = new Float64Array(side), place = new Int32Array(side), border = new Float64Array(side + 1);
  const lower = (start, step, n) => {
    for (let i = 0; i < n; i++) line[i] = squares[start + i * step];
    let k = 0;
    place[0] = 0;
    border[0] = -Infinity;
    border[1] = Infinity;
    for (let i = 1; i < n; i++) {
      let from = place[k], meet = (line[i] + i * i - line[from] - from * from) / (2 * (i - from));
      while (meet <= border[k]) {
        from = place[--k];
        meet = (line[i] + i * i - line[from] - from * from) / (2 * (i - from));
      }
      place[++k] = i;
      border[k] = meet;
      border[k + 1] = Infinity;
    }
    for (let i = 0, at = 0; i < n; i++) {
      while (border[at + 1] < i) at++;
      squares[start + i * step] = (i - place[at]) ** 2 + line[place[at]];
    }
  };
  for (let column = 0; column < width; column++) lower(column, width, height);
  for (let row = 0; row < height; row++) lower(row * width, 1, width);
  const found = plane(width, height);
  for (let i = 0; i < squares.length; i++) found.values[i] = Math.sqrt(squares[i]);
  return found;
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
