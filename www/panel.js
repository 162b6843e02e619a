// The widget's document: header, chart, footer, and what each state shows; a reader's instruments (instruments.js) come
// with the first series. It holds no data.

import { button, h } from './dom.js';
import { adopt } from './style.js';
// @ts-ignore The build hands in the text.
import css from './widget.css';

/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./format.js').Format} Format */

/**
 * @typedef {object} Hands
 * @property {(name: string) => void} detector
 * @property {(value: number) => void} sensitivity
 * @property {(file: File) => void} file
 * @property {() => void} reset
 * @property {() => void} retry
 * @property {() => void} close the error
 * @property {() => void} cancel
 * @property {(open: HTMLElement) => void} menu
 * @property {() => void} stretch to label
 */

export class Panel {
  /**
   * @param {ShadowRoot} root
   * @param {Hands} hands
   */
  constructor(root, hands) {
    adopt(root, css);
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ does) => ({ [type]: does });
    this.file = h('input', { type: 'file', hidden: true, accept: '.csv,.tsv,.txt,.json,.ndjson,.jsonl,.gz,text/csv,application/json',
      ...on('change', () => { const [file] = this.file.files ?? []; this.file.value = ''; if (file) hands.file(file); }) });
    this.title = h('span', { class: 'title' });
    this.facts = h('span', { class: 'facts' });
    this.pickerLabel = h('span', { class: 'quiet' });
    this.picker = h('select', on('change', () => hands.detector(this.picker.value)));
    this.sliderLabel = h('span');
    this.slider = h('input', { type: 'range', min: '0', max: '100', step: '1', ...on('input', () => hands.sensitivity(Number(this.slider.value))) });
    this.sliderValue = h('output');
    this.stretch = button('', hands.stretch, { class: 'button stretch', 'aria-pressed': 'false' });
    this.menu = button('⋯', () => hands.menu(this.menu), { 'aria-haspopup': 'true', 'aria-expanded': 'false' });
    this.tools = h('div', { class: 'tools' }, h('label', {}, this.pickerLabel, this.picker), h('label', {}, this.sliderLabel, this.slider, this.sliderValue), this.stretch, h('slot', { name: 'actions' }), this.menu);
    this.header = h('header', { part: 'toolbar' }, h('slot', { name: 'title' }, this.title), this.facts, this.tools);

    this.canvas = h('canvas', { role: 'img' });
    this.chart = h('div', { class: 'chart', part: 'chart', role: 'application', tabindex: '0' }, this.canvas);
    this.reset = button('', hands.reset, { class: 'button reset', hidden: true });
    this.emptyText = h('span');
    this.openButton = button('', () => this.file.click());
    this.over = h('div', { class: 'over' }, h('slot', { name: 'empty' }, h('div', { class: 'mark' }), this.emptyText, this.openButton));
    this.busyText = h('span');
    this.cancel = button('', hands.cancel);
    this.busy = h('div', { class: 'over', hidden: true }, this.busyText, this.cancel);
    this.bar = h('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100', hidden: true });
    this.alertText = h('div');
    this.alertOpen = button('', () => this.file.click());
    this.alertClose = button('', hands.close);
    this.alert = h('div', { class: 'alert', role: 'alert', hidden: true }, this.alertText, h('slot', { name: 'error' }), this.alertOpen, this.alertClose);
    this.stage = h('div', { class: 'stage' }, this.chart, this.reset, this.over, this.busy, this.bar, this.alert);

    /** The reader's instruments stand here. */
    this.side = h('div', { class: 'side', part: 'events' });

    this.status = h('span', { class: 'status' });
    this.retry = button('', hands.retry, { hidden: true });
    this.by = h('span');
    this.note = h('span');
    this.private = h('span', { class: 'private' });
    this.footer = h('footer', { part: 'status' }, this.status, this.retry, this.by, this.note, this.private);

    this.spoken = h('div', { class: 'quiet', 'aria-live': 'polite' });
    this.probe = h('span', { class: 'probe', 'aria-hidden': 'true' });
    this.card = h('div', { class: 'card bare', 'data-state': 'empty' }, this.header, this.stage, this.side, this.footer);
    root.append(this.card, this.spoken, this.probe, this.file);
    this.#dropTarget(this.card, hands);
  }

  /** @param {HTMLElement} target @param {Hands} hands */
  #dropTarget(target, hands) {
    let inside = 0;
    const mark = (/** @type {number} */ count) => {
      inside = count;
      target.classList.toggle('drop', count > 0);
    };
    target.addEventListener('dragenter', (event) => { event.preventDefault(); mark(inside + 1); });
    target.addEventListener('dragleave', () => mark(Math.max(inside - 1, 0)));
    target.addEventListener('dragover', (event) => event.preventDefault());
    target.addEventListener('drop', (event) => {
      event.preventDefault();
      mark(0);
      const file = event.dataTransfer?.files[0];
      if (file) hands.file(file);
    });
  }

  /** What {@link say} wrote last. @type {Words | null} */
  #said = null;

  /** Writes the texts that do not change with the data. @param {Words} words */
  say(words) {
    if (words === this.#said) return;
    this.#said = words;
    this.pickerLabel.textContent = words.detector;
    this.sliderLabel.textContent = words.sensitivity;
    this.reset.textContent = words.reset;
    this.emptyText.textContent = words.empty;
    this.openButton.textContent = this.alertOpen.textContent = words.open;
    this.alertClose.textContent = words.close;
    this.retry.textContent = words.retry;
    this.cancel.textContent = words.cancel;
    this.private.textContent = words.private;
    this.stretch.textContent = words.labelStretch;
    this.menu.ariaLabel = this.menu.title = words.menu;
    this.file.ariaLabel = words.open;
  }

  /**
   * Fills the picker: the engine's own choice, then all by family.
   * @param {import('./messages.js').DetectorInfo[]} detectors
   */
  offer(detectors) {
    const families = new Set(detectors.map((d) => d.family));
    const auto = detectors.some((d) => d.name === 'auto') ? [] : [h('option', { value: 'auto' }, 'auto')];
    const option = (/** @type {import('./messages.js').DetectorInfo} */ d) => h('option', { value: d.name, title: d.summary }, d.name);
    this.picker.replaceChildren(...auto, ...[...families].map((family) => {
      const options = detectors.filter((d) => d.family === family).map(option);
      return options.length === 1 && family === options[0].value ? options[0] : h('optgroup', { label: family }, ...options);
    }));
  }

  /** Shows the error, or none. @param {import('./errors.js').WidgetError | null} error */
  fail(error) {
    this.alert.hidden = !error;
    const text = error?.message ?? '';
    this.alertText.replaceChildren(text.replace(/^[a-z](?=[a-z]*[ :])/, (letter) => letter.toUpperCase()), ...(error?.hint ? [h('small', {}, error.hint)] : []));
  }

  /**
   * Shows how far the work is; null: it is done.
   * @param {import('./messages.js').Progress | null} progress
   * @param {Words} words
   */
  progress(progress, words) {
    this.bar.hidden = !progress;
    if (!progress) return;
    this.busyText.textContent = words[progress.stage];
    this.bar.style.setProperty('--done', String(progress.done));
    this.bar.setAttribute('aria-valuenow', String(Math.round(100 * progress.done)));
    this.bar.setAttribute('aria-label', words[progress.stage]);
  }
}
