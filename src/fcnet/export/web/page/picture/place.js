// Draw a digit as the training images have theirs (data/photos/place.py): strokes of their width, scaled to their box with
// the aspect kept, moved by whole pixels until the centre of mass is in the middle.

const PLACE = {
  fine: 8, // subpixels per pixel of the result
  half: 0.45, // of the ink in the middle of strokes: where their edge is
  smooth: 0.35, // of a pixel of the source: blur of enlarged pictures, whose pixels would be seen as steps
};

// An image, levels 0 to 255, of ink 0 to 1 that ends where its box ends; null if nothing is left of it.
function placed(amount, style) {
  const solid = fine(amount, style.box * PLACE.fine);
  return solid && inTheMiddle(scaledTo(ofWidth(solid, style), style), style);
}

function mask(source, test) {
  return plane(source.width, source.height, source.values.map((one) => (test(one) ? 1 : 0)));
}

function cropped(solid) {
  const box = boxOf(solid);
  return box && part(solid, box);
}

// The strokes on a grid on which the longer side of their box has `side` points.
function fine(amount, side) {
  const scale = side / Math.max(amount.width, amount.height);
  const wide = padded(plane(amount.width, amount.height, amount.values.map((one) => Math.min(Math.max(one, 0), 1))), 2);
  const [width, height] = [wide.width, wide.height].map((length) => Math.max(rounded(length * scale), 1));
  const large = resized(wide, width, height, scale > 1 ? 'bicubic' : 'box');
  return cropped(mask(scale > 1 ? blurred(large, PLACE.smooth * scale) : large, (one) => one > PLACE.half));
}

// Strokes as wide as those of the training images.
function ofWidth(solid, style) {
  const side = Math.max(solid.width, solid.height), { width } = solid;
  const inside = part(distances(padded(solid, 1)), [1, 1, solid.height + 1, width + 1]);
  const peaks = extreme(inside, 3, true);
  const ridge = inside.values.filter((one, i) => one > 0 && one === peaks.values[i]);
  const now = ((2 * median(ridge)) / side) * style.box;
  let by = ((Math.min(Math.max(now, style.thin), style.thick) - now) / 2) * PLACE.fine;
  if (by > 0) {
    const margin = Math.ceil(by) + 1;
    by *= side / Math.max(side - 2 * by, 1); // strokes and box grow together: scaled back, they would be too thin
    const outside = distances(mask(padded(solid, margin), (one) => !one));
    return cropped(mask(outside, (one) => one <= by));
  }
  return (by < 0 && cropped(mask(inside, (one) => one > -by))) || solid;
}

// Strokes in the box, 0 to 1, anti-aliased.
function scaledTo(solid, style) {
  const [down, across] = style.size;
  const scale = Math.min(style.box / Math.max(solid.width, solid.height), down / solid.height, across / solid.width);
  const [width, height] = [solid.width, solid.height].map((length) => Math.max(rounded(length * scale), 1));
  return resized(solid, width, height, 'box');
}

function inTheMiddle(digit, style) {
  const [height, width] = style.size, image = plane(width, height);
  const sums = [new Float64Array(digit.height), new Float64Array(digit.width)];
  digit.values.forEach((one, i) => {
    sums[0][Math.trunc(i / digit.width)] += one;
    sums[1][i % digit.width] += one;
  });
  const [top, left] = sums.map((line, axis) => {
    const total = line.reduce((sum, one) => sum + one, 0);
    const middle = style.by_mass ? line.reduce((sum, one, i) => sum + one * i, 0) / total : (line.length - 1) / 2;
    return Math.min(Math.max(rounded(style.middle[axis] - middle), 0), style.size[axis] - line.length);
  });
  image.values.fill(Math.round(style.ground));
  digit.values.forEach((one, i) => {
    const at = (Math.trunc(i / digit.width) + top) * width + (i % digit.width) + left;
    image.values[at] = rounded(style.ground + one * (style.ink - style.ground));
  });
  return image;
}
