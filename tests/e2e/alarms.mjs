// False alarms of live detection: `node tests/e2e/alarms.mjs FOLDER [--chunk 5] [--only TEXT] DETECTOR...` streams the labelled series of
// a folder (labels.json, meta.json, NAME.csv.gz) after their probation rows, and counts events outside of the
// labels: those that were raised at any time, and those that are left when all is settled.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { instance } from '../../pkg/instance.js';
import { Findings } from '../../www/report.js';
import { root } from '../../scripts/shell.mjs';

const { values, positionals: [folder, ...detectors] } = parseArgs({ allowPositionals: true, options: { chunk: { type: 'string', default: '5' }, only: { type: 'string', default: '' } } });
const chunk = Number(values.chunk);
const usual = instance(), nets = instance();
usual.initSync({ module: readFileSync(join(root, 'pkg/anomaly_widget_bg.wasm')) });
nets.initSync({ module: readFileSync(join(root, 'pkg/models/nets.wasm')) });
const json = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'));
const models = join(root, 'www/models');
/** @type {Record<string, string>} */
const index = json(join(models, 'index.json'));
/** @type {Record<string, [number, number][]>} */
const labels = json(join(folder, 'labels.json'));
const meta = json(join(folder, 'meta.json'));

console.log('detector, live points on normal stretches, raised, withdrawn, merged, left, raised per 1000, left per 1000, points over the limit at the edge per 1000, when settled per 1000');
for (const detector of detectors) {
  const sum = { points: 0, raised: 0, withdrawn: 0, merged: 0, left: 0, edge: 0, settled: 0 };
  for (const name of Object.keys(labels).filter((one) => one.includes(values.only))) {
    const { time, value } = usual.parse(gunzipSync(readFileSync(join(folder, `${name}.csv.gz`))), {});
    const train = meta[name].probation_rows ?? Math.min(750, Math.floor(0.15 * time.length));
    const model = index[detector];
    const bytes = model ? readFileSync(join(models, `${model}.safetensors`)) : undefined;
    const card = model ? readFileSync(join(models, `${model}.json`), 'utf8') : undefined;
    const engine = new (model ? nets : usual).Engine({ detector }, bytes, card, time.slice(0, train), value.slice(0, train));
    const findings = new Findings();
    const strange = (/** @type {number} */ from, /** @type {number} */ to) => labels[name].some(([a, b]) => a < to && b >= from);
    let settled = 0;
    for (let at = 0; at < time.length;) {
      const end = Math.min(at === 0 ? train : at + chunk, time.length);
      engine.push(time.slice(at, end), value.slice(at, end));
      const part = engine.report(settled);
      const { changed } = findings.take(part, Infinity);
      settled = part.settled;
      if (at > 0) {
        const wrong = changed.filter((event) => event.startIndex >= train && !strange(event.startIndex, event.endIndex));
        sum.raised += wrong.filter((event) => event.change === 'new').length;
        sum.withdrawn += wrong.filter((event) => event.change === 'withdrawn').length;
        sum.merged += wrong.reduce((n, event) => n + (event.merged?.length ?? 0), 0);
        for (let row = at; row < end; row += 1) if (!strange(row, row + 1) && findings.columns.at('scores', row) > findings.columns.at('limits', row)) sum.edge += 1;
      }
      at = end;
    }
    sum.left += findings.events.filter((event) => event.startIndex >= train && !strange(event.startIndex, event.endIndex)).length;
    for (let row = train; row < time.length; row += 1) {
      if (strange(row, row + 1)) continue;
      sum.points += 1;
      if (findings.columns.at('scores', row) > findings.columns.at('limits', row)) sum.settled += 1;
    }
    engine.free();
  }
  const per = (/** @type {number} */ n) => (1000 * n / sum.points).toFixed(2);
  console.log([detector, sum.points, sum.raised, sum.withdrawn, sum.merged, sum.left, per(sum.raised), per(sum.left), per(sum.edge), per(sum.settled)].join(', '));
}
