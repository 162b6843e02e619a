// What a reader does with the findings: chooses an event and reads why, walks from sample to sample, moves the limit,
// gives verdicts, takes steps back. The element has the data and the settings; this has the reader's part.

import { explain, summary } from './explain.js';
import { listen } from './gestures.js';
import { Instruments } from './instruments.js';
import { labelOf, parseLabels, withLabel, withoutLabel } from './labels.js';
import { listed, writeList } from './list.js';
import { part } from './parts.js';
import { showTip } from './tip.js';
import { Undo } from './undo.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./labels.js').Label} Label */
/** @typedef {{ from: number, to: number }} Stretch */
/** @typedef {{ threshold: string | null, sensitivity: string | null, labels: Label[], view: Stretch | null }} State */

/**
 * What the desk asks the element for.
 * @typedef {object} Host
 * @property {import('./report.js').Findings} findings
 * @property {import('./messages.js').Info | null} info
 * @property {import('./messages.js').DetectorInfo[]} detectors
 * @property {import('./format.js').Format} format
 * @property {import('./words.js').Words} words
 * @property {string} label
 * @property {string} title the label, or a word for it
 * @property {string} threshold
 * @property {number} sensitivity
 * @property {number} decidedAt the sensitivity that the limits in force were decided with
 * @property {Label[]} labels setting them checks and shows them
 * @property {(view: Stretch | null) => void} zoom looks, and tells so
 * @property {(stretch: { start: number, end: number }) => void} zoomTo
 * @property {(kind: string) => Promise<Blob>} file to give away
 * @property {(error: unknown) => void} fail
 * @property {(name: 'threshold' | 'sensitivity') => string | null} given
 * @property {(name: 'threshold' | 'sensitivity', value: string | null) => void} give
 * @property {(name: string, detail: unknown) => boolean} tell false: the page wants it otherwise
 * @property {() => void} write the texts around the chart
 */

export class Desk {
  /** @type {import('./list.js').Choice} */
  #choice = { order: 'severity', kind: '', level: '' };
  /** The sample that the keys have reached. @type {number | null} */
  #cursor = null;
  #labelling = false;
  #moving = false;
  #restoring = false;
  /** Whether the table stands in the chart's place. */
  #tabled = false;
  /** @type {HTMLElement | null} */
  #figure = null;
  /** @type {Undo<State>} */
  #undo;

