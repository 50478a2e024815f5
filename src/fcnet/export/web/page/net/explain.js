// Which pixels, and which hidden units, speak for a class.

// What the answer for a class is set against: the mean of the other classes' logits.
function question(classes, wanted) {
  return Float32Array.from({ length: classes }, (_, i) => (i === wanted ? 1 : -1 / (classes - 1)));
}

// Each pixel's value times the gradient of the question (input times gradient). For a net of one layer, that is the pixel
// times its weight, and all pixels and biases together are the answer.
function contributions(layers, values, wanted) {
  const slopes = gradient(layers, values, question(last(values).length, wanted));
  return slopes.map((slope, i) => slope * values[0][i]);
}

// The weights of a net of one layer that ask for a class; null for other nets.
function ownWeights(layers, wanted) {
  if (layers.length !== 1 || layers[0].kind !== 'linear') return null;
  const { weight } = layers[0], g = question(weight.rows, wanted);
  return KINDS.linear.back(layers[0], null, null, g);
}

// The units of the first hidden layer that speak most for a class: their output times the gradient there. Each has the
// weights from the pixels, and a number; null if the net has no such layer.
function units(layers, values, wanted, count) {
  const own = layers[0].kind === 'standardised' ? 1 : 0, first = layers[own];
  const after = layers.findIndex((layer, i) => i > own && layer.kind === 'linear');
  if (after < 0 || !['linear', 'radial'].includes(first.kind)) return null;
  const outputs = values[after], pieces = layers[own + 1].kind === 'largest' ? layers[own + 1].pieces : 1;
  const slopes = gradient(layers, values, question(last(values).length, wanted), after);
  const order = Array.from(outputs.keys()).sort((a, b) => outputs[b] * slopes[b] - outputs[a] * slopes[a]);
  const { columns, values: weights } = first.weight;
  return order.slice(0, count).map((unit) => {
    const row = argmax(values[own + 1], unit * pieces, (unit + 1) * pieces);
    return { unit, value: outputs[unit] * slopes[unit], weights: weights.subarray(row * columns, (row + 1) * columns) };
  }).filter((one) => one.value > 0);
}
