// The element: attributes and calls in, DOM events out. What each part does is in the part's own file.

import { defaults, compile } from './assets.js';
import { Client } from './client.js';
import { WidgetError } from './errors.js';
import { Format } from './format.js';
import { listen } from './gestures.js';
import { Ledger } from './ledger.js';
import { summary, writeList } from './list.js';
import { Live } from './live.js';
import { Panel } from './panel.js';
import { Findings, fileOf } from './report.js';
import { Session } from './session.js';
import { showTip } from './tip.js';
import { View } from './view.js';
import { words } from './words.js';

export { createEngine } from './engine.js';
export { WidgetError } from './errors.js';

/** @typedef {import('./sources.js').Source} Source */
/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./report.js').Change} Change */
/** @typedef {import('./feed.js').FeedStats} FeedStats */
/** @typedef {import('./feed.js').FeedOptions} FeedOptions */
/** @typedef {import('./session.js').Settings} Settings */
/** @typedef {import('./words.js').Words} Strings */
/** @typedef {'csv' | 'json' | 'ndjson' | 'packed' | 'auto'} SourceFormat */
/** @typedef {'empty' | 'loading' | 'ready' | 'live' | 'error'} State */
/** @typedef {{ start: number, end: number, verdict: 'anomaly' | 'normal', note?: string }} Label */
/** @typedef {{ version: 1, detector: string, threshold: string, sensitivity: number, settings: Settings, labels: Label[], view: { from: number, to: number } | null }} WidgetState */

/** What a change of settings asks for, from light to heavy. */
const WORK = { look: 1, decide: 2, again: 3, load: 4 };
/** @type {Record<string, keyof typeof WORK>} */
const ATTRIBUTES = {
  src: 'load', format: 'load', column: 'load', detector: 'again', threshold: 'decide', sensitivity: 'decide',
  locale: 'look', 'time-zone': 'look', label: 'look', controls: 'look', capacity: 'look',
};

// On a server there are no elements; the class must still be importable.
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

export class AnomalyWidgetElement extends Base {
  static observedAttributes = [...Object.keys(ATTRIBUTES), 'feed'];
  /** Where worker, wasm and models are, when not beside the script. @type {Partial<import('./assets.js').Assets>} */
  static assets = {};

