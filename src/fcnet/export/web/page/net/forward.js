// What each kind of plain layer (families/common/plain.py) computes, and how a gradient goes back through it.
//
// forward(layer, x) returns the outputs; back(layer, x, y, g) returns the gradient of the inputs x, given the outputs y
// and their gradient g.

function erf(x) { // W. J. Cody would do better; an error of 1.2e-7 is that of single precision
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223];
  const tail = t * Math.exp(-x * x + terms.reduce((sum, term) => sum * t + term, 0));
  return x >= 0 ? 1 - tail : tail - 1;
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

const DENSITY = 1 / Math.sqrt(2 * Math.PI);

// Each function of one value, and its slope at x, where it is y; a is the layer's parameter, if it has one.
const FUNCTIONS = {
  sigmoid: [sigmoid, (x, y) => y * (1 - y)],
  tanh: [Math.tanh, (x, y) => 1 - y * y],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  softplus: [(x) => (x > 20 ? x : Math.log1p(Math.exp(x))), sigmoid],
  gelu: [
    (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    (x) => (1 + erf(x / Math.SQRT2)) / 2 + x * DENSITY * Math.exp((-x * x) / 2),
  ],
  silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
  leaky: [(x, a) => (x > 0 ? x : a * x), (x, y, a) => (x > 0 ? 1 : a)],
  elu: [(x, a) => (x > 0 ? x : a * Math.expm1(x)), (x, y, a) => (x > 0 ? 1 : y + a)],
};

// The number of a unit, of numbers for each or one for all; undefined if there are none.
function ofUnit(stored, i) {
  return stored?.values[stored.values.length > 1 ? i : 0];
}

function argmax(values, first = 0, end = values.length) {
  let best = first;
  for (let i = first + 1; i < end; i++) if (values[i] > values[best]) best = i;
  return best;
}

function deviation(x) {
  const mean = x.reduce((sum, one) => sum + one, 0) / x.length;
  const variance = x.reduce((sum, one) => sum + (one - mean) ** 2, 0) / x.length;
  return { mean, spread: Math.sqrt(variance) || 1 };
}

const KINDS = {
  linear: {
    forward({ weight, bias }, x) {
      const found = new Float32Array(weight.rows);
      for (let row = 0, at = 0; row < weight.rows; row++) {
        let sum = bias ? bias.values[row] : 0;
        for (let column = 0; column < weight.columns; column++, at++) sum += weight.values[at] * x[column];
        found[row] = sum;
      }
      return found;
    },
    back({ weight }, x, y, g) {
      const sums = new Float64Array(weight.columns);
      for (let row = 0, at = 0; row < weight.rows; row++) {
        for (let column = 0; column < weight.columns; column++, at++) sums[column] += weight.values[at] * g[row];
      }
      return Float32Array.from(sums);
    },
  },
  affine: {
    forward: ({ factor, shift }, x) => x.map((one, i) => one * ofUnit(factor, i) + ofUnit(shift, i)),
    back: ({ factor }, x, y, g) => g.map((one, i) => one * ofUnit(factor, i)),
  },
  pointwise: {
    forward: (layer, x) => x.map((one, i) => FUNCTIONS[layer.function][0](one, ofUnit(layer.value, i))),
    back: (layer, x, y, g) => g.map((one, i) => one * FUNCTIONS[layer.function][1](x[i], y[i], ofUnit(layer.value, i))),
  },
  largest: {
    forward: ({ pieces }, x) => Float32Array.from(
      { length: x.length / pieces }, (_, i) => x[argmax(x, i * pieces, (i + 1) * pieces)]),
    back({ pieces }, x, y, g) {
      const found = new Float32Array(x.length);
      for (let i = 0; i < y.length; i++) found[argmax(x, i * pieces, (i + 1) * pieces)] = g[i];
      return found;
    },
  },
  klargest: {
    forward({ k }, x) {
      const found = new Float32Array(x.length);
      const order = Array.from(x.keys()).sort((a, b) => x[b] - x[a] || a - b);
      for (const i of order.slice(0, k)) found[i] = x[i];
      return found;
    },
    back: (layer, x, y, g) => g.map((one, i) => (y[i] ? one : 0)),
  },
  radial: {
    forward({ weight, width }, x) {
      const found = new Float32Array(weight.rows);
      for (let row = 0, at = 0; row < weight.rows; row++) {
        let sum = 0;
        for (let column = 0; column < weight.columns; column++, at++) sum += (x[column] - weight.values[at]) ** 2;
        found[row] = Math.exp(sum / (-2 * width * width));
      }
      return found;
    },
    back({ weight, width }, x, y, g) {
      const sums = new Float64Array(weight.columns);
      for (let row = 0, at = 0; row < weight.rows; row++) {
        const factor = (-g[row] * y[row]) / (width * width);
        for (let column = 0; column < weight.columns; column++, at++) {
          sums[column] += factor * (x[column] - weight.values[at]);
        }
      }
      return Float32Array.from(sums);
    },
  },
  standardised: {
    forward(layer, x) {
      const { mean, spread } = deviation(x);
      return x.map((one) => (one - mean) / spread);
    },
    back(layer, x, y, g) {
      const { spread } = deviation(x), n = x.length;
      const mean = g.reduce((sum, one) => sum + one, 0) / n;
      const along = g.reduce((sum, one, i) => sum + one * y[i], 0) / n;
      return g.map((one, i) => (one - mean - y[i] * along) / spread);
    },
  },
  parallel: {
    forward: ({ nets }, x) => Float32Array.from(nets.flatMap((net) => Array.from(last(trace(net, x))))),
    back({ nets }, x, y, g) {
      const total = new Float32Array(x.length);
      let first = 0;
      for (const net of nets) {
        const values = trace(net, x), end = first + last(values).length;
        gradient(net, values, g.slice(first, end)).forEach((one, i) => { total[i] += one; });
        first = end;
      }
      return total;
    },
  },
};

function last(list) {
  return list[list.length - 1];
}

// The inputs, and the outputs of each layer.
function trace(layers, x) {
  const values = [x];
  for (const layer of layers) values.push(KINDS[layer.kind].forward(layer, last(values)));
  return values;
}

// The gradient of the inputs of layers, or of those from one on, given that of their outputs.
function gradient(layers, values, g, from = 0) {
  for (let i = layers.length - 1; i >= from; i--) g = KINDS[layers[i].kind].back(layers[i], values[i], values[i + 1], g);
  return g;
}

function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (one) => Math.exp(one - top));
  const total = powers.reduce((sum, one) => sum + one, 0);
  return powers.map((one) => one / total);
}
