// The figures below the answer: what the net sees, what speaks for the answer, what an autoencoder makes of it.

const UNITS = 8; // hidden units that are shown

function element(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'className') found.className = value;
    else found.setAttribute(key, value);
  }
  found.append(...children);
  return found;
}

function key(above, below) {
  return element('p', { className: 'key' }, element('span', {}, word(above)), element('span', {}, word(below)));
}

// A figure with a title, a sentence, and what is drawn.
function figure(title, more, ...children) {
  const caption = element('figcaption', {}, element('h2', {}, title), element('p', {}, more));
  return element('figure', {}, caption, ...children);
}

function picture(label, draw) {
  const canvas = element('canvas', { role: 'img', 'aria-label': label });
  draw(canvas);
  return canvas;
}

function seenFigure(image) {
  const more = word('seenMore', { w: image.width, h: image.height });
  return figure(word('seen'), more, picture(word('seenLabel'), (canvas) => drawGrey(canvas, image)));
}

// Of a classifier: what speaks for a class.
function classFigures({ layers, size }, values, wanted, name) {
  const own = ownWeights(layers, wanted), pixels = contributions(layers, values, wanted);
  const title = word('speaks', { a: name }), found = [];
  const sentence = own ? word('speaksRow', { a: name }) : word('speaksPixels');
  found.push(figure(title, sentence, picture(title, (canvas) => drawSigned(canvas, pixels, size)), key('for', 'against')));
  if (own) {
    const label = word('weights', { a: name });
    found.push(figure(label, word('weightsMore'), picture(label, (canvas) => drawSigned(canvas, own, size)), key('bright', 'dark')));
  }
  const hidden = units(layers, values, wanted, UNITS);
  if (!hidden?.length || hidden[0].weights.length !== size[0] * size[1]) return found;
  const all = element('div', { className: 'units' }, ...hidden.map(({ unit, value, weights }) => {
    const label = word('unitLabel', { n: unit + 1, v: value.toFixed(2) });
    return element('div', {}, picture(label, (canvas) => drawSigned(canvas, weights, size)), `+${value.toFixed(2)}`);
  }));
  const last = figure(word('units'), word('unitsMore'), all, key('bright', 'dark'));
  last.classList.add('wide');
  return [...found, last];
}

// Of an autoencoder: its reconstruction, the difference, and the code.
function codeFigures({ size, code }, values) {
  const [height, width] = size, rebuilt = last(values), input = values[0];
  const grey = plane(width, height, rebuilt.map((one) => Math.min(Math.max(255 * one, 0), 255)));
  const off = rebuilt.map((one, i) => one - input[i]), codes = values[code], most = codes.reduce((a, b) => Math.max(a, b));
  const drawn = picture(word('codeLabel'), (canvas) => drawCode(canvas, codes));
  drawn.className = codes.length > 64 ? 'code many' : 'code';
  return [
    figure(word('rebuilt'), word('rebuiltMore'), picture(word('rebuilt'), (canvas) => drawGrey(canvas, grey))),
    figure(word('difference'), word('differenceMore'), picture(word('difference'), (canvas) => drawSigned(canvas, off, size))),
    figure(word('code'), word('codeMore', { n: codes.length, v: most.toFixed(2) }), drawn),
  ];
}
