// From a drawing or a picture to the image that the net sees, made as its training images are.
//
// The result is {image} or {problem}: 'blank', 'nothing' (no digit found), 'several' (digits). With an image there may be
// `doubt`: 'several' parts, or 'cut' by an edge of the picture.

const PASSING = 320; // pixels of the longer side: larger pictures are always prepared (data/photos/reading.py)
const HALF = 250; // pixels of a side: drawings with more are read at half their size, which is fine enough
const SIDE = 1000; // pixels of the longer side of a picture in which its digit is looked for

// The image that was enlarged by a whole number, pixel by pixel; null if none was.
function unscaled(source, [height, width]) {
  const times = source.width / width;
  if (!Number.isInteger(times) || source.height !== height * times) return null;
  const image = plane(width, height);
  for (let row = 0, at = 0; row < source.height; row++) {
    const line = Math.trunc(row / times) * width;
    for (let column = 0; column < width; column++) {
      if (row % times === 0) image.values[line + column] = source.values[at];
      for (let k = 0; k < times; k++, at++) if (source.values[at] !== image.values[line + column]) return null;
    }
  }
  return image;
}

// What is on the drawing area: grey levels, a plane.
function readDrawing(levels, how) {
  const first = levels.values[0];
  if (levels.values.every((one) => one === first)) return { problem: 'blank' };
  const small = unscaled(levels, how.size);
  if (small) return finished(readGrey(small, how), how);
  if (!how.style) return finished({ image: resized(levels, how.size[1], how.size[0], 'bilinear', true) }, how);
  const { ground, ink } = how.style;
  const amount = halved(plane(levels.width, levels.height, levels.values.map((one) => (one - ground) / (ink - ground))));
  const found = marksOf({ amount, noise: 0, uneven: false });
  if (found.boxes.every((_, i) => isSpot(found, i))) return { problem: 'nothing' };
  const members = found.boxes.map((_, i) => i);
  const box = [0, 1, 2, 3].map((k) => (k < 2 ? Math.min : Math.max)(...found.boxes.map((one) => one[k])));
  const image = placed(inkWithin(found, amount, members, box), how.style);
  if (!image) return { problem: 'nothing' };
  const doubt = digitOf(found, how.single).problem === 'several' ? 'several' : '';
  return finished({ image, doubt }, how);
}

function halved(source) {
  if (Math.min(source.width, source.height) < 2 * HALF) return source;
  return resized(source, source.width >> 1, source.height >> 1, 'box');
}

// An image of the training images' size.
function readGrey(image, how) {
  if (!how.prepares || fits(image, how.style)) return { image };
  const level = plane(image.width, image.height, image.values.map((one) => one / 255));
  return prepared([level, level, level], how);
}

// What is on a picture: {width, height, data}, four bytes for each pixel, as the browser decodes files.
function readPicture(picture, how) {
  const [height, width] = how.size, grey = greyOf(picture), small = unscaled(grey, how.size);
  if (small) return finished(readGrey(small, how), how);
  if (!how.prepares) return finished({ image: resized(grey, width, height, 'bilinear', true) }, how);
  if (Math.max(picture.width, picture.height) <= Math.max(PASSING, ...how.size)) {
    const image = resized(grey, width, height, 'bilinear', true);
    if (fits(image, how.style)) return finished({ image }, how);
  }
  return finished(prepared(reduced(coloursOf(picture)), how), how);
}

function reduced(planes) {
  const { width, height } = planes[0], share = SIDE / Math.max(width, height);
  if (share >= 1) return planes;
  const [across, down] = [width, height].map((side) => Math.max(rounded(side * share), 1));
  return planes.map((one) => resized(one, across, down, 'box'));
}

// A photo: three planes of colour, 0 to 1 (data/photos/prepare.py). The box is a share of its width and height.
function prepared(planes, how) {
  const ink = inkOf(planes);
  if (!ink) return { problem: 'nothing' };
  const found = marksOf(ink), digit = digitOf(found, how.single);
  if (digit.problem) return { problem: digit.problem };
  const image = placed(inkWithin(found, ink.amount, digit.members, digit.box), how.style);
  if (!image) return { problem: 'nothing' };
  const sides = [found.height, found.width, found.height, found.width];
  return { image, doubt: digit.touches ? 'cut' : '', box: digit.box.map((edge, k) => edge / sides[k]) };
}

function finished(found, how) {
  return found.image && how.deskew ? { ...found, image: deskewed(found.image) } : found;
}

// Grey levels as Pillow has them. A transparent picture is laid on white if its ink is dark, else on black.
function greyOf({ width, height, data }) {
  const found = plane(width, height);
  let ink = 0, seen = 0, clear = false;
  for (let i = 0, at = 0; i < found.values.length; i++, at += 4) {
    found.values[i] = (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 32768) >> 16;
    ink += found.values[i] * data[at + 3];
    seen += data[at + 3];
    clear ||= data[at + 3] < 255;
  }
  if (!clear) return found;
  const ground = seen && 2 * ink < 255 * seen ? 255 : 0;
  return plane(width, height, found.values.map((one, i) => {
    const share = data[4 * i + 3] / 255;
    return Math.round(one * share + ground * (1 - share));
  }));
}

// Three planes of colour, 0 to 1. Where the picture is transparent, they have its most frequent colour; if most of it is,
// white or black, as in greyOf.
function coloursOf({ width, height, data }) {
  const ground = groundColour(data);
  return [0, 1, 2].map((c) => {
    const found = plane(width, height);
    for (let i = 0, at = 0; i < found.values.length; i++, at += 4) {
      const share = data[at + 3] / 255;
      found.values[i] = (data[at + c] * share + ground[c] * (1 - share)) / 255;
    }
    return found;
  });
}

function groundColour(data) {
  const counts = new Uint32Array(4096);
  let light = 0, weight = 0, seen = 0;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3];
    light += ((data[at] + data[at + 1] + data[at + 2]) / 3) * alpha;
    weight += alpha;
    if (alpha <= 127) continue;
    seen++;
    counts[((data[at] >> 4) << 8) | ((data[at + 1] >> 4) << 4) | (data[at + 2] >> 4)]++;
  }
  if (2 * seen <= data.length / 4) return Array(3).fill(light / Math.max(weight, 1) < 128 ? 255 : 0);
  const coarse = argmax(counts);
  return [8, 4, 0].map((shift) => (((coarse >> shift) & 15) << 4) + 8);
}
