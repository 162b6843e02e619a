// The demo page's wiring: tabs, the choice of series, a file dropped anywhere, the live feed.

/** @typedef {import('./anomaly-widget.js').AnomalyWidgetElement} Widget */
/** @typedef {{ name: string, title: string, file: string, about: string, licence: string, unit: string, labels: { start: number, end: number }[] }} Series */

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
/** @type {Widget} */
const widget = $('widget');
/** @type {Widget} */
const stream = $('stream');

// ---------------------------------------------------------------- tabs

const tabs = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll('[role=tab]')]);

/** @param {string} name */
function show(name) {
  const known = tabs.some((tab) => tab.getAttribute('aria-controls') === name) ? name : 'explore';
  for (const tab of tabs) {
    const panel = /** @type {string} */ (tab.getAttribute('aria-controls'));
    tab.setAttribute('aria-selected', String(panel === known));
    tab.tabIndex = panel === known ? 0 : -1;
    $(panel).hidden = panel !== known;
  }
  if (known === 'live' && stream.feedStats.state === 'idle') play();
  if (known === 'embed') writeSnippet();
}

for (const [i, tab] of tabs.entries()) {
  tab.addEventListener('click', () => { location.hash = tab.getAttribute('aria-controls') ?? ''; });
  tab.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = tabs[(i + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
addEventListener('hashchange', () => show(location.hash.slice(1)));

// ---------------------------------------------------------------- explore

/** @type {Series[]} */
const all = await (await fetch('data/index.json')).json();
/** @type {Series | undefined} */
let current;

for (const series of all) $('series').append(new Option(series.title, series.name));
// Stands for a file of the visitor's; it cannot be chosen, only seen.
const own = new Option();
own.hidden = true;
$('series').append(own);
$('series').addEventListener('change', () => choose($('series').value));

/** @param {string} name */
function choose(name) {
  current = all.find((series) => series.name === name);
  if (!current) return;
  widget.label = current.title;
  widget.labels = [];
  widget.src = `data/${current.file}`;
}

/** @type {[string, string][]} The rules that make limits, and how they are told. */
const rules = [
  ['', 'Tail of ordinary scores'], ['robust 6', 'Robust: 6 deviations'], ['sigma 4', 'Sigma: 4 deviations'],
  ['quantile 0.001', 'One in a thousand'], ['dynamic', 'Dynamic'], ['published', 'As published with TadGAN'],
];
for (const [rule, text] of rules) $('threshold').append(new Option(text, rule));
$('threshold').addEventListener('change', () => {
  for (const one of [widget, stream]) {
    if ($('threshold').value) one.threshold = $('threshold').value;
    else one.removeAttribute('threshold');
  }
});
$('compare').addEventListener('change', () => { widget.compare = $('compare').checked ? 'pca,knn,holt-winters,autoencoder,tadgan' : ''; });
$('file').addEventListener('click', () => $('picked').click());
$('picked').addEventListener('change', () => {
  const [file] = $('picked').files;
  $('picked').value = '';
  if (file) widget.load(file).catch(() => {});
});

/** Says where the data is from, and whether the labelled events were found. */
function tellAbout() {
  if (!current) return $('about').replaceChildren();
  const { labels, about, licence } = current;
  const events = widget.report?.events ?? [];
  const found = labels.filter((label) => events.some((event) => event.start < label.end && event.end > label.start)).length;
  const truth = document.createElement('b');
  truth.textContent = labels.length ? `${found} of ${labels.length} labelled ${labels.length === 1 ? 'event' : 'events'} found. ` : '';
  $('about').replaceChildren(truth, `${about} ${licence}.`);
}
for (const type of ['anomaly-ready', 'anomaly-detect']) widget.addEventListener(type, tellAbout);

/** What this page has loaded, and that it sent nothing: the browser's own list. */
function tellSent() {
  const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
  const elsewhere = entries.filter((entry) => new URL(entry.name).origin !== location.origin).length;
  const size = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 }).format(entries.reduce((sum, entry) => sum + entry.decodedBodySize, 0) / 1000);
  $('sent').textContent = `0 bytes left this page. It loaded ${entries.length} files (${size}) from its own server and ${elsewhere} from elsewhere; your data stays here.`;
}
widget.addEventListener('anomaly-ready', () => setTimeout(tellSent));

// ---------------------------------------------------------------- a file dropped anywhere

addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  const file = /** @type {DragEvent} */ (event).dataTransfer?.files[0];
  if (!file) return;
  location.hash = 'explore';
  widget.load(file).catch(() => {});
});
// However a file came in, it is no longer one of the series in the list.
widget.addEventListener('anomaly-progress', (event) => {
  const { stage } = /** @type {CustomEvent} */ (event).detail;
  if (stage !== 'read' || !(widget.data instanceof File)) return;
  current = undefined;
  widget.label = widget.data.name;
  own.textContent = widget.data.name;
  own.selected = true;
  tellAbout();
});

// ---------------------------------------------------------------- live

function play() {
  stream.data = null;
  stream.connect(`${location.origin.replace(/^http/, 'ws')}/feed?series=sensor-mote2&from=250&history=500&speed=40&plant=900`);
}

$('again').addEventListener('click', play);
$('toggle').addEventListener('click', () => {
  if (['open', 'connecting', 'waiting'].includes(stream.feedStats.state)) stream.disconnect();
  else play();
  label();
});

function label() {
  const { state, received, used, late, repeated, malformed, dropped, gaps, reconnects } = stream.feedStats;
  $('toggle').textContent = ['open', 'connecting', 'waiting'].includes(state) ? 'Stop' : 'Start';
  const other = Object.entries({ late, repeated, malformed, dropped, gaps, reconnects }).filter(([, n]) => n > 0).map(([name, n]) => `${n} ${name}`);
  $('counts').textContent = [`${received} received`, `${used} scored`, ...other].join(' · ');
}
stream.addEventListener('anomaly-feed', label);

// ---------------------------------------------------------------- embed

function writeSnippet() {
  const given = ['detector', 'threshold', 'sensitivity', 'compare'].filter((name) => widget.getAttribute(name)).map((name) => ` ${name}="${widget.getAttribute(name)}"`);
  $('snippet').textContent = `<script type="module" src="https://your.site/anomaly-widget/define.js"></script>

<anomaly-widget src="${current?.file ?? 'readings.csv'}" label="${current?.title ?? 'Readings'}"${given.join('')} controls></anomaly-widget>`;
}
$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('snippet').textContent);
  $('copy').textContent = 'Copied';
  setTimeout(() => { $('copy').textContent = 'Copy'; }, 1500);
});

const asked = new URL(location.href).searchParams;
for (const name of ['detector', 'threshold', 'sensitivity']) if (asked.has(name)) for (const one of [widget, stream]) one.setAttribute(name, asked.get(name) ?? '');
for (const name of ['compare', 'locale', 'time-zone']) if (asked.has(name)) widget.setAttribute(name, asked.get(name) ?? '');
const rule = asked.get('threshold');
if (rule && !rules.some(([known]) => known === rule)) $('threshold').append(new Option(rule, rule));
if (rule) $('threshold').value = rule;
$('compare').checked = asked.has('compare');
$('series').value = asked.get('series') ?? 'sensor-mote1';
choose($('series').value);
show(location.hash.slice(1));

// The page works without a network after the first load.
navigator.serviceWorker?.register('sw.js').catch(() => {});