  /**
   * @param {import('./panel.js').Panel} panel
   * @param {import('./view.js').View} view
   * @param {Host} host
   */
  constructor(panel, view, host) {
    this.panel = panel;
    this.view = view;
    this.host = host;
    this.#undo = new Undo(this.#state);
    this.tools = new Instruments(panel, (colour) => this.#switch(colour));
    listen(this.tools, view, this.#actions);
    this.tools.say(host.words);
  }

  /** What gestures do. @returns {import('./gestures.js').Actions} */
  get #actions() {
    return {
      hover: (row) => { this.#cursor = null; this.#tip(row); },
      zoom: (view) => this.host.zoom(view),
      walk: (by) => this.#walk(by),
      step: (by) => this.#step(by),
      pick: (index) => this.pick(this.view.events[index]),
      label: ({ from, to }) => { this.#judge({ start: from, end: to }, 'anomaly'); this.labelling(false); },
      labelling: () => this.#labelling,
      judge: (verdict) => { if (this.chosen) this.#toggle(this.chosen, verdict); },
      undo: (way) => this.step(way),
      enter: () => { if (this.chosen) this.host.zoomTo(this.chosen); },
      leave: () => { if (this.#labelling) this.labelling(false); else this.host.zoom(null); },
      help: () => { this.panel.menu.hidden || this.panel.menu.click(); },
      limit: (y) => this.#moveLimit(y),
      limited: () => { this.#moving = false; this.#limitText(); },
      sensitivity: (by) => this.host.give('sensitivity', String(Math.min(100, Math.max(0, Math.round(this.host.sensitivity + by))))),
    };
  }

  // ------------------------------------------------------------------------------------------ following the findings

  /** A series that was not there before. */
  fresh() {
    this.#cursor = null;
    this.#undo.reset(this.#state);
  }

  /** Another stretch is shown. */
  looked() {
    this.#tip(null);
    this.note('view');
  }

  /** Follows events, limits or labels that changed. */
  mark() {
    if (this.view.started) this.#writeList();
  }

  #writeList() {
    // Whoever is writing a note is not disturbed.
    if (/** @type {ShadowRoot} */ (this.tools.list.getRootNode()).activeElement?.matches('input.note')) return;
    const { findings, format, words, info, detectors, threshold } = this.host;
    writeList(this.tools, {
      events: findings.events, labels: this.view.here, chosen: this.view.chosen, step: info?.step ?? 0, format, words, choice: this.#choice,
      level: (severity) => this.view.level(severity),
      explain: (event) => (info ? explain(event, findings.columns, { info, summary: detectors.find((d) => d.name === event.detectors[0])?.summary ?? '', threshold, sensitivity: this.host.decidedAt }, format, words) : []),
      figure: () => this.#figureOf(),
      choose: (change) => { this.#choice = { ...this.#choice, ...change }; this.#writeList(); },
      pick: (id) => { const event = this.host.findings.events.find((event) => event.id === id); if (event) this.pick(event); },
      zoom: (stretch) => this.host.zoomTo(stretch),
      judge: (stretch, verdict) => this.#judge(stretch, verdict),
      drop: (label) => this.#drop(label),
      remark: (stretch, note) => this.#remark(stretch, note),
    });
  }

  /** The drawing of the chosen event, made when it is chosen. */
  #figureOf() {
    const event = this.chosen, { findings, format, words, info } = this.host;
    const key = event && `${event.id} ${event.end} ${findings.columns.length}`;
    if (event && info && this.#figure?.dataset.of !== key) {
      const figure = this.#figure = document.createElement('figure');
      figure.dataset.of = key ?? '';
      part('more').then(({ closeUp }) => closeUp(figure, event, findings, info, format, words), () => {});
    }
    return this.#figure ?? '';
  }

  /** After each drawing: what stands on the picture as elements. */
  drawn() {
    const { limit, legend } = this.tools, layout = this.view.layout;
    const { columns } = this.host.findings;
    limit.hidden = !layout || Number.isNaN(layout.limit);
    legend.hidden = !layout || !columns.get('expected');
    if (!layout || limit.hidden) return;
    limit.style.left = `${layout.left + 4}px`;
    limit.style.top = `${layout.limit}px`;
    this.#limitText();
  }

  #limitText() {
    const { limit } = this.tools, { findings: { columns, events }, format, words } = this.host;
    const known = this.view.layout ? columns.at('limits', columns.nearest(this.view.layout.to)) : NaN;
    const text = format.value(known);
    limit.textContent = this.#moving ? words.limitIs(text, words.events(events.length)) : `${words.limit.toLowerCase()} ${text}`;
    limit.setAttribute('aria-valuenow', String(Math.round(this.host.sensitivity)));
    limit.setAttribute('aria-valuetext', words.limitIs(text, words.events(events.length)));
  }

  /** The limit goes where the hand is: the sensitivity that puts it there. @param {number} y */
  #moveLimit(y) {
    const { ordinary } = this.host.findings;
    const times = (this.view.scoreAt(y) - ordinary) / (this.view.neutral - ordinary);
    if (Number.isNaN(times)) return;
    this.#moving = true;
    const sensitivity = Math.min(100, Math.max(0, 50 - 25 * Math.log2(Math.max(times, 1e-9))));
    this.host.give('sensitivity', String(Math.round(10 * sensitivity) / 10));
  }

  /** Switches a colour of the chart. @param {string} colour */
  #switch(colour) {
    const { hidden } = this.view;
    if (!hidden.delete(colour)) hidden.add(colour);
    this.tools.switched(hidden);
    this.view.undress();
  }

  // ------------------------------------------------------------------------------------------ choosing

  /** The chosen event. @returns {AnomalyEvent | undefined} */
  get chosen() {
    return this.host.findings.events.find((event) => event.id === this.view.chosen);
  }

  /** @param {AnomalyEvent} event */
  pick(event) {
    const { format, words, info } = this.host;
    this.view.chosen = event.id;
    this.#cursor = null;
    const view = this.view.looking;
    if (view && (event.start > view.to || event.end < view.from)) this.host.zoomTo(event);
    this.view.mark(this.view.events);
    this.mark();
    this.tools.list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    const verdict = labelOf(event, this.view.labels)?.verdict;
    const said = [format.moment(event.start, info?.step ?? 0), `${words.isKind[event.kind]}, ${summary(event, format, words)}`, words.severity(format.tenths(event.severity)), verdict && words.verdicts[verdict]];
    this.#say(said.filter(Boolean).join('. '));
    this.host.tell('anomaly-select', event);
  }

  /** Goes to the next event of the list in time. @param {number} by */
  #walk(by) {
    const events = listed(this.host.findings.events, { ...this.#choice, order: 'start' }, (severity) => this.view.level(severity));
    if (events.length === 0) return this.#say(this.host.words.none);
    const now = events.findIndex((event) => event.id === this.view.chosen);
    const next = now < 0 ? (by > 0 ? 0 : events.length - 1) : now + by;
    this.pick(events[Math.min(Math.max(next, 0), events.length - 1)]);
  }

  /** Goes from sample to sample; what it meets is shown and said. @param {number} by */
  #step(by) {
    const { findings: { columns }, format, words, info } = this.host;
    const { layout } = this.view;
    if (!layout || columns.length === 0) return;
    const start = this.chosen ? this.chosen.peakIndex - columns.base : columns.nearest(layout.from);
    const row = Math.min(Math.max(this.#cursor === null ? (Number.isFinite(by) ? start : by) : this.#cursor + by, 0), columns.length - 1);
    this.#cursor = row;
    const time = columns.at('time', row), span = layout.to - layout.from;
    if (time < layout.from || time > layout.to) {
      const from = time < layout.from ? time - span / 10 : time - 0.9 * span;
      this.host.zoom({ from, to: from + span });
      this.#cursor = row;
    }
    this.#tip(row);
    const [value, expected, score, limit] = /** @type {const} */ (['value', 'expected', 'scores', 'limits']).map((name) => columns.at(name, row));
    const by_ = Number.isFinite(expected) && Number.isFinite(value) ? `${words.expected.toLowerCase()} ${format.value(expected)}` : undefined;
    this.#say(words.sample({ when: format.moment(time, info?.step ?? 0), value: Number.isFinite(value) ? format.value(value) : words.missing, expected: by_,
      score: Number.isFinite(score) ? format.value(score) : undefined, over: score > limit }));
  }

  /** @param {number | null} row */
  #tip(row) {
    const { format, words, info } = this.host;
    const { lanes } = this.view;
    const over = row === null ? 0 : lanes.filter((lane) => lane.severity[row] >= 1).length;
    showTip(this.tools, this.view, row, format, words, info?.step ?? 0, over ? [[words.detector, words.agree(over, lanes.length)]] : []);
  }

  /** @param {string} text */
  #say(text) {
    this.panel.spoken.textContent = text;
  }

