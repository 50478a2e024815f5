// Whether an image looks like those of its class (familiar.py): its squared distance from what their mean and components
// can make.

function reducedBy({ width, height, values }, factor) {
  const found = plane(width / factor, height / factor);
  values.forEach((one, i) => {
    const row = Math.trunc(i / width / factor), column = Math.trunc((i % width) / factor);
    found.values[row * found.width + column] += one / (255 * factor * factor);
  });
  return found.values;
}

// Classes are matrices: mean, then components of length 1; null for a class without images.
function distanceFrom(known, image, factor) {
  if (known === null) return Infinity;
  const { rows, columns, values } = known;
  const away = reducedBy(image, factor).map((one, i) => one - values[i]), left = away.slice();
  for (let row = 1; row < rows; row++) {
    const component = values.subarray(row * columns, (row + 1) * columns);
    const along = component.reduce((sum, one, i) => sum + one * away[i], 0);
    component.forEach((one, i) => { left[i] -= along * one; });
  }
  return left.reduce((sum, one) => sum + one * one, 0);
}
