// What a reader works with on the panel: the cross-hair and its tip, the brush, the limit's handle, the legend, the
// list beside the chart, and the tables in its place. It holds no data.

import { h } from './dom.js';

/** The colours that the legend switches, with the word for each. */
const LEGEND = /** @type {const} */ ({ line: 'value', expected: 'expected', band: 'band' });

export class Instruments {
  cross = h('div', { class: 'cross', hidden: true });
  dot = h('div', { class: 'dot', hidden: true });
  brush = h('div', { class: 'brush', hidden: true });
  tip = h('div', { class: 'tip', part: 'tooltip', hidden: true });
  limit = h('div', { class: 'limit', role: 'slider', tabindex: '0', 'aria-orientation': 'vertical', 'aria-valuemin': '0', 'aria-valuemax': '100', hidden: true });
  /** In the chart's place: the tables, when they are asked for. */
  sheet = h('div', { class: 'sheet', part: 'table', hidden: true, tabindex: '0' });
  heading = h('h2');
  filters = h('div', { class: 'filters', hidden: true });
  list = h('ol');
  score = h('p', { class: 'score' });

  /** @param {import('./panel.js').Panel} panel @param {(colour: string) => void} toggle */
  constructor(panel, toggle) {
    this.chart = panel.chart;
    this.legend = h('span', { class: 'legend', part: 'legend', role: 'group', hidden: true }, ...Object.keys(LEGEND).map((colour) =>
      h('button', { type: 'button', 'data-colour': colour, 'aria-pressed': 'true', click: () => toggle(colour) }, h('span', { class: colour }), h('span'))));
    panel.chart.append(this.brush, this.cross, this.dot, this.tip);
    // Outside of the chart, so that its keys and its pointer do not meet these controls.
    panel.chart.after(this.limit);
    panel.reset.after(this.sheet);
    panel.side.append(h('div', { class: 'scroll' }, this.heading, this.score, this.filters, this.list));
    panel.by.after(this.legend);
  }

  /** What {@link say} wrote last. @type {import('./words.js').Words | null} */
  #said = null;

  /** Writes the texts that do not change with the data. @param {import('./words.js').Words} words */
  say(words) {
    if (words === this.#said) return;
    this.#said = words;
    this.limit.ariaLabel = words.limitHandle;
    for (const [colour, word] of Object.entries(LEGEND)) {
      const text = this.legend.querySelector(`[data-colour=${colour}] > :last-child`);
      if (text) text.textContent = words[word];
    }
  }

  /** Shows which colours are switched off. @param {Set<string>} hidden */
  switched(hidden) {
    for (const colour of Object.keys(LEGEND)) this.legend.querySelector(`[data-colour=${colour}]`)?.setAttribute('aria-pressed', String(!hidden.has(colour)));
  }
}
