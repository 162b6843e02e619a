// The element: attributes and calls in, DOM events out. What each part does is in the part's own file.

import { defaults, compile } from './assets.js';
import { Client } from './client.js';
import { WidgetError } from './errors.js';
import { Feeding } from './feeding.js';
import { Format } from './format.js';
import { checkedLabels } from './labels.js';
import { Panel } from './panel.js';
import { part } from './parts.js';
import { Findings } from './report.js';
import { Session } from './session.js';
import { adopt } from './style.js';
import { turn } from './turn.js';
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
/** @typedef {import('./labels.js').Label} Label */
/** @typedef {{ version: 1, detector: string, threshold: string, sensitivity: number, settings: Settings, labels: Label[], compare?: string, view: { from: number, to: number } | null }} WidgetState */

/** What a change of settings asks for, from light to heavy. */
const WORK = { look: 1, compare: 2, decide: 3, again: 4, load: 5 };
/** @type {Record<string, keyof typeof WORK>} */
const ATTRIBUTES = {
  src: 'load', format: 'load', column: 'load', detector: 'again', threshold: 'decide', sensitivity: 'decide',
  compare: 'compare', locale: 'look', 'time-zone': 'look', label: 'look', controls: 'look', capacity: 'look',
};

// On a server there are no elements; the class must still be importable.
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

export class AnomalyWidgetElement extends Base {
  static observedAttributes = [...Object.keys(ATTRIBUTES), 'feed'];
  /** Where worker, wasm and models are, when not beside the script. @type {Partial<import('./assets.js').Assets>} */
  static assets = {};

