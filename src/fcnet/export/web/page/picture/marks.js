// From ink to the marks on a picture, and which of them make the digit (data/photos/marks.py).

const MARKS = {
  stroke: 0.45, faint: 0.25, // of the ink in the middle of strokes: what begins a mark, and what belongs to it
  edge: 0.003, // of the picture's longer side: how far the soft edge of a stroke reaches
  noises: 4, // times the spread of the paper
  speck: 0.02, // of the largest mark's area: less is a speck
  near: 0.3, // of the largest mark's longer side: marks further away do not belong to it
  along: 0.35, // of a side of the picture: marks that touch it on more are its frame, a shadow or another object
  tall: 0.5, much: 0.25, apart: 0.08, // of the largest mark's height, area and side: a second digit
  many: 15, alike: 0.6, legible: 8, most: 500, // second digits that are a texture
  solid: 0.55, // of its longer side: a mark that is this thick is a spot
  small: 64, // pixels of a side of a picture
  least: 0.03, // of the picture's longer side: smaller marks are no digits
};

// {width, height, labels, boxes, areas, uneven}: connected marks, numbered from 1 in `labels`, from 0 in the lists.
function marksOf({ amount, noise, uneven }) {
  const { width, height, values } = amount;
  const strongest = Math.max(MARKS.stroke, MARKS.noises * noise), weakest = Math.max(MARKS.faint, MARKS.noises * noise);
  const strong = plane(width, height, values.map((one) => (one > strongest ? 1 : 0)));
  const reach = 2 * Math.max(rounded(MARKS.edge * Math.max(width, height)), 1) + 1;
  const about = extreme(strong, reach, true);
  const weak = plane(width, height, values.map((one, i) => (one > weakest && about.values[i] ? 1 : 0)));
  const { labels, count } = labelled(weak), number = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) if (strong.values[i]) number[labels[i]] = 1;
  let begun = 0;
  number[0] = 0;
  for (let label = 1; label <= count; label++) if (number[label]) number[label] = ++begun;
  const boxes = Array.from({ length: begun }, () => [height, width, 0, 0]), areas = new Float64Array(begun);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const own = labels[i] = number[labels[i]];
      if (!own) continue;
      const box = boxes[own - 1];
      if (row < box[0]) box[0] = row;
      if (column < box[1]) box[1] = column;
      if (row >= box[2]) box[2] = row + 1;
      if (column >= box[3]) box[3] = column + 1;
      areas[own - 1]++;
    }
  }
  return { width, height, labels, boxes, areas, uneven };
}

const heightOf = ([top, , bottom]) => bottom - top;
const sideOf = ([top, left, bottom, right]) => Math.max(bottom - top, right - left);
const downTo = (box, other) => Math.max(box[0] - other[2], other[0] - box[2]);
const acrossTo = (box, other) => Math.max(box[1] - other[3], other[1] - box[3]);

// Which marks lie along an edge of the picture: frames, shadows, and objects that reach in.
function frames({ width, height, labels, areas }) {
  const share = new Float64Array(areas.length);
  const along = (at, length) => {
    const counts = new Float64Array(areas.length + 1);
    for (let i = 0; i < length; i++) counts[labels[at(i)]]++;
    share.forEach((one, i) => { share[i] = Math.max(one, counts[i + 1] / length); });
  };
  along((i) => i, width);
  along((i) => (height - 1) * width + i, width);
  along((i) => i * width, height);
  along((i) => i * width + width - 1, height);
  return Array.from(share, (one) => one > MARKS.along);
}

