// Picture files: chosen, dropped or pasted.

const MOST = 2 ** 24; // pixels: larger pictures are reduced by the browser when it decodes them

// Whether a file is a PNG with 16 bits for each value, of which a browser shows 8.
async function isDeep(file) {
  const start = new Uint8Array(await file.slice(0, 26).arrayBuffer());
  return start[0] === 0x89 && start[1] === 0x50 && start[24] === 16;
}

// The pixels of a file, upright: {width, height, data}. Rejected if the browser cannot decode it.
async function pixelsOf(file) {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'none' });
  const share = Math.min(Math.sqrt(MOST / (whole.width * whole.height)), 1);
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(Math.trunc(side * share), 1));
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(whole, 0, 0, width, height);
  whole.close();
  return context.getImageData(0, 0, width, height);
}

// Show a picture as large as a canvas allows, and a box on it, given as shares of its sides.
function showPicture(canvas, picture, box) {
  const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const [left, top] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  const source = new OffscreenCanvas(picture.width, picture.height), context = canvas.getContext('2d');
  source.getContext('2d').putImageData(picture, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = scale < 4;
  context.drawImage(source, left, top, width, height);
  if (!box) return;
  const margin = 6;
  Object.assign(context, { lineWidth: 5, strokeStyle: '#e8590c' });
  context.strokeRect(left + box[1] * width - margin, top + box[0] * height - margin,
    (box[3] - box[1]) * width + 2 * margin, (box[2] - box[0]) * height + 2 * margin);
}

// Call read(file) for each file that is chosen, dropped or pasted.
function takeFiles(button, input, read) {
  const first = (files) => { if (files?.length) read(files[0]); };
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    first(input.files);
    input.value = '';
  });
  document.addEventListener('paste', (event) => first(event.clipboardData?.files));
  for (const name of ['dragenter', 'dragover']) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.add('dropping');
    });
  }
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    first(event.dataTransfer?.files);
  });
}