  #internals = this.attachInternals();
  #findings = new Findings();
  #panel; #view; #session; #client; #feeding;
  /** The reader's part, once it is loaded. @type {import('./desk.js').Desk | null} */
  #desk = null;
  /** @type {typeof import('./files.js').fileOf | null} */
  #fileOf = null;
  /** @type {Promise<WidgetError | void> | null} */
  #reading = null;
  /** What became of a feed's rows, once there is one. @type {import('./ledger.js').Ledger | null} */
  #ledger = null;
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
  #note = '';
  #deciding = false;
  #decideAgain = false;
  /** Other detectors on the same rows, once they are asked for. @type {import('./compare.js').Compare | null} */
  #compare = null;
  /** Words of the locale, when they are other than the built-in ones. @type {Partial<Strings>} */
  #spoken = {};
  #korean = false;
  /** Words of the parts that are loaded. @type {Partial<Strings>} */
  #partly = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    this.#panel = new Panel(root, {
      detector: (name) => { this.detector = name; },
      sensitivity: (value) => { this.sensitivity = value; },
      file: (file) => { this.load(file).catch(() => {}); },
      reset: () => this.#zoom(null),
      retry: () => this.retryNow(),
      close: () => this.#settle(),
      cancel: () => this.#cancel(),
      menu: (anchor) => { this.#read().then(() => this.#desk?.openMenu(anchor)).catch((error) => this.#fail(error)); },
      stretch: () => this.#desk?.labelling(),
    });
    this.#client = new Client(Object.create(defaults, Object.getOwnPropertyDescriptors(/** @type {typeof AnomalyWidgetElement} */ (this.constructor).assets)));
    this.#view = new View(this.#panel.canvas, this.#panel.probe, this.#findings.columns, () => this.#desk?.drawn());
    this.#session = new Session(this.#client, {
      progress: (progress) => this.#progress(progress),
      part: (part, fresh) => this.#take(part, fresh),
      decided: (decision, sensitivity) => this.#decided(decision, sensitivity),
      columns: () => this.#findings.columns,
      collecting: (got, needed) => {
        this.#note = this.#words.collecting(this.#format.whole(got), this.#format.whole(needed));
        this.#become(this.#feeding.open ? 'live' : this.#state);
      },
    });
    this.#feeding = new Feeding(this.#session, {
      settings: () => this.#allSettings, reading: () => this.#parsing, capacity: () => this.capacity,
      changed: () => this.#feedChanged(), counted: () => this.#counted(),
      failed: (error) => { if (/** @type {any} */ (error)?.code === 'closed') this.#plan('again'); else this.#fail(error); },
      loaded: ({ Ledger, words }) => {
        this.#learn(words);
        this.#ledger = new Ledger();
        this.#panel.footer.append(this.#ledger.box);
        this.#ledger.box.addEventListener('toggle', () => this.#counted());
      },
    });
    this.#panel.probe.addEventListener('transitionend', () => this.#view.undress());
  }

  /** What the reader's desk asks for. @returns {import('./desk.js').Host} */
  get #host() {
    const self = this;
    return {
      get findings() { return self.#findings; },
      get info() { return self.#session.info; },
      get detectors() { return self.#client.detectors; },
      get format() { return self.#format; },
      get words() { return self.#words; },
      get label() { return self.label; },
      get title() { return self.label || self.#words.series; },
      get threshold() { return self.threshold; },
      get sensitivity() { return self.sensitivity; },
      get decidedAt() { return self.#decidedAt; },
      get labels() { return self.labels; },
      set labels(labels) { self.labels = labels; },
      zoom: (view) => this.#zoom(view),
      zoomTo: (stretch) => this.zoomTo(stretch),
      file: async (kind) => (kind === 'png' ? this.toBlob({ scale: 2 }) : kind === 'state.json' ? new Blob([JSON.stringify(this.getState(), null, 1)], { type: 'application/json' }) : this.export(/** @type {any} */ (kind))),
      fail: (error) => { this.#fail(error); },
      given: (name) => self.getAttribute(name),
      give: (name, value) => (value === null ? self.removeAttribute(name) : self.setAttribute(name, value)),
      tell: (name, detail) => self.#tell(name, detail),
      write: () => self.#write(),
    };
  }

  /** Loads what reads the findings; resolves with the error if that could not be. */
  #read() {
    return this.#reading ??= part('reader').then(({ Desk, css, words, fileOf }) => {
      this.#fileOf = fileOf;
      adopt(/** @type {ShadowRoot} */ (this.shadowRoot), css);
      this.#learn(words);
      this.#desk = new Desk(this.#panel, this.#view, this.#host);
      this.#desk.mark();
      this.#desk.drawn();
      this.#write();
    }).catch((error) => {
      this.#reading = null;
      return this.#fail(error);
    });
  }

  // ------------------------------------------------------------------------------------------ life

  connectedCallback() {
    // Only moved: nothing has been given up.
    if (this.#present) return;
    this.#present = true;
    for (const name of ['data', 'settings', 'labels', 'strings', 'view']) {
      if (!Object.hasOwn(this, name)) continue;
      const value = /** @type {any} */ (this)[name];
      delete /** @type {any} */ (this)[name];
      /** @type {any} */ (this)[name] = value;
    }
    this.#begin();
    if (this.src) this.#plan('load');
    else if (this.#findings.columns.length) this.#plan('again');
    if (!this.#feeding.resume() && this.feed) this.connect(this.feed);
    this.#write();
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#present = false;
      this.#feeding.suspend();
      this.#compare?.end();
      this.#client.end();
      this.#view.stop();
    });
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected) return;
    if (name === 'feed') return now ? this.connect(now) : this.disconnect();
    this.#plan(ATTRIBUTES[name]);
    if (ATTRIBUTES[name] === 'decide') this.#desk?.note('decide');
  }

  /** Starts engine and chart; an engine that cannot start is an error of its own. */
  async #begin() {
    try {
      const [module] = await Promise.all([compile(this.#client.assets.wasm), this.#client.start()]);
      // Those of a page are ready at once: each goes on in a task of its own.
      await turn();
      if (!this.isConnected) return;
      if (!this.#view.started) {
        this.#view.start(module);
        if (this.#findings.columns.length) this.#view.replace(0);
        this.#view.compare(this.#view.lanes);
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
      else if (planned === 'compare') this.#compareAll().catch(() => {});
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
    this.#loading = new AbortController();
    const both = signal ? AbortSignal.any([signal, this.#loading.signal]) : this.#loading.signal;
    const reader = this.#read();
    try {
      await this.#session.load(source, this.#allSettings, { format: format ?? this.format, column: this.column }, both);
    } catch (error) {
      throw this.#fail(error);
    }
    const missing = await reader;
    const report = this.#loaded();
    if (missing) this.#fail(missing);
    return report;
  }

  #loading = new AbortController();

  /** Gives up what is being loaded or scored. */
  #cancel() {
    this.#loading.abort();
    this.#client.end();
    this.#settle();
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
      await Promise.all([this.#feeding.append(source, this.#allSettings, this.#parsing), this.#read()]);
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
        this.#compare?.decide(this.threshold, this.sensitivity);
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
        this.#view.chosen = null;
        this.#look(null);
        this.#desk?.fresh();
      }
    }
    // The capacity is a feed's: a file is shown whole.
    const { start, forgotten, changed } = this.#findings.take(part, fresh ? Infinity : this.capacity);
    this.#view.replace(start, forgotten);
    if (fresh) {
      this.#view.read(this.#format, this.#step, this.#words.scoreOf.toLowerCase());
      this.#decidedAt = this.sensitivity;
      this.#compareAll().catch(() => {});
    } else this.#compare?.follow(this.#findings.columns);
    this.#show(changed);
  }

  /** The sensitivity that the limits in force were decided with. */
  #decidedAt = 50;

  /** @param {import('./messages.js').Decision} decision @param {number} sensitivity */
  #decided(decision, sensitivity) {
    const changed = this.#findings.decide(decision);
    this.#decidedAt = sensitivity;
    this.#view.decided(decision);
    this.#show(changed);
  }

  /** After the findings changed. @param {Change[]} changed */
  #show(changed) {
    this.#write();
    this.#view.keep(this.#findings.ordinary, this.#decidedAt);
    this.#mark();
    if (changed.length) this.#tell('anomaly-detect', changed);
  }

  /** Shows events and labels, and what the reader sees of them. */
  #mark() {
    this.#view.mark(this.#findings.events);
    this.#desk?.mark();
  }

  /** Scores the rows with the other detectors that are named. */
  async #compareAll() {
    const names = this.compare.split(/[\s,]+/).filter(Boolean);
    if (names.length === 0 && !this.#compare) return;
    const { Compare } = await part('more').catch((error) => { throw this.#fail(error); });
    this.#compare ??= new Compare(
      (listener) => ({ session: new Session(this.#client, listener), findings: new Findings() }),
      async (session) => new (await part('stream')).Continuation(session),
      () => { this.#view.compare(this.#compare?.lanes(this.#findings.columns.length) ?? []); this.#write(); });
    const report = this.report;
    if (report) await this.#compare.run(names, { time: report.times, value: report.values }, this.#allSettings, this.capacity);
  }

  #loaded() {
    this.#settle();
    this.#feeding.score();
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
    this.#read();
    this.#feeding.connect(/** @type {string | WebSocket | EventSource} */ (address), options);
  }

  /** Closes the feed. */
  disconnect() {
    this.#feeding.disconnect();
    this.#settle();
  }

  /** Tries to open a lost feed at once. */
  retryNow() {
    this.#feeding.retryNow();
  }

  /** What the feed has brought and what became of it. @returns {FeedStats} */
  get feedStats() {
    return this.#feeding.stats;
  }

  #feedChanged() {
    const { state, retryInMs } = this.feedStats;
    if (state === 'failed') this.#fail(new WidgetError('feed', 'The feed could not be opened.', { hint: `Is ${this.#feeding.url} right, and does the page's policy allow it?` }));
    else if (this.#state !== 'loading') this.#settle();
    this.#panel.retry.hidden = state !== 'waiting' && state !== 'failed';
    this.#note = state === 'waiting' ? (retryInMs === undefined ? this.#words.offline : this.#words.waiting(Math.max(1, Math.round(retryInMs / 1000))))
      : state === 'connecting' ? this.#words.connecting : state === 'closed' ? this.#words.closed : '';
    this.#write();
    this.#counted();
  }

  #counted() {
    this.#ledger?.write(this.feedStats, this.#words, this.#format);
    this.#tell('anomaly-feed', this.feedStats);
  }

  // ------------------------------------------------------------------------------------------ view and choice

  /** The stretch of time shown; null: all. @returns {{ from: number, to: number } | null} */
  get view() { return this.#view.looking; }
  set view(view) { this.#look(view); }

  /** @param {{ from: number, to: number } | null} view */
  #look(view) {
    this.#view.look(view);
    this.#panel.reset.hidden = !this.view;
    this.#desk?.looked();
  }

  /** Looks, and tells so. @param {{ from: number, to: number } | null} view */
  #zoom(view) {
    this.#look(view);
    this.#tell('anomaly-view', this.view ?? this.#view.whole);
  }

  /** Shows a stretch, as of an event, with what is around it. @param {{ start: number, end: number }} stretch */
  zoomTo({ start, end }) {
    const around = Math.max(2 * (end - start), 40 * this.#step);
    this.#zoom({ from: start - around, to: end + around });
  }

  /** Takes the last change of view, limit or labels back. */
  undo() { this.#desk?.step(-1); }

  /** Does again what was taken back last. */
  redo() { this.#desk?.step(1); }

  // ------------------------------------------------------------------------------------------ what is shown

  /** @param {import('./messages.js').Progress} progress */
  #progress(progress) {
    this.#panel.progress(progress, this.#words);
    this.#tell('anomaly-progress', progress);
  }

  /** The state that belongs to what is there now. */
  #settle() {
    this.#become(this.#feeding.open ? 'live' : this.#findings.columns.length ? 'ready' : 'empty');
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
    panel.slider.value = panel.sliderValue.textContent = String(Math.round(this.sensitivity));
    panel.card.dataset.state = this.#state;
    panel.card.classList.toggle('bare', rows === 0);
    panel.card.classList.toggle('busy', this.#state === 'loading');
    panel.over.hidden = rows > 0 || this.#state === 'loading' || this.#state === 'live';
    panel.busy.hidden = rows > 0 || !(this.#state === 'loading' || this.#state === 'live');
    if (this.#state === 'live' && rows === 0) panel.busyText.textContent = this.#note || words.connecting;
    panel.cancel.hidden = this.#state !== 'loading';
    panel.stretch.hidden = rows === 0;
    panel.chart.tabIndex = rows ? 0 : -1;
    panel.alertClose.hidden = rows === 0;
    panel.alertOpen.hidden = rows === 0;
    const named = { empty: words.idle, loading: words.read, ready: words.ready, live: words.live, error: words.failed };
    panel.status.textContent = named[this.#state];
    panel.by.textContent = info && rows ? words.scoredBy(info.detector) : '';
    panel.note.textContent = [this.#note, ...(info?.warnings ?? []), ...this.#session.warnings, ...(this.#compare?.errors ?? [])].filter(Boolean).join(' · ');
    const title = this.label || words.series;
    panel.chart.setAttribute('aria-label', rows ? words.chart(title, facts.join(', '), words.events(this.#findings.events.length)) : title);
    panel.canvas.setAttribute('aria-label', title);
    if (this.#view.format !== format && rows) {
      this.#view.read(format, this.#step, words.scoreOf.toLowerCase());
      this.#desk?.mark();
    }
    this.#desk?.written().catch(() => {});
    this.#translate().catch(() => {});
  }

  /** The words of the reader's language, loaded when it is one of those that are there. */
  async #translate() {
    const korean = /^ko\b/.test(this.locale);
    if (korean === this.#korean) return;
    this.#korean = korean;
    this.#spoken = korean ? (await part('more')).ko : {};
    this.strings = this.#strings;
  }

  /** @param {string} name @param {unknown} detail @returns {boolean} false: the page wants it otherwise */
  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: name === 'anomaly-label' }));
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

  /** All words together, the same object until one of them changes. @type {Strings | null} */
  #wordsKept = null;
  /** Those of a part are there before anything asks for them. */
  get #words() { return this.#wordsKept ??= /** @type {Strings} */ ({ ...words, ...this.#partly, ...this.#spoken, ...this.#strings }); }
  /** @param {Partial<Strings>} words of a part that was loaded */
  #learn(words) {
    Object.assign(this.#partly, words);
    this.#wordsKept = null;
  }
  get #step() { return this.#session.info?.step ?? 0; }
  get #parsing() { return { format: this.format, column: this.column }; }
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
    this.#compare?.end();
    this.#look(null);
    this.#desk?.fresh();
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
    this.#wordsKept = null;
    this.#write();
    if (this.#findings.columns.length) this.#view.read(this.#format, this.#step, this.#words.scoreOf.toLowerCase());
    this.#desk?.mark();
  }

  /** Verdicts of the reader. @returns {Label[]} */
  get labels() { return this.#view.labels.map((label) => ({ ...label })); }
  set labels(labels) {
    this.#view.labels = checkedLabels(labels ?? []);
    this.#mark();
    this.#desk?.note('labels');
  }

  /** Adds known events from a JSON or CSV file to the labels. @param {Blob} file */
  async importLabels(file) {
    const missing = await this.#read();
    if (missing) throw missing;
    await this.#desk?.importLabels(file);
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
  get threshold() { return this.getAttribute('threshold') ?? String(this.#settings.threshold ?? 'tail 5e-5'); }
  set threshold(value) { this.setAttribute('threshold', value); }
  get sensitivity() {
    const given = this.getAttribute('sensitivity');
    return given === null || !Number.isFinite(Number(given)) ? Number(this.#settings.sensitivity ?? 50) : Number(given);
  }
  set sensitivity(value) { this.setAttribute('sensitivity', String(value)); }
  get capacity() { return Math.max(1, Number(this.getAttribute('capacity')) || 100_000); }
  set capacity(value) { this.setAttribute('capacity', String(value)); }
  get compare() { return this.getAttribute('compare') ?? ''; }
  set compare(value) { this.setAttribute('compare', value); }
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
    return { version: 1, detector: this.detector, threshold: this.threshold, sensitivity: this.sensitivity, settings: this.settings, labels: this.labels, compare: this.compare, view: this.view };
  }

  /** Restores what {@link getState} gave; resolves when it is shown. @param {WidgetState} state */
  async setState({ detector, threshold, sensitivity, settings, labels, compare, view }) {
    this.#settings = { ...settings };
    this.labels = labels;
    Object.assign(this, { detector, threshold, sensitivity, ...(compare !== undefined && { compare }) });
    if (this.report) await this.#again();
    this.view = view;
  }

  /**
   * The chart as a picture.
   * @param {{ type?: 'image/png', width?: number, scale?: number }} [options] width in CSS pixels, scale: device pixels each
   * @returns {Promise<Blob>}
   */
  async toBlob(options = {}) {
    this.#view.start(await compile(this.#client.assets.wasm));
    return (await part('more')).pictureOf(this.#view, options);
  }

  /**
   * The findings as a file.
   * @param {'events.csv' | 'events.json' | 'report.csv' | 'labels.json'} kind
   * @returns {Blob}
   * @throws {WidgetError} before there are any
   */
  export(kind) {
    if (kind === 'labels.json') return new Blob([JSON.stringify(this.labels, null, 1)], { type: 'application/json' });
    if (!this.report || !this.#fileOf) throw new WidgetError('source', 'There are no findings yet.', { hint: 'Wait for anomaly-ready.' });
    return this.#fileOf(this.report, kind);
  }
}
