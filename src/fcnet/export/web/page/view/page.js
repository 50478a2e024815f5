// The page: what is drawn or chosen, read, and shown.

const run = JSON.parse(document.getElementById('data').textContent);
const net = { layers: decoded(run.layers), size: run.size, code: run.code };
const classifies = run.code === null;
const familiar = run.familiar?.classes.map((one) => one && array(one)) ?? null;
const AREA = 560; // pixels of the longer side of the drawing area, at most
const MOST_BARS = 12; // more classes are shown by the most probable ones
const SECOND = 0.05; // probability from which on the second class is named too
const STROKE = 0.3, WIDEST = 0.14; // width of the pen: so far from thin to thick strokes, and of the digits' box at most

const at = (id) => document.getElementById(id);
const pad = at('pad'), photo = at('photo');
const style = run.style ?? { ground: 0, ink: 255, thin: 2, thick: 2, box: 20 };
const how = { size: run.size, style: run.style, prepares: run.prepares, single: run.single, deskew: run.deskew };

let chosen = null; // the picture that was chosen, or null for the drawing area
let answer = { problem: 'blank' };
let asked = null; // the class that is explained, if it is not the answer
let failure = ''; // why a file could not be read

// --- reading ----------------------------------------------------------------------------------------------------------

function levels() {
  const { width, height, data } = area.context.getImageData(0, 0, pad.width, pad.height);
  return plane(width, height, Float32Array.from({ length: width * height }, (_, i) => data[4 * i]));
}

// What is drawn or chosen, and what the net says to it.
function read() {
  const found = chosen ? readPicture(chosen, how) : readDrawing(levels(), how);
  if (!found.image) return found;
  const values = trace(net.layers, found.image.values.map((one) => one / 255));
  return { ...found, values, ...(classifies ? classified(last(values), found) : rebuilt(values)) };
}

function classified(logits, { doubt, image }) {
  const probabilities = softmax(logits), best = argmax(probabilities);
  const order = probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
  const low = probabilities[best] < run.limit.value;
  const strange = familiar !== null && distanceFrom(familiar[best], image, run.familiar.factor) > run.familiar.limit;
  return { probabilities, best, second: order[1], low, strange, sure: !low && !strange && !doubt };
}

function rebuilt(values) {
  const error = last(values).reduce((sum, one, i) => sum + (one - values[0][i]) ** 2, 0);
  return { error, sure: run.limit === null || error <= run.limit.value };
}

// --- showing ----------------------------------------------------------------------------------------------------------

function nameOf(number) {
  return run.classes[number];
}

function join(...sentences) {
  return sentences.filter(Boolean).join(language === 'zh' ? '' : ' ');
}

// The answer in words: {big, small, more, kind}.
function sentence() {
  const { problem } = answer;
  if (failure) return { big: word('unread'), more: failure, kind: 'none' };
  if (problem) return { big: word(problem), more: word(`${problem}More`), kind: 'none' };
  const doubt = { several: word('doubtSeveral'), cut: word('doubtCut') }[answer.doubt] ?? '';
  if (!classifies) {
    const error = word('error', { e: answer.error.toFixed(1) });
    const usual = run.limit ? word('usual', { limit: run.limit.value.toFixed(1) }) : '';
    const kind = answer.sure ? 'plain' : 'plain doubtful';
    return { big: answer.sure ? error : word('unusual'), small: answer.sure ? '' : error, more: join(usual, doubt), kind };
  }
  const { best, second, probabilities, low, strange } = answer, share = percent(probabilities[best]);
  if (answer.sure) return { big: nameOf(best), small: share, more: '', kind: '' };
  const both = probabilities[second] >= SECOND;
  const maybe = word(both ? 'either' : 'maybe', { a: nameOf(best), b: nameOf(second) });
  const reason = low ? word('low', { p: share, limit: percent(run.limit.value) }) : '';
  const looks = strange ? word('strangeClass', { a: nameOf(best) }) : '';
  return { big: word('unsure'), small: maybe, more: join(reason, looks, doubt), kind: 'doubtful' };
}