  // ------------------------------------------------------------------------------------------ verdicts

  /** Whether the next drag labels a stretch. @param {boolean} [on] default: the other way round */
  labelling(on = !this.#labelling) {
    this.#labelling = on;
    this.panel.stretch.setAttribute('aria-pressed', String(on));
    this.panel.chart.classList.toggle('labelling', on);
    if (on) this.#say(this.host.words.labelHint);
  }

  /** @param {{ start: number, end: number }} stretch @param {Label['verdict']} verdict */
  #toggle(stretch, verdict) {
    const label = labelOf(stretch, this.view.labels);
    if (label?.verdict === verdict) this.#drop(label);
    else this.#judge(stretch, verdict);
  }

  /** @param {{ start: number, end: number }} stretch @param {Label['verdict']} verdict @param {string} [note] */
  #judge({ start, end }, verdict, note) {
    const old = labelOf({ start, end }, this.view.labels);
    const text = note ?? old?.note;
    const label = { start, end, verdict, ...(text && { note: text }) };
    if (!this.host.tell('anomaly-label', label)) return;
    // A verdict on an event takes the place of the one it had, also where its ends have moved since.
    const same = old && (old.start === start || old.end === end || (old.start <= start && old.end >= end));
    this.host.labels = withLabel(same ? withoutLabel(this.view.labels, old) : this.view.labels, label);
    this.#say(`${this.host.words.verdicts[verdict]}.`);
    this.host.write();
  }

  /** @param {Label} label */
  #drop(label) {
    if (!this.host.tell('anomaly-label', { ...label, removed: true })) return;
    this.host.labels = withoutLabel(this.view.labels, label);
  }

  /** A note stands in a label; an event without one is confirmed by it. @param {{ start: number, end: number }} stretch @param {string} note */
  #remark(stretch, note) {
    this.#judge(stretch, labelOf(stretch, this.view.labels)?.verdict ?? 'anomaly', note.trim());
  }

  // ------------------------------------------------------------------------------------------ steps back

  /** @returns {State} */
  get #state() {
    const { host } = this;
    return { threshold: host.given('threshold'), sensitivity: host.given('sensitivity'), labels: this.view.labels, view: this.view.looking };
  }

  /** Notes a change that can be taken back. @param {'view' | 'labels' | 'decide'} kind */
  note(kind) {
    if (!this.#restoring) this.#undo.note(this.#state, kind === 'labels' ? `labels ${JSON.stringify(this.view.labels)}` : kind);
  }

  /** Takes the last change back, or with 1 does it again. @param {-1 | 1} way */
  step(way) {
    const state = this.#undo.step(way);
    if (!state) return;
    this.#restoring = true;
    this.host.labels = state.labels;
    this.host.zoom(state.view);
    for (const name of /** @type {const} */ (['threshold', 'sensitivity'])) if (this.host.given(name) !== state[name]) this.host.give(name, state[name]);
    this.#restoring = false;
    this.#say(this.host.words[way < 0 ? 'undo' : 'redo']);
  }

  // ------------------------------------------------------------------------------------------ menu and table

  /** Opens the menu, or closes it. @param {HTMLElement} anchor */
  async openMenu(anchor) {
    const { host, panel } = this;
    const { openMenu } = await part('more');
    openMenu(anchor, panel.card, host.words, {
      step: (way) => this.step(way), canStep: (way) => this.#undo.can(way),
      open: () => panel.file.click(), file: host.file,
      labels: (file) => { this.importLabels(file).catch(host.fail); },
      stretch: () => this.labelling(true),
      table: () => { this.#tabled = !this.#tabled; this.written(); },
      tabled: this.#tabled, name: (host.label || 'anomaly').replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase(), empty: host.findings.columns.length === 0,
    });
  }

  /** Adds the events of a JSON or CSV file to the labels. @param {Blob} file */
  async importLabels(file) {
    this.host.labels = parseLabels(await file.text()).reduce(withLabel, this.view.labels);
  }

  /** After the texts around the chart were written: the table in its place follows. */
  async written() {
    this.tools.say(this.host.words);
    const { sheet } = this.tools, { findings: { columns, events }, format, words, title, info } = this.host;
    if (sheet.hidden && !this.#tabled) return;
    sheet.hidden = !this.#tabled || columns.length === 0;
    if (sheet.hidden) return;
    const { writeTable } = await part('more');
    writeTable(sheet, { events, labels: this.view.labels, columns, view: this.view.looking ?? this.view.whole, step: info?.step ?? 0, title, format, words });
  }
}
