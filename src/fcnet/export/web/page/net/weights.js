// Decode the weights of a page: base64 to arrays of single precision.

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function singles(text) {
  return new Float32Array(bytesOf(text).buffer);
}

// IEEE 754 half precision, little-endian.
function halves(text) {
  const words = new Uint16Array(bytesOf(text).buffer);
  return Float32Array.from(words, (word) => {
    const sign = word & 0x8000 ? -1 : 1, exponent = (word >> 10) & 31, fraction = word & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

// A matrix or vector as packing.py stores it: {shape, int8 and scale | fp16 | fp32}.
function array(stored) {
  const [rows, columns] = [stored.shape[0] ?? 1, stored.shape[1] ?? 1];
  if (stored.fp32 !== undefined) return { rows, columns, values: singles(stored.fp32) };
  if (stored.fp16 !== undefined) return { rows, columns, values: halves(stored.fp16) };
  const whole = new Int8Array(bytesOf(stored.int8).buffer), scale = singles(stored.scale);
  const values = new Float32Array(whole.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) values[at] = whole[at] * scale[row];
  }
  return { rows, columns, values };
}

function isStored(value) {
  return value !== null && typeof value === 'object' && Array.isArray(value.shape);
}

// Layers as forward.js computes them, of layers as stored.
function decoded(layers) {
  return layers.map((layer) => {
    if (layer.kind === 'parallel') return { kind: layer.kind, nets: layer.nets.map(decoded) };
    const entries = Object.entries(layer).map(([key, value]) => [key, isStored(value) ? array(value) : value]);
    return Object.fromEntries(entries);
  });
}