function showAnswer(aloud) {
  const { big, small, more, kind } = sentence(), place = at('answer');
  place.className = kind;
  place.replaceChildren(big, ...(small ? [element('small', {}, small)] : []));
  at('more').textContent = more;
  if (aloud) at('live').textContent = [big, small, more].filter(Boolean).join('. ');
}

function shownClasses() {
  const all = run.classes.map((_, i) => i);
  if (all.length <= MOST_BARS) return all;
  const shares = answer.probabilities;
  return shares ? all.sort((a, b) => shares[b] - shares[a]).slice(0, MOST_BARS) : all.slice(0, MOST_BARS);
}

function bar(number) {
  const button = element('button', { type: 'button' }, element('span', { className: 'name' }),
    element('span', { className: 'track' }, element('span', { className: 'bar' })), element('span', { className: 'share' }));
  button.addEventListener('click', () => {
    asked = Number(button.dataset.number);
    show(false);
  });
  return element('li', {}, button);
}

function showBars() {
  const numbers = shownClasses(), list = at('bars'), told = asked ?? answer.best;
  while (list.children.length < numbers.length) list.append(bar());
  numbers.forEach((number, i) => {
    const button = list.children[i].firstChild, share = answer.probabilities?.[number];
    button.dataset.number = number;
    button.disabled = share === undefined;
    button.setAttribute('aria-pressed', String(share !== undefined && number === told));
    button.querySelector('.name').textContent = nameOf(number);
    button.querySelector('.bar').style.width = `${100 * (share ?? 0)}%`;
    button.querySelector('.share').textContent = share === undefined ? '' : percent(share);
  });
}

function showFigures() {
  const found = [];
  at('rebuilt').hidden = classifies || !answer.image;
  if (!at('rebuilt').hidden) drawGrey(at('rebuilt'), reconstruction(net, answer.values));
  if (answer.image) {
    const told = asked ?? answer.best;
    found.push(seenFigure(answer.image));
    found.push(...(classifies ? classFigures(net, answer.values, told, nameOf(told)) : codeFigures(net, answer.values)));
  }
  at('figures').replaceChildren(...found);
}

function show(aloud) {
  showAnswer(aloud);
  if (classifies) showBars();
  showFigures();
}

function about() {
  const rows = [['run', run.name], ['net', run.net], ['numbers', word(run.precision)]], measured = run.measured;
  const figures = (value) => (classifies ? percent(value) : value.toFixed(2));
  rows.push([classifies ? 'accuracy' : 'squared', measured ? word('page', {
    page: figures(measured.page), run: figures(measured.run), n: measured.n, split: word(measured.split),
  }) : word('unmeasured')]);
  if (classifies) {
    const name = { run: 'limitRun', page: 'limitPage', stated: 'limitStated' }[run.limit.from];
    rows.push(['from', word(name, { limit: percent(run.limit.value) })]);
    rows.push(['looks', word(familiar ? 'looksKnown' : 'looksUnknown')]);
  }
  at('about').replaceChildren(...rows.flatMap(
    ([name, value]) => [element('dt', {}, word(name)), element('dd', {}, value)]));
  at('made').textContent = word('made', { version: run.version });
}

function speak(wanted) {
  language = wanted;
  document.documentElement.lang = wanted === 'zh' ? 'zh-Hans' : 'en';
  for (const one of document.querySelectorAll('[data-word]')) one.textContent = word(one.dataset.word);
  const digits = run.classes.every((name) => /^\d$/.test(name));
  at('title').textContent = word(!classifies ? 'titleCode' : digits ? 'title' : 'titleOther');
  at('answer-title').textContent = word(classifies ? 'answer' : 'reconstruction');
  pad.setAttribute('aria-label', word('pad'));
  photo.setAttribute('aria-label', word('photoLabel'));
  at('rebuilt').setAttribute('aria-label', word('rebuilt'));
  Object.assign(at('language'), { textContent: word('other'), lang: wanted === 'zh' ? 'en' : 'zh-Hans' });
  at('language').setAttribute('aria-label', word('otherLabel'));
  about();
  show(false);
}