// {members, box, touches} of the one digit that marks make, or {problem: 'nothing' | 'several'}. If it need not be
// single, it is all that is written.
function digitOf(found, single) {
  const { boxes, areas } = found, framing = frames(found), all = framing.every(Boolean);
  const weights = Array.from(areas, (area, i) => (all || !framing[i] ? area : 0));
  if (!weights.length) return { problem: 'nothing' };
  const main = argmax(weights), side = sideOf(boxes[main]);
  const others = othersThan(found, main, weights);
  const none = side < Math.max(MARKS.least * Math.max(found.width, found.height), 3) || isSpot(found, main);
  if (none && others.length <= MARKS.many) return { problem: 'nothing' };
  if (others.length && (single || none)) {
    return { problem: others.length > MARKS.many && !areDigits(found, [...others, main]) ? 'nothing' : 'several' };
  }
  const members = boxes.flatMap((box, i) => {
    const near = Math.max(downTo(box, boxes[main]), acrossTo(box, boxes[main])) < MARKS.near * side;
    return (near || others.includes(i)) && weights[i] > MARKS.speck * weights[main] ? [i] : [];
  });
  const box = [0, 1, 2, 3].map((k) => (k < 2 ? Math.min : Math.max)(...members.map((i) => boxes[i][k])));
  const touches = box[0] === 0 || box[1] === 0 || box[2] === found.height || box[3] === found.width;
  return { members, box, touches };
}

// Whether a mark is a spot rather than strokes. One at an edge of a picture with shadow is continued beyond the edge.
function isSpot(found, number) {
  const [top, left, bottom, right] = found.boxes[number], side = sideOf(found.boxes[number]);
  const goesOn = found.uneven && Math.min(found.width, found.height) >= MARKS.small;
  const beyond = (atEdge) => (atEdge && goesOn ? side : 1);
  const [above, below] = [beyond(top === 0), beyond(bottom === found.height)];
  const [before, after] = [beyond(left === 0), beyond(right === found.width)];
  const mine = plane(right - left + before + after, bottom - top + above + below);
  for (let y = 0, i = 0; y < mine.height; y++) {
    const row = goesOnFrom(y - above + top, top, bottom, above, below);
    for (let x = 0; x < mine.width; x++, i++) {
      const column = goesOnFrom(x - before + left, left, right, before, after);
      if (row >= 0 && column >= 0 && found.labels[row * found.width + column] === number + 1) mine.values[i] = 1;
    }
  }
  const deepest = distances(mine).values.reduce((a, b) => Math.max(a, b), 0);
  return 2 * deepest > MARKS.solid * side;
}

// The place that is continued to a place beside a mark; -1 if none is.
function goesOnFrom(at, first, end, before, after) {
  if (at < first) return before > 1 ? first : -1;
  if (at >= end) return after > 1 ? end - 1 : -1;
  return at;
}

// The marks that could be digits beside the largest one.
function othersThan({ boxes }, main, weights) {
  const side = sideOf(boxes[main]);
  return boxes.flatMap((box, i) => {
    const down = downTo(box, boxes[main]), apart = Math.max(down, acrossTo(box, boxes[main])) > MARKS.apart * side;
    const tall = heightOf(box) > MARKS.tall * heightOf(boxes[main]) || (down > 0 && sideOf(box) > MARKS.tall * side);
    return apart && tall && weights[i] > MARKS.much * weights[main] ? [i] : [];
  });
}

// Whether many marks are the digits of a page rather than a texture.
function areDigits({ boxes, areas }, many) {
  const heights = many.map((i) => heightOf(boxes[i]));
  const [low, usual, high] = [10, 50, 90].map((percent) => percentile(heights, percent));
  const thick = median(many.map((i) => areas[i] / sideOf(boxes[i]) ** 2));
  return many.length <= MARKS.most && low > MARKS.alike * high && usual >= MARKS.legible && thick < MARKS.solid;
}

// The ink of some marks within their box, with its soft edge.
function inkWithin({ width, labels }, amount, members, box) {
  const mine = new Set(members.map((i) => i + 1)), found = part(amount, box), [top, left] = box;
  for (let row = 0, i = 0; row < found.height; row++) {
    for (let column = 0; column < found.width; column++, i++) {
      if (!mine.has(labels[(row + top) * width + column + left])) found.values[i] = 0;
    }
  }
  return found;
}
