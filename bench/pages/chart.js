// One chart of one size: `?rows=1000000&who=ours`. A line and 20 shaded bands: first paint, redraw, changes of the
// stretch that is shown (60 in the first second, while the engine still compiles, and 120 after it), and with `&slide=1`
// a window that moves on by 10 points a frame. The result is left on `window.result`. A time is that of the script;
// `paint` ends with the frame that shows the picture.

const query = new URLSearchParams(location.search);
const rows = Number(query.get('rows'));
const slide = query.get('slide') === '1';
const box = /** @type {HTMLElement} */ (document.getElementById('box'));
const [width, height] = [1000, 400];

const frame = () => new Promise((next) => requestAnimationFrame(next));
const painted = async () => {
  await frame();
  await new Promise((next) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = next; port2.postMessage(0); });
};
const part = (/** @type {number[]} */ values, /** @type {number} */ p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];
const value = (/** @type {number} */ i) => Math.sin(i * 0.01) + 0.3 * Math.sin(i * 0.37) + 0.2 * Math.sin(i * i * 1e-5) + (i % 997 === 0 ? 1.5 : 0);

/**
 * @typedef {{ from: number, to: number }} Stretch
 * @typedef {{ redraw(): void | Promise<void>, look(stretch: Stretch): void | Promise<void>, push(x: Float64Array, y: Float64Array): void | Promise<void> }} Drawn
 * @type {Record<string, () => Promise<(x: Float64Array, y: Float64Array, bands: Stretch[]) => Drawn | Promise<Drawn>>>}
 */
const contestants = {
  async ours() {
    const { default: init, Chart } = await import('/pkg/anomaly_widget.js');
    await init({ module_or_path: fetch('/pkg/anomaly_widget_bg.wasm') });
    return (x, y, bands) => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      box.append(canvas);
      const chart = new Chart(canvas);
      const none = new Float64Array();
      const count = x.length;
      chart.resize(Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio), devicePixelRatio);
      chart.replace(0, x, y, none, none);
      chart.mark(Float64Array.from(bands.flatMap(({ from, to }) => [from, to, from, 0, 2, 0, 0])));
      const draw = () => {
        const [, ...ticks] = chart.ticks();
        chart.draw(ticks.join('\n'));
      };
      draw();
      return {
        redraw: draw,
        look({ from, to }) { chart.look(from, to); draw(); },
        push(x, y) {
          chart.forget(x.length);
          chart.replace(count - x.length, x, y, none, none);
          draw();
        },
      };
    };
  },
  async uplot() {
    const { default: Plot } = await import('/uplot/uPlot.esm.js');
    // It draws in a microtask of its own.
    const drawn = () => new Promise((next) => queueMicrotask(() => next(undefined)));
    return async (x, y, bands) => {
      let data = [x, y];
      const shade = (/** @type {any} */ plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.fillStyle = 'rgba(220, 40, 40, .2)';
        for (const { from, to } of bands) {
          const [left, right] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)];
          if (right > bbox.left && left < bbox.left + bbox.width) ctx.fillRect(left, bbox.top, right - left, bbox.height);
        }
        ctx.restore();
      };
      const plot = new Plot({ width, height, scales: { x: { time: false } }, legend: { show: false }, series: [{}, { stroke: 'steelblue', width: 1 }], hooks: { drawClear: [shade] } }, data, box);
      await drawn();
      return {
        async redraw() { plot.redraw(true); await drawn(); },
        async look({ from, to }) { plot.setScale('x', { min: from, max: to }); await drawn(); },
        async push(x, y) {
          const moved = (/** @type {Float64Array} */ old, /** @type {Float64Array} */ more) => {
            const next = old.slice();
            next.copyWithin(0, more.length);
            next.set(more, next.length - more.length);
            return next;
          };
          data = [moved(data[0], x), moved(data[1], y)];
          plot.setData(data);
          await drawn();
        },
      };
    };
  },
};

async function measure() {
  const [x, y] = [Float64Array.from({ length: rows }, (_, i) => i), Float64Array.from({ length: rows }, (_, i) => value(i))];
  const bands = Array.from({ length: 20 }, (_, k) => Math.floor((k + 0.3) * rows / 20)).map((from) => ({ from, to: from + Math.floor(rows / 200) }));
  const create = await contestants[query.get('who') ?? '']();
  await frame();
  await frame();
  const began = performance.now();
  const chart = await create(x, y, bands);
  const script = performance.now() - began;
  await painted();
  const paint = performance.now() - began;
  const timed = async (/** @type {() => void | Promise<void>} */ act) => {
    const from = performance.now();
    await act();
    const taken = performance.now() - from;
    await frame();
    return taken;
  };
  const redraws = [];
  for (let i = 0; i < 5; i++) redraws.push(await timed(() => chart.redraw()));
  const moves = [];
  for (let i = 0; i < 180; i++) {
    const step = 0.02 * (i % 20);
    const [from, span] = [rows * (0.1 + step), rows * (0.5 - step)];
    moves.push(await timed(() => chart.look({ from, to: from + span })));
  }
  const result = { script, paint, redraw: part(redraws, 0.5), early: part(moves.slice(0, 60), 0.5), move: part(moves.slice(60), 0.5) };
  if (!slide) return result;
  await chart.look({ from: 0, to: rows + 3000 });
  const steps = [];
  for (let i = 0, at = rows; i < 300; i++, at += 10) {
    const more = [Float64Array.from({ length: 10 }, (_, k) => at + k), Float64Array.from({ length: 10 }, (_, k) => value(at + k))];
    steps.push(await timed(() => chart.push(more[0], more[1])));
  }
  return { ...result, slide: part(steps, 0.5), slide95: part(steps, 0.95) };
}

measure().then((result) => (window.result = result), (error) => (window.result = { failed: String(error?.stack ?? error) }));