// Ink is dark on light in the light scheme, light on dark in the dark one, whatever the training images have.
function flip() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  pad.classList.toggle('flipped', dark !== (style.ink > style.ground));
}

// --- what is done on the page -----------------------------------------------------------------------------------------

function update(aloud) {
  answer = read();
  asked = null;
  show(aloud);
}

let drawing = false; // the pen is down
let waiting = false; // for the time to read what is being drawn
let reading = Promise.resolve(); // a file

function changed(ended) {
  drawing = !ended;
  if (ended) {
    update(true);
  } else if (!waiting) {
    waiting = true;
    const start = performance.now();
    requestAnimationFrame(() => {
      if (drawing) update(false);
      // Slow machines read less often, so that the pen does not lag behind.
      setTimeout(() => { waiting = false; }, 2 * (performance.now() - start));
    });
  }
}

function toDrawing() {
  if (!chosen && !failure) return;
  [chosen, failure] = [null, ''];
  [pad.hidden, photo.hidden] = [false, true];
  area.clear();
}

async function readFile(file) {
  at('live').textContent = word('busy', { file: file.name });
  try {
    if (run.white !== null && run.white !== 65535 && await isDeep(file)) throw new Error('deep');
    chosen = await pixelsOf(file);
    failure = '';
  } catch (error) {
    chosen = null;
    area.clear();
    failure = word(error.message === 'deep' ? 'deep' : 'unreadable', { file: file.name });
  }
  [pad.hidden, photo.hidden] = [chosen !== null, chosen === null];
  update(true);
  if (chosen) showPicture(photo, chosen, answer.box);
}

// Put an image of the training images' size on the drawing area: grey levels 0 to 255, row by row.
function put(pixels) {
  const [height, width] = run.size, times = pad.width / width, picture = area.context.createImageData(pad.width, pad.height);
  toDrawing();
  for (let i = 0; i < pad.width * pad.height; i++) {
    const row = Math.trunc(i / pad.width / times), column = Math.trunc((i % pad.width) / times);
    picture.data.fill(pixels[row * width + column], 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  }
  area.context.putImageData(picture, 0, 0);
  update(true);
  return told();
}

// What the page says, for programs.
function told() {
  const { problem, doubt, probabilities, best, sure, image, values, error } = answer;
  return {
    problem: problem ?? '',
    doubt: doubt ?? '',
    predicted: best === undefined ? null : nameOf(best),
    probability: best === undefined ? null : probabilities[best],
    probabilities: probabilities ?? [],
    sure: sure ?? false,
    seen: image ? Array.from(image.values) : [],
    outputs: values ? Array.from(last(values)) : [],
    squaredError: error ?? null,
    text: at('answer').textContent,
  };
}

const times = Math.max(Math.trunc(AREA / Math.max(...run.size)), 1);
for (const one of [pad, photo]) [one.width, one.height] = [run.size[1] * times, run.size[0] * times];
const stroke = Math.min(style.thin + STROKE * (style.thick - style.thin), WIDEST * style.box);
const area = pen(pad, style, stroke * times, toDrawing, changed);
photo.addEventListener('pointerdown', () => {
  toDrawing();
  update(true);
});
at('clear').addEventListener('click', () => {
  [chosen, failure] = [null, ''];
  [pad.hidden, photo.hidden] = [false, true];
  area.clear();
  update(true);
});
at('language').addEventListener('click', () => speak(language === 'en' ? 'zh' : 'en'));
takeFiles(at('choose'), at('file'), (file) => { reading = readFile(file); });
at('probabilities').hidden = !classifies;
at('plain').hidden = run.style !== null;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  flip();
  show(false);
});
flip();
speak(run.language);
window.fcnetPage = { put, told, settled: () => reading.then(told) };
