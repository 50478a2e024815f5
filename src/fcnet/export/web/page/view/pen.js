// Draw with mouse, pen or touch: smooth strokes through all points that the device has seen.

// begun() is called before a stroke, changed(ended) after each part of it and at its end.
function pen(canvas, style, width, begun, changed) {
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  const grey = (level) => `rgb(${level} ${level} ${level})`;
  let pointer = null, before = null, middle = null;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * canvas.width,
      y: ((event.clientY - box.top) / box.height) * canvas.height,
    };
  };
  const stroke = (...points) => {
    context.beginPath();
    context.moveTo(points[0].x, points[0].y);
    if (points.length === 3) context.quadraticCurveTo(points[1].x, points[1].y, points[2].x, points[2].y);
    else context.lineTo(points[1].x, points[1].y);
    context.stroke();
  };
  const dot = ({ x, y }) => { // browsers draw nothing for a line of length 0
    context.beginPath();
    context.arc(x, y, width / 2, 0, 2 * Math.PI);
    context.fill();
  };
  const clear = () => {
    context.fillStyle = grey(Math.round(style.ground));
    context.fillRect(0, 0, canvas.width, canvas.height);
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (pointer !== null || event.button !== 0) return;
    event.preventDefault();
    begun();
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    const ink = grey(Math.round(style.ink));
    Object.assign(context, { lineWidth: width, lineCap: 'round', lineJoin: 'round', strokeStyle: ink, fillStyle: ink });
    before = at(event);
    middle = before;
    dot(before);
    changed(false);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const seen = event.getCoalescedEvents?.() ?? [];
    for (const one of seen.length ? seen : [event]) {
      const point = at(one), next = { x: (before.x + point.x) / 2, y: (before.y + point.y) / 2 };
      stroke(middle, before, next);
      [before, middle] = [point, next];
    }
    changed(false);
  });
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    stroke(middle, before);
    pointer = null;
    changed(true);
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  clear();
  return { context, clear };
}
