// Shear light digits on black upright, and centre them (data/images/deskew.py): for nets of such images.

const LEAST_SPREAD = 1e-6; // below this variance of its rows, light is in a single row and has no slant

function deskewed(image) {
  const { width, height, values } = image;
  const moment = (of) => values.reduce((sum, one, i) => sum + one * of(Math.trunc(i / width), i % width), 0);
  const mass = Math.max(moment(() => 1), 1), lit = moment(() => 1) > 0;
  const down = moment((y) => y) / mass, across = moment((y, x) => x) / mass;
  const spread = moment((y) => (y - down) ** 2);
  const slant = spread <= LEAST_SPREAD * mass ? 0 : moment((y, x) => (y - down) * (x - across)) / spread;
  const lower = lit ? down - (height - 1) / 2 : 0, right = lit ? across - (width - 1) / 2 : 0;
  const rows = between(image, (y, x) => [y + lower, x]);
  const found = between(rows, (y, x) => [y, x + slant * (y - (height - 1) / 2) + right]);
  return plane(width, height, found.values.map(rounded));
}

// Interpolate along the axis in which the position is no whole number; 0 beyond the edge.
function between({ width, height, values }, place) {
  const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : values[y * width + x]);
  const found = { width, height, values: new Float64Array(width * height) };
  found.values.forEach((_, i) => {
    const [y, x] = place(Math.trunc(i / width), i % width), y0 = Math.floor(y), x0 = Math.floor(x);
    const [v, h] = [y - y0, x - x0];
    found.values[i] = (1 - v) * ((1 - h) * at(y0, x0) + h * at(y0, x0 + 1))
      + v * ((1 - h) * at(y0 + 1, x0) + h * at(y0 + 1, x0 + 1));
  });
  return found;
}