  #internals = this.attachInternals();
  #findings = new Findings();
  #panel; #view; #session; #client; #live;
  #ledger = new Ledger();
  #present = false;
  /** @type {State} */
  #state = 'empty';
  /** @type {keyof typeof WORK | null} */
  #planned = null;
  /** @type {Source | null} */
  #source = null;
  /** @type {Settings} */
  #settings = {};
  /** @type {Partial<Strings>} */
  #strings = {};
  /** @type {string | null} */
  #chosen = null;
  #note = '';
  #deciding = false;
  #decideAgain = false;
  /** Verdicts of the reader. @type {Label[]} */
  labels = [];

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    this.#panel = new Panel(root, {
      detector: (name) => { this.detector = name; },
      sensitivity: (value) => { this.sensitivity = value; },
      file: (file) => { this.load(file).catch(() => {}); },
      reset: () => this.#zoom(null),
      retry: () => this.retryNow(),
      dismiss: () => this.#settle(),
    });
    this.#client = new Client(Object.create(defaults, Object.getOwnPropertyDescriptors(/** @type {typeof AnomalyWidgetElement} */ (this.constructor).assets)));
    this.#view = new View(this.#panel.canvas, this.#panel.probe, this.#findings.columns, () => this.#drawn());
    this.#session = new Session(this.#client, {
      progress: (progress) => this.#progress(progress),
      part: (part, fresh) => this.#take(part, fresh),
      columns: () => this.#findings.columns,
      collecting: (got, needed) => {
        this.#note = this.#words.collecting(this.#format.whole(got), this.#format.whole(needed));
        this.#become(this.#live.open ? 'live' : this.#state);
      },
    });
    this.#live = new Live(this.#session, {
      settings: () => this.#allSettings, reading: () => this.#reading, capacity: () => this.capacity,
      changed: () => this.#feedChanged(), counted: () => this.#counted(),
      failed: (error) => { if (/** @type {any} */ (error)?.code === 'closed') this.#plan('again'); else this.#fail(error); },
    });
    this.#panel.footer.append(this.#ledger.box);
    this.#ledger.box.addEventListener('toggle', () => this.#counted());
    listen(this.#panel.chart, this.#panel.brush, this.#view, {
      hover: (row) => showTip(this.#panel, this.#view, row, this.#format, this.#words, this.#step),
      zoom: (view) => this.#zoom(view),
      walk: (by) => this.#walk(by),
      pick: (index) => this.#pick(this.#view.events[index]),
      enter: () => { if (this.#chosenEvent) this.zoomTo(this.#chosenEvent); },
      leave: () => this.#zoom(null),
    });
    this.#panel.probe.addEventListener('transitionend', () => this.#view.undress());
  }

  // ------------------------------------------------------------------------------------------ life

  connectedCallback() {
    // Only moved: nothing has been given up.
    if (this.#present) return;
    this.#present = true;
    for (const name of ['data', 'settings', 'labels', 'strings', 'view']) {
      if (!Object.hasOwn(this, name) || name === 'labels') continue;
      const value = /** @type {any} */ (this)[name];
      delete /** @type {any} */ (this)[name];
      /** @type {any} */ (this)[name] = value;
    }
    this.#begin();
    if (this.src) this.#plan('load');
    else if (this.#findings.columns.length) this.#plan('again');
    if (!this.#live.resume() && this.feed) this.connect(this.feed);
    this.#write();
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#present = false;
      this.#live.suspend();
      this.#client.end();
      this.#view.stop();
    });
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected) return;
    if (name === 'feed') return now ? this.connect(now) : this.disconnect();
    this.#plan(ATTRIBUTES[name]);
  }

  /** Starts engine and chart; an engine that cannot start is an error of its own. */
  async #begin() {
    try {
      const [module] = await Promise.all([compile(this.#client.assets.wasm), this.#client.start()]);
      if (!this.isConnected) return;
      if (!this.#view.started) {
        this.#view.start(module);
        if (this.#findings.columns.length) this.#view.replace(0);
      }
      this.#panel.offer(this.#client.detectors);
      this.#write();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Does the heaviest of the things asked for, once, after all of them have been said. @param {keyof typeof WORK} work */
  #plan(work) {
    const waiting = this.#planned !== null;
    if (!this.#planned || WORK[work] > WORK[this.#planned]) this.#planned = work;
    if (waiting) return;
    queueMicrotask(() => {
      const planned = this.#planned;
      this.#planned = null;
      this.#write();
      if (planned === 'load') this.#reload();
      else if (planned === 'again') this.#again();
      else if (planned === 'decide') this.#decide();
    });
  }

  // ------------------------------------------------------------------------------------------ data

  /**
   * Reads a source and scores it.
   * @param {Source} source
   * @param {{ format?: SourceFormat, signal?: AbortSignal }} [options]
   * @returns {Promise<Report>}
   */
  async load(source, { format, signal } = {}) {
    this.#source = source;
    // Settings that were changed just before go with it.
    if (this.#planned) this.#planned = 'look';
    this.#become('loading');
    try {
      await this.#session.load(source, this.#allSettings, { format: format ?? this.format, column: this.column }, signal);
    } catch (error) {
      throw this.#fail(error);
    }
    return this.#loaded();
  }

  /**
   * Continues the series; resolves when scored. Nodes and strings become children, as with any element.
   * @param {...(Source | Node | string)} sources one source
   * @returns {Promise<void>}
   */
  async append(...sources) {
    const nodes = sources.filter((one) => typeof one === 'string' || one instanceof Node);
    if (nodes.length) return super.append(...nodes);
    const [source] = /** @type {Source[]} */ (sources);
    this.#session.capacity = this.capacity;
    try {
      await this.#session.append(source, this.#allSettings, this.#reading);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Loads again what attributes or `data` name. */
  #reload() {
    const source = this.src ? new URL(this.src, this.baseURI) : this.#source;
    if (source) this.load(source).catch(() => {});
  }

  /** Scores the known rows anew. */
  async #again() {
    if (this.#findings.columns.length === 0 && this.#source) return this.#reload();
    const known = () => {
      const report = this.report;
      return report && { time: report.times, value: report.values };
    };
    this.#become('loading');
    try {
      await this.#session.again(known, () => this.#allSettings);
      if (this.report) this.#loaded();
      else this.#settle();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Decides anew; while one decision is under way only the last wish is kept. */
  async #decide() {
    if (this.#deciding) { this.#decideAgain = true; return; }
    this.#deciding = true;
    try {
      do {
        this.#decideAgain = false;
        await this.#session.decide(this.threshold, this.sensitivity);
      } while (this.#decideAgain);
    } catch (error) {
      if (/** @type {any} */ (error).code === 'closed') this.#plan('again');
      else this.#fail(error);
    } finally {
      this.#deciding = false;
    }
  }

  /** @param {import('./messages.js').Part} part @param {boolean} fresh */
  #take(part, fresh) {
    if (fresh) {
      this.#panel.progress(null, this.#words);
      const before = this.#findings.columns;
      this.#findings = new Findings();
      this.#view.columns = this.#findings.columns;
      this.#note = '';
      const same = before.length === part.time.length && before.at('time', 0) === part.time[0];
      if (!same) {
        this.#chosen = null;
        this.#view.look(null);
      }
    }
    // The capacity is a feed's: a file is shown whole.
    const { start, forgotten, changed } = this.#findings.take(part, fresh ? Infinity : this.capacity);
    this.#view.replace(start, forgotten);
    if (fresh) this.#view.read(this.#format, this.#step);
    this.#write();
    this.#mark();
    if (changed.length) this.#tell('anomaly-detect', changed);
  }

  #loaded() {
    this.#settle();
    this.#live.score();
    const report = /** @type {Report} */ (this.report);
    this.#panel.spoken.textContent = this.#words.events(report.events.length);
    this.#tell('anomaly-ready', report);
    return report;
  }

  // ------------------------------------------------------------------------------------------ feed

  /**
   * Opens a feed that continues the series, or begins one: a WebSocket (`ws:`, `wss:`) or server-sent events.
   * @param {string | URL | WebSocket | EventSource} target
   * @param {FeedOptions} [options]
   */
  connect(target, options = {}) {
    const named = typeof target === 'string' || target instanceof URL;
    let address = target;
    try {
      if (named) address = new URL(target, this.baseURI).href;
    } catch (cause) {
      this.#fail(new WidgetError('feed', `"${target}" is not an address.`, { cause, hint: 'Give one that begins with wss: or https:, or one relative to this page.' }));
      return;
    }
    this.#live.connect(/** @type {string | WebSocket | EventSource} */ (address), options);
  }

  /** Closes the feed. */
  disconnect() {
    this.#live.disconnect();
    this.#settle();
  }

  /** Tries to open a lost feed at once. */
  retryNow() {
    this.#live.retryNow();
  }

  /** What the feed has brought and what became of it. @returns {FeedStats} */
  get feedStats() {
    return this.#live.stats;
  }

  #feedChanged() {
    const { state, retryInMs } = this.#live.stats;
    if (state === 'failed') this.#fail(new WidgetError('feed', 'The feed could not be opened.', { hint: `Is ${this.#live.url} right, and does the page's policy allow it?` }));
    else if (this.#state !== 'loading') this.#settle();
    this.#panel.retry.hidden = state !== 'waiting' && state !== 'failed';
    this.#note = state === 'waiting' ? (retryInMs === undefined ? this.#words.offline : this.#words.waiting(Math.max(1, Math.round(retryInMs / 1000))))
      : state === 'connecting' ? this.#words.connecting : state === 'closed' ? this.#words.closed : '';
    this.#write();
    this.#counted();
  }

  #counted() {
    this.#ledger.write(this.feedStats, this.#words, this.#format);
    this.#tell('anomaly-feed', this.feedStats);
  }

  // ------------------------------------------------------------------------------------------ view and choice

  /** The stretch of time shown; null: all. @returns {{ from: number, to: number } | null} */
  get view() { return this.#view.looking; }
  set view(view) { this.#look(view); }

  /** Shows an event with what is around it. @param {AnomalyEvent} event */
  zoomTo(event) {
    const around = Math.max(2 * (event.end - event.start), 40 * this.#step);
    this.#zoom({ from: event.start - around, to: event.end + around });
  }

  /** @param {{ from: number, to: number } | null} view */
  #zoom(view) {
    this.#look(view);
    const layout = this.view ?? { from: this.#findings.columns.at('time', 0), to: this.#findings.columns.at('time', this.#findings.columns.length - 1) };
    this.#tell('anomaly-view', { from: layout.from, to: layout.to });
  }

  /** @param {{ from: number, to: number } | null} view */
  #look(view) {
    const { columns } = this.#findings;
    const [first, last] = [columns.at('time', 0), columns.at('time', columns.length - 1)];
    let kept = null;
    if (view && view.to > view.from && last > first) {
      const span = Math.max(Math.min(view.to - view.from, last - first), Math.min(4 * this.#step, last - first));
      const from = Math.min(Math.max(view.from, first), last - span);
      if (span < last - first) kept = { from, to: from + span };
    }
    this.#view.look(kept);
    this.#panel.reset.hidden = !kept;
    showTip(this.#panel, this.#view, null, this.#format, this.#words, this.#step);
  }

  get #chosenEvent() {
    return this.#findings.events.find((event) => event.id === this.#chosen);
  }

  /** @param {AnomalyEvent} event */
  #pick(event) {
    this.#chosen = event.id;
    const view = this.view;
    if (view && (event.start > view.to || event.end < view.from)) this.zoomTo(event);
    this.#mark();
    this.#panel.list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    this.#panel.spoken.textContent = `${this.#format.moment(event.start, this.#step)}: ${summary(event, this.#format, this.#words)}. ${this.#words.severity(this.#format.tenths(event.severity))}`;
    this.#tell('anomaly-select', event);
  }

  /** Goes to the next event in time. @param {number} by */
  #walk(by) {
    const { events } = this.#findings;
    if (events.length === 0) return;
    const now = events.findIndex((event) => event.id === this.#chosen);
    const next = now < 0 ? (by > 0 ? 0 : events.length - 1) : now + by;
    this.#pick(events[Math.min(Math.max(next, 0), events.length - 1)]);
  }

  // ------------------------------------------------------------------------------------------ what is shown

  #mark() {
    const { events } = this.#findings;
    const index = events.findIndex((event) => event.id === this.#chosen);
    this.#view.mark(events, index < 0 ? undefined : index);
    if (!this.#view.started) return;
    writeList(this.#panel.heading, this.#panel.list, {
      events, chosen: this.#chosen, step: this.#step, format: this.#format, words: this.#words,
      pick: (event) => this.#pick(event), zoom: (event) => this.zoomTo(event),
    });
  }

  /** After each drawing: what stands on the picture as elements. */
  #drawn() {
    const { limit } = this.#panel, layout = this.#view.layout;
    const { columns } = this.#findings;
    const known = columns.at('limits', columns.length - 1);
    limit.hidden = !layout || Number.isNaN(layout.limit) || Number.isNaN(known);
    if (limit.hidden || !layout) return;
    limit.style.left = `${layout.left + 4}px`;
    limit.style.top = `${layout.limit}px`;
    limit.textContent = `${this.#words.limit.toLowerCase()} ${this.#format.value(known)}`;
  }

  /** @param {import('./messages.js').Progress} progress */
  #progress(progress) {
    this.#panel.progress(progress, this.#words);
    this.#tell('anomaly-progress', progress);
  }

  /** The state that belongs to what is there now. */
  #settle() {
    this.#become(this.#live.open ? 'live' : this.#findings.columns.length ? 'ready' : 'empty');
  }

  /** @param {State} state @param {WidgetError} [error] */
  #become(state, error) {
    const states = /** @type {any} */ (this.#internals).states;
    states?.delete(this.#state);
    states?.add(state);
    this.#state = state;
    this.#panel.fail(error ?? null);
    if (state !== 'loading') this.#panel.progress(null, this.#words);
    this.#write();
  }

  /** @param {unknown} cause @returns {WidgetError} */
  #fail(cause) {
    const error = WidgetError.from(cause);
    // Given up for something newer, which says how it ended itself.
    if (error.name === 'AbortError') return error;
    this.#become('error', error);
    this.#tell('anomaly-error', error);
    return error;
  }

  /** Writes the texts around the chart. */
  #write() {
    const panel = this.#panel, words = this.#words, format = this.#format, info = this.#session.info, { columns } = this.#findings;
    const rows = columns.length;
    panel.say(words);
    panel.title.textContent = this.label;
    panel.title.hidden = !this.label;
    panel.header.hidden = !this.label && !this.controls && !this.querySelector('[slot=title], [slot=actions]');
    panel.tools.hidden = !this.controls;
    const facts = rows && info ? [format.span(info.step), words.points(rows, format.whole(rows)), ...(info.period && info.period > 1 ? [words.rhythm(format.span(info.period * info.step))] : [])] : [];
    panel.facts.textContent = facts.join(' · ');
    panel.picker.value = this.detector;
    panel.slider.value = panel.sliderValue.textContent = String(this.sensitivity);
    panel.card.dataset.state = this.#state;
    panel.card.classList.toggle('bare', rows === 0);
    panel.card.classList.toggle('busy', this.#state === 'loading');
    panel.over.hidden = rows > 0 || this.#state === 'loading' || this.#state === 'live';
    panel.busy.hidden = rows > 0 || !(this.#state === 'loading' || this.#state === 'live');
    if (this.#state === 'live' && rows === 0) panel.busyText.textContent = this.#note || words.connecting;
    panel.chart.tabIndex = rows ? 0 : -1;
    panel.alertDismiss.hidden = rows === 0;
    panel.alertOpen.hidden = rows === 0;
    const named = { empty: words.idle, loading: words.read, ready: words.ready, live: words.live, error: words.failed };
    panel.status.textContent = named[this.#state];
    panel.by.textContent = info && rows ? words.scoredBy(info.detector) : '';
    panel.note.textContent = [this.#note, ...(info?.warnings ?? []), ...this.#session.warnings].filter(Boolean).join(' · ');
    const title = this.label || words.series;
    panel.chart.setAttribute('aria-label', rows ? words.chart(title, facts.join(', '), words.events(this.#findings.events.length)) : title);
    panel.canvas.setAttribute('aria-label', title);
    if (this.#view.format !== format && rows) {
      this.#view.read(format, this.#step);
      this.#mark();
    }
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  // ------------------------------------------------------------------------------------------ attributes and properties

  /** @type {Format | null} */
  #formatKept = null;
  get #format() {
    const [locale, zone] = [this.locale || undefined, this.timeZone || 'UTC'];
    if (this.#formatKept?.locale !== locale || this.#formatKept?.timeZone !== zone) {
      try {
        this.#formatKept = new Format(locale, zone);
      } catch {
        // An unknown locale or zone: the reader's language and UTC are readable all the same.
        this.#formatKept = Object.assign(new Format(undefined, 'UTC'), { locale, timeZone: zone });
      }
    }
    return /** @type {Format} */ (this.#formatKept);
  }

  get #words() { return { ...words, ...this.#strings }; }
  get #step() { return this.#session.info?.step ?? 0; }
  get #reading() { return { format: this.format, column: this.column }; }
  get #allSettings() {
    return { detector: this.detector, ...this.#settings, ...(this.hasAttribute('threshold') && { threshold: this.threshold }), sensitivity: this.sensitivity };
  }

  get state() { return this.#state; }
  /** The findings; its columns are views that later rows may change. */
  get report() { return this.#findings.report; }

  get data() { return this.#source; }
  set data(source) {
    if (source) this.load(source).catch(() => {});
    else this.#clear();
  }

  #clear() {
    this.#source = null;
    this.#session.clear();
    this.#findings = new Findings();
    this.#view.columns = this.#findings.columns;
    this.#view.replace(0);
    this.#mark();
    this.#settle();
  }

  /** @returns {Settings} */
  get settings() { return { ...this.#settings }; }
  set settings(settings) {
    this.#settings = { ...settings };
    if (this.isConnected) this.#plan('again');
  }

  /** @returns {Partial<Strings>} */
  get strings() { return { ...this.#strings }; }
  set strings(strings) {
    this.#strings = { ...strings };
    this.#write();
    this.#mark();
  }

  get src() { return this.getAttribute('src') ?? ''; }
  set src(value) { this.setAttribute('src', value); }
  get feed() { return this.getAttribute('feed') ?? ''; }
  set feed(value) { this.setAttribute('feed', value); }
  /** @returns {SourceFormat} */
  get format() { return /** @type {SourceFormat} */ (this.getAttribute('format') ?? 'auto'); }
  set format(value) { this.setAttribute('format', value); }
  get column() { return this.getAttribute('column') ?? ''; }
  set column(value) { this.setAttribute('column', value); }
  get detector() { return this.getAttribute('detector') ?? 'auto'; }
  set detector(value) { this.setAttribute('detector', value); }
  get threshold() { return this.getAttribute('threshold') ?? String(this.#settings.threshold ?? 'tail 1e-7'); }
  set threshold(value) { this.setAttribute('threshold', value); }
  get sensitivity() {
    const given = this.getAttribute('sensitivity');
    return given === null || !Number.isFinite(Number(given)) ? Number(this.#settings.sensitivity ?? 50) : Number(given);
  }
  set sensitivity(value) { this.setAttribute('sensitivity', String(value)); }
  get capacity() { return Math.max(1, Number(this.getAttribute('capacity')) || 100_000); }
  set capacity(value) { this.setAttribute('capacity', String(value)); }
  get locale() { return this.getAttribute('locale') ?? ''; }
  set locale(value) { this.setAttribute('locale', value); }
  get timeZone() { return this.getAttribute('time-zone') ?? ''; }
  set timeZone(value) { this.setAttribute('time-zone', value); }
  get label() { return this.getAttribute('label') ?? ''; }
  set label(value) { this.setAttribute('label', value); }
  get controls() { return this.hasAttribute('controls'); }
  set controls(value) { this.toggleAttribute('controls', value); }

  // ------------------------------------------------------------------------------------------ giving away

  /** @returns {WidgetState} */
  getState() {
    return { version: 1, detector: this.detector, threshold: this.threshold, sensitivity: this.sensitivity, settings: this.settings, labels: [...this.labels], view: this.view };
  }

  /** Restores what {@link getState} gave; resolves when it is shown. @param {WidgetState} state */
  async setState({ detector, threshold, sensitivity, settings, labels, view }) {
    this.#settings = { ...settings };
    this.labels = [...labels];
    Object.assign(this, { detector, threshold, sensitivity });
    if (this.report) await this.#again();
    this.view = view;
  }

  /**
   * The chart as a picture.
   * @param {{ type?: 'image/png', width?: number, scale?: number }} [options] width in CSS pixels, scale: device pixels each
   * @returns {Promise<Blob>}
   */
  async toBlob({ type = 'image/png', width = this.#panel.canvas.clientWidth || 960, scale = globalThis.devicePixelRatio || 1 } = {}) {
    this.#view.start(await compile(this.#client.assets.wasm));
    const canvas = this.#view.picture(width, scale, this.#step);
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new WidgetError('draw', 'The picture could not be made.', { hint: 'Is it too large?' }))), type));
  }

  /**
   * The findings as a file.
   * @param {'events.csv' | 'events.json' | 'report.csv' | 'labels.json'} kind
   * @returns {Blob}
   */
  export(kind) {
    if (kind === 'labels.json') return new Blob([JSON.stringify(this.labels, null, 1)], { type: 'application/json' });
    return fileOf(this.report ?? new Findings().report ?? { times: new Float64Array(), values: new Float64Array(), scores: new Float64Array(), limits: new Float64Array(), events: [], settledTo: 0 }, kind);
  }
}
