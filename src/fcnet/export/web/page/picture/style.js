// Whether an image is made as the training images are (data/photos/style.py).

const FAINTEST = 0.1; // of the contrast between ground and ink: what counts as part of a digit

function measures({ width, height, values }, ground, ink) {
  const amount = Float32Array.from(values, (one) => (one - ground) / (ink - ground));
  const at = (row, column) => amount[row * width + column];
  const box = boxOf(plane(width, height, amount.map((one) => (one > FAINTEST ? 1 : 0)))) ?? [0, 0, height, width];
  let [edge, edges, peak, mass, down, across, outline] = [0, 0, -Infinity, 0, 0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const one = at(row, column), some = Math.max(one, 0);
      // Corners count twice, as the two edges that they belong to.
      const sides = (row === 0) + (row === height - 1) + (column === 0) + (column === width - 1);
      edge += sides * Math.abs(values[row * width + column] - ground);
      edges += sides;
      peak = Math.max(peak, one);
      mass += some;
      down += some * row;
      across += some * column;
      if (row + 1 < height && column + 1 < width) {
        outline += Math.hypot(Math.max(at(row + 1, column), 0) - some, Math.max(at(row, column + 1), 0) - some);
      }
    }
  }
  mass = Math.max(mass, 1e-6);
  const [top, left, bottom, right] = box;
  return {
    edge: edge / edges,
    peak,
    box: peak > FAINTEST ? Math.max(bottom - top, right - left) : 0,
    mass_row: down / mass,
    mass_column: across / mass,
    box_row: (top + bottom - 1) / 2,
    box_column: (left + right - 1) / 2,
    width: (2 * mass) / Math.max(outline, 1e-6),
  };
}

function fits(image, style) {
  const found = measures(image, style.ground, style.ink);
  return Object.entries(style.bounds).every(([name, [low, high]]) => low <= found[name] && found[name] <= high);
}
