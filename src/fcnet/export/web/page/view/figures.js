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

// What an autoencoder makes of its code, as an image.
function reconstruction({ size }, values) {
  return plane(size[1], size[0], last(values).map((one) => Math.min(Math.max(255 * one, 0), 255)));
}

// Of an autoencoder: how its reconstruction differs, and the code.
function codeFigures({ size, code }, values) {
  const off = last(values).map((one, i) => one - values[0][i]), codes = values[code];
  const most = codes.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  const drawn = picture(word('codeLabel'), (canvas) => drawCode(canvas, codes));
  drawn.className = codes.length > 64 ? 'code many' : 'code';
  const difference = picture(word('difference'), (canvas) => drawSigned(canvas, off, size));
  return [
    figure(word('difference'), word('differenceMore'), difference, key('brighter', 'darker')),
    figure(word('code'), word('codeMore', { n: codes.length, v: most.toFixed(2) }), drawn),
  ];
}
