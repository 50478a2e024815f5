// Draw images and weights on canvases, one pixel for each value; the style sheet enlarges them.

function onCanvas(canvas, width, height, colour) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d'), picture = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) picture.data.set(colour(i), 4 * i);
  context.putImageData(picture, 0, 0);
}

function drawGrey(canvas, image) {
  onCanvas(canvas, image.width, image.height, (i) => [image.values[i], image.values[i], image.values[i], 255]);
}

function cssColour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

// Values above 0 in one colour, below in another, on no ground: the stronger, the larger.
function drawSigned(canvas, values, [height, width]) {
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
  const [above, below] = [cssColour('--for'), cssColour('--against')];
  onCanvas(canvas, width, height, (i) => [...(values[i] > 0 ? above : below), (255 * Math.abs(values[i])) / most]);
}

// The values of a code as bars above and below a line; many as squares.
function drawCode(canvas, values) {
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12), many = values.length > 64;
  if (many) {
    const width = Math.ceil(Math.sqrt(values.length)), height = Math.ceil(values.length / width);
    const all = Float32Array.from({ length: width * height }, (_, i) => values[i] ?? 0);
    drawSigned(canvas, all, [height, width]);
    return;
  }
  const [above, below] = [cssColour('--for'), cssColour('--against')], step = 4, width = step * values.length, half = 24;
  onCanvas(canvas, width, 2 * half + 1, (i) => {
    const row = Math.trunc(i / width), at = i % width, own = values[Math.trunc(at / step)] / most;
    if (row === half) return [128, 128, 128, 160];
    const inside = own > 0 ? row < half && row >= half - own * half : row > half && row <= half - own * half;
    return inside && at % step < step - 1 ? [...(own > 0 ? above : below), 255] : [0, 0, 0, 0];
  });
}
