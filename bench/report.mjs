// The results of `npm run bench` as text: the tables of docs/bench.md, and the few figures of the README.

/** @typedef {Record<string, any>} Row */

const ms = (/** @type {number} */ value) => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
const kilobytes = (/** @type {number} */ bytes) => (bytes / 1000).toFixed(0);
const times = (/** @type {number} */ ratio) => `${ratio.toFixed(2)} ×`;

/**
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/**
 * docs/bench.md.
 * @param {Row} results
 * @returns {string}
 */
export function tables({ machine, nets, cold, chart, widget, hands, bytes }) {
  const parts = [
    '# Speed and size',
    `Written by \`npm run bench\` on ${machine}: one headless Chromium on one core, each visit a fresh page, the contestants in turn. A ratio is taken within a round; what stands here is the median over the rounds.`,
  ];
  if (nets) {
    parts.push(
      '## Nets',
      'The same weights, one thread, milliseconds a call after seconds of calls. Above 1 this project is faster than onnxruntime-web. Our outputs stay in the memory of the wasm, where the detectors read them; those of the other are handed out as copies, which took ours, in the dense net, a microsecond window by window and 13 for 64. `memory` is that of the wasm in MiB; the largest difference from the reference output is below 1e-5 for all. A page takes the wasm with relaxed SIMD where its engine can run it.',
      table(
        ['net', 'batch', 'faster by', 'by relaxed SIMD', 'ours', 'onnxruntime-web', 'memory', 'of onnxruntime-web'],
        nets.map((/** @type {Row} */ r) => [r.net, r.batch, times(r.ratio), times(r.relaxed), ms(r.ours), ms(r.onnxruntime), r.memory.toFixed(1), r.memoryOfPeer.toFixed(1)]),
      ),
    );
  }
  if (cold) {
    parts.push(
      '## Cold start',
      `A fresh browser, launched a second before, from navigation to the first answer of TadGAN: ${ms(cold.ours)} ms against ${ms(cold.onnxruntime)} ms of onnxruntime-web, ${times(cold.ratio)} its time.`,
    );
  }
  if (chart) {
    const cell = (/** @type {Row | undefined} */ one) => (one ? `${one.ratio.toFixed(2)} (${ms(one.ours)} / ${ms(one.uplot)})` : '');
    parts.push(
      '## Chart',
      'A line with 20 shaded bands in 1000 by 400 pixels: our time as a part of uPlot\'s, and both in milliseconds. `first paint` ends with the frame that shows it; the others are the script of one draw; of the changes of the stretch that is shown, one a frame, the 60 of the first second are drawn while the engine still compiles, and the 120 after them are the steady state; `slide` moves a window on by 10 points.',
      table(
        ['points', 'pixel ratio', 'first paint', 'its script', 'redraw', 'zoom and pan, first second', 'steady', 'slide', 'slide, 95 %'],
        chart.map((/** @type {Row} */ r) => [r.rows.toLocaleString('en'), r.scale, cell(r.paint), cell(r.script), cell(r.redraw), cell(r.early), cell(r.move), cell(r.slide), cell(r.slide95)]),
      ),
    );
  }
  if (widget) {
    const of = (/** @type {string} */ what) => widget.filter((/** @type {Row} */ r) => r.what === what);
    parts.push(
      '## The element',
      'From the bytes of a CSV to the painted events, in milliseconds; then the tasks of the page\'s thread over 50 ms, the longest, and the most that the thread itself works in one: while one waits, the workers have the same core.',
      table(
        ['rows', 'detector', 'widgets', 'scored', 'painted', 'tasks over 50 ms', 'longest', 'most work in one'],
        [...of('file'), ...of('points'), ...of('widgets')].map((r) => [r.rows.toLocaleString('en'), r.detector, r.widgets ?? 1, ms(r.scored), ms(r.drawn), r.longTasks, ms(r.longest), ms(r.most)]),
      ),
      'A live point after 5,000 rows, in milliseconds: what it takes to score and to draw it, and from `append` to the frame that shows it, which comes 60 times a second.',
      table(['detector', 'scored and drawn', '95 %', 'shown, 95 %'], of('live').map((/** @type {Row} */ r) => [r.detector, ms(r.live), ms(r.live95), ms(r.shown95)])),
      'Each detector on 100,000 rows, from bytes to painted events:',
      table(['detector', 'painted'], of('detector').map((/** @type {Row} */ r) => [r.detector, ms(r.drawn)])),
    );
  }
  if (hands) {
    const of = (/** @type {string} */ what) => hands.filter((/** @type {Row} */ r) => r.what === what);
    parts.push(
      '## A reader\'s hands',
      'Gestures on a million rows: what the page\'s thread works in a frame, and the time between two frames, both in milliseconds. A page on which nothing happens is the first line.',
      table(
        ['gesture', 'work', 'work, 95 %', 'interval', 'interval, 95 %'],
        of('frames').map((/** @type {Row} */ r) => [r.gesture, ms(r.work), ms(r.work95), r.interval.toFixed(1), r.interval95.toFixed(1)]),
      ),
      'A step of the sensitivity, from the setting to the events decided anew:',
      table(['rows', 'events', 'decided', '95 %'], of('decide').map((/** @type {Row} */ r) => [r.rows.toLocaleString('en'), r.events, ms(r.decide), ms(r.decide95)])),
    );
  }
  if (bytes) {
    parts.push(
      '## Bytes',
      'In kB of 1000 bytes; gzip at level 9, brotli at quality 11.',
      table(['what', 'raw', 'gzip', 'brotli'], bytes.map((/** @type {Row} */ r) => [r.what, kilobytes(r.raw), kilobytes(r.gzip), kilobytes(r.brotli)])),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/**
 * The figures of the README.
 * @param {Row} results
 * @returns {string}
 */
export function summary({ nets, cold, chart, widget, bytes }) {
  const lines = [];
  if (nets && cold) {
    const net = (/** @type {string} */ name, /** @type {number} */ batch, by = 'ratio') => times(nets.find((/** @type {Row} */ r) => r.net === name && r.batch === batch)[by]);
    lines.push(
      `- TadGAN runs ${net('tadgan', 1)} as fast as in onnxruntime-web window by window and ${net('tadgan', 64)} in batches of 64, an LSTM`,
      `  encoder-decoder ${net('lstm_ed', 1)} and ${net('lstm_ed', 64)}; where the browser has relaxed SIMD TadGAN runs ${net('tadgan', 1, 'relaxed')} and ${net('tadgan', 64, 'relaxed')}.`,
      `  The first answer in a fresh browser takes ${times(cold.ratio)} the time of onnxruntime-web.`,
    );
  }
  if (chart) {
    const million = (/** @type {number} */ scale) => chart.find((/** @type {Row} */ r) => r.rows === 1_000_000 && r.scale === scale);
    lines.push(`- A million points are painted in ${million(1).paint.ratio.toFixed(2)} of uPlot's time (${million(2).paint.ratio.toFixed(2)} at two device pixels a pixel), and drawn again in ${million(1).redraw.ratio.toFixed(2)}.`);
  }
  if (widget) {
    const file = widget.find((/** @type {Row} */ r) => r.what === 'file' && r.rows === 1_000_000);
    const live = (/** @type {string} */ detector) => ms(widget.find((/** @type {Row} */ r) => r.what === 'live' && r.detector === detector).shown95);
    lines.push(
      `- A CSV of 1,000,000 rows is read, scored by Holt-Winters and painted in ${(file.drawn / 1000).toFixed(1)} s; a live point is on the screen`,
      `  within ${live('holt-winters')} ms, with TadGAN within ${live('tadgan')} ms (95 %).`,
    );
  }
  if (bytes) {
    const whole = bytes.find((/** @type {Row} */ r) => r.what === 'wasm and JavaScript before the first picture');
    lines.push(`- Before the first picture ${kilobytes(whole.brotli)} kB are loaded (brotli); nets and their models come with the first detector that needs them.`);
  }
  return lines.join('\n');
}
