// Take the paper off a picture (data/photos/ground.py): from three planes of colour, 0 to 1, to how much ink each pixel
// has. The ground is estimated locally, so that shadow is no ink; ink may be darker or lighter, in any colour.

const GROUND = {
  small: 128, // pixels of the longer side on which the ground is estimated
  leastContrast: 0.06, // of white
  clear: 3.3, // times the spread of the paper: the contrast of strokes that can be told from it
  noises: 4, // times the spread of the paper: below it, nothing is ink
  strokes: 95, // percentile of the contrast of all that is not paper
  windows: [0.06, 0.1, 0.15, 0.2, 0.26], // of the longer side: strokes are narrower than the last one
  beyond: 0.05, // of the longer side
  enough: 0.7, // of what the last window removes
  thin: 60, // pixels of a side: smaller pictures have strokes of a pixel, and no noise
  dim: 0.15, // of white: darker grounds reflect too little to tell how much light falls on them
  some: 50000, sampled: 256, // pixels, and pixels of a side, that suffice for a percentile
  far: 4, level: 0.004, // times as far as the other ground, and a level: a ground that is no paper
  uneven: 0.05, // of white: grounds that vary more have shadow
};

// {amount: plane, light, noise, uneven}; null if there is no ink.
function inkOf(planes) {
  const { width, height } = planes[0];
  const share = Math.min(GROUND.small / Math.max(width, height), 1);
  const [across, down] = [width, height].map((side) => Math.max(rounded(side * share), 1));
  const small = planes.map((one) => resized(one, across, down, 'box'));
  const { light, ground } = groundOf(small);
  const lit = ground.map((one) => resized(one, width, height, 'bilinear'));
  const off = lit.map((one, c) => difference(one, planes[c], light));
  const size = largest(off), noise = spreadOf(off);
  const marks = size.filter((one) => one > Math.max(GROUND.noises * noise, GROUND.leastContrast));
  if (!marks.length) return null;
  const every = Math.max(Math.trunc(marks.length / GROUND.some), 1);
  const least = 0.5 * percentile(marks.filter((_, i) => i % every === 0), GROUND.strokes);
  const colour = off.map((one) => mean(one.values.filter((_, i) => size[i] > least))); // of the middle of strokes
  const contrast = Math.max(...colour.map(Math.abs));
  if (contrast < Math.max(GROUND.leastContrast, GROUND.clear * noise)) return null;
  const length = colour.reduce((sum, one) => sum + one * one, 0);
  const amount = plane(width, height);
  const [red, green, blue] = off.map((one) => one.values);
  for (let i = 0; i < size.length; i++) {
    amount.values[i] = (red[i] * colour[0] + green[i] * colour[1] + blue[i] * colour[2]) / length;
  }
  const range = Math.max(...ground.map((one) => percentile(one.values, 98) - percentile(one.values, 2)));
  const uneven = range > GROUND.uneven || noise > GROUND.uneven / 4;
  return { amount, light, noise: noise / contrast, uneven };
}

// How far a picture is from its ground. Dark ink takes a share of the light: in shadow as much of what is left.
function difference(lit, seen, light) {
  const found = plane(lit.width, lit.height);
  for (let i = 0; i < found.values.length; i++) {
    const level = lit.values[i], away = level - seen.values[i];
    found.values[i] = light ? away : away / Math.max(level, GROUND.dim);
  }
  return found;
}

function mean(values) {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

// The largest absolute value of the planes at each pixel; or of their difference to others.
function largest(planes, others) {
  const found = new Float32Array(planes[0].values.length);
  planes.forEach(({ values }, c) => {
    const other = others?.[c].values;
    for (let i = 0; i < found.length; i++) {
      const away = Math.abs(other ? values[i] - other[i] : values[i]);
      if (away > found[i]) found[i] = away;
    }
  });
  return found;
}

// The spread of the paper about its ground: from the median of absolute differences, of some pixels.
function spreadOf(off) {
  const { width, height } = off[0];
  const [down, across] = [height, width].map((side) => Math.max(Math.trunc(side / GROUND.sampled), 1));
  return Math.max(...off.map(({ values }) => {
    const some = [];
    for (let row = 0; row < height; row += down) {
      for (let column = 0; column < width; column += across) some.push(values[row * width + column]);
    }
    const middle = median(some);
    return 1.4826 * median(some.map((one) => Math.abs(one - middle)));
  }));
}

// Whether ink is lighter than its ground, and the ground: the picture without all that is narrower than a window, by
// closings for dark ink, openings for light ink.
function groundOf(small) {
  const even = Math.min(small[0].width, small[0].height) > GROUND.thin ? small.map(median3) : small;
  const [dark, light] = [false, true].map(
    (one) => GROUND.windows.map((share) => even.map((each) => withoutStrokes(each, share, one))));
  // Of the wrong polarity, the ground has the digit's outline and loops.
  let isLight = variation(last(light)) < variation(last(dark));
  const [far, other] = (isLight ? [light, dark] : [dark, light]).map((one) => median(largest(even, last(one))));
  if (far > GROUND.far * (other + GROUND.level)) isLight = !isLight;
  const grounds = isLight ? light : dark;
  const removed = grounds.map((one) => largest(even, one).reduce((sum, away) => sum + away * away, 0));
  // A wider window than strokes need takes off corners of shadows too.
  const enough = removed.findIndex((one) => one >= GROUND.enough * last(removed));
  return { light: isLight, ground: levelled(grounds[Math.min(enough + 1, grounds.length - 1)], small) };
}

function variation(planes) {
  return planes.reduce((total, { width, height, values }) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      if ((i + 1) % width) sum += Math.abs(values[i + 1] - values[i]);
      if (i + width < width * height) sum += Math.abs(values[i + width] - values[i]);
    }
    return total + sum;
  }, 0);
}

function withoutStrokes(even, share, light) {
  const side = Math.max(even.width, even.height);
  const window = Math.max(rounded(share * side) | 1, 3), margin = Math.max(rounded(GROUND.beyond * side), 1);
  const larger = continued(even, margin);
  const found = extreme(extreme(larger, window, !light), window, light);
  return part(found, [margin, margin, margin + even.height, margin + even.width]);
}

function continued(source, margin) {
  const found = plane(source.width + 2 * margin, source.height + 2 * margin);
  const inside = (i, n) => Math.min(Math.max(i - margin, 0), n - 1);
  found.values.forEach((_, i) => {
    const row = inside(Math.trunc(i / found.width), source.height), column = inside(i % found.width, source.width);
    found.values[i] = source.values[row * source.width + column];
  });
  return found;
}

// A ground at the mean of the paper, not at the extremes of its noise.
function levelled(ground, small) {
  const sigma = Math.max(ground[0].width, ground[0].height) / 96;
  const soft = ground.map((one) => blurred(one, sigma, true));
  const size = largest(small, soft), middle = median(size);
  return soft.map((one, c) => {
    const shift = mean(one.values.map((level, i) => small[c].values[i] - level).filter((_, i) => size[i] <= middle));
    return plane(one.width, one.height, one.values.map((level) => level + shift));
  });
}
