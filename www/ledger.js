// What became of a feed's rows, as a line that unfolds. It stays out of the way: no count calls for attention.

import { h } from './dom.js';

/** @typedef {import('./feed.js').FeedStats} FeedStats */

const counts = /** @type {const} */ (['received', 'used', 'late', 'repeated', 'malformed', 'dropped', 'gaps', 'reconnects']);

export class Ledger {
  constructor() {
    this.summary = h('summary');
    this.list = h('dl');
    this.last = h('code');
    this.box = h('details', { class: 'ledger', part: 'ledger', hidden: true }, this.summary, this.list, this.last);
  }

  /**
   * @param {FeedStats} stats
   * @param {import('./words.js').Words} words
   * @param {import('./format.js').Format} format
   */
  write(stats, words, format) {
    this.box.hidden = stats.state === 'idle' && stats.received === 0;
    if (this.box.hidden) return;
    this.summary.textContent = words.ledger(format.whole(stats.used), format.whole(stats.received));
    if (!this.box.open) return;
    this.list.replaceChildren(...counts.map((name) => h('div', {}, h('dt', {}, words[name]), h('dd', {}, format.whole(stats[name])))),
      h('div', {}, h('dt', {}, words.lag), h('dd', {}, `${format.whole(Math.round(stats.lagMs))} ms`)));
    const fault = stats.faults.at(-1);
    this.last.textContent = fault ? `${fault.why}: ${fault.frame}` : '';
  }
}
