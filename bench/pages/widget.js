// The element at work: `?rows=100000&detector=knn&widgets=1`, or with `&points=200` a feed of single points after
// them, or with `&every=37` spikes in them. A CSV is made, and timed from its bytes to the painted events. The result is left on `window.result`.

const query = new URLSearchParams(location.search);
const rows = Number(query.get('rows'));
const widgets = Number(query.get('widgets') ?? 1);
const points = Number(query.get('points') ?? 0);
const detector = query.get('detector') ?? 'auto';
/** Instead of one anomaly, a spike at each of so many rows. */
const every = Number(query.get('every') ?? 0);

/** Tasks of the page's thread over 50 ms, in milliseconds. @type {number[]} */
const long = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => long.push(entry.duration))).observe({ entryTypes: ['longtask'] });

/** What the callbacks of frames took, all together. */
let drawing = 0;
const nextFrame = requestAnimationFrame;
window.requestAnimationFrame = (draw) => nextFrame((time) => {
  const from = performance.now();
  draw(time);
  drawing += performance.now() - from;
});

const frame = () => new Promise((next) => requestAnimationFrame(next));
const part = (/** @type {number[]} */ values, /** @type {number} */ p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];

const start = Date.UTC(2026, 0, 1);
/** A day of 288 points with noise, and an anomaly at nine tenths. @param {number} i */
function value(i) {
  const noise = Math.sin(i * 12.9898) * 43758.5453;
  const strange = i > rows * 0.9 && i < rows * 0.9 + 40 ? 3 : 0;
  const spike = every && i % every === every >> 1 ? 2 + 1.5 * Math.sin(i) : 0;
  return Math.sin((i * 2 * Math.PI) / 288) + 0.2 * (noise - Math.floor(noise) - 0.5) + (every ? spike : strange);
}

function csv() {
  const lines = ['time,value'];
  for (let i = 0; i < rows; i++) lines.push(`${new Date(start + 300_000 * i).toISOString()},${value(i).toFixed(4)}`);
  return new Blob([lines.join('\n')], { type: 'text/csv' });
}

async function measure() {
  await customElements.whenDefined('anomaly-widget');
  const file = csv();
  const all = Array.from({ length: widgets }, () => {
    const widget = /** @type {any} */ (document.createElement('anomaly-widget'));
    Object.assign(widget.style, { display: 'block', width: '900px', height: '400px' });
    widget.setAttribute('detector', detector);
    document.body.append(widget);
    return widget;
  });
  await frame();
  await frame();
  long.length = 0;
  performance.mark('began');
  const began = performance.now();
  const reports = await Promise.all(all.map((widget) => widget.load(file)));
  const scored = performance.now() - began;
  await frame();
  await frame();
  const drawn = performance.now() - began;
  const result = { scored, drawn, events: reports[0].events.length };
  if (!points) {
    await new Promise((later) => setTimeout(later, 300));
    return { ...result, long: [...long] };
  }
  const worked = [], shown = [];
  for (let i = 0; i < points; i++) {
    drawing = 0;
    const from = performance.now();
    await all[0].append([{ time: start + 300_000 * (rows + i), value: value(rows + i) }]);
    const scored = performance.now() - from;
    await frame();
    await new Promise((after) => setTimeout(after));
    shown.push(performance.now() - from);
    worked.push(scored + drawing);
  }
  return { ...result, live: part(worked, 0.5), live95: part(worked, 0.95), shown95: part(shown, 0.95), long: [...long] };
}

measure().then((result) => (window.result = result), (error) => (window.result = { failed: String(error?.stack ?? error) }));
