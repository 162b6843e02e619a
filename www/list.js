// The list of events: when, what, and on the chosen one why.

import { h } from './dom.js';
import { levelOf } from './view.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./format.js').Format} Format */
/** @typedef {import('./words.js').Words} Words */

/** Entries written out; a list that nobody reads to its end stays short. */
const MOST = 100;

/**
 * Writes the list anew.
 * @param {HTMLElement} heading
 * @param {HTMLElement} list
 * @param {{ events: AnomalyEvent[], chosen: string | null, step: number, format: Format, words: Words,
 *   pick: (event: AnomalyEvent) => void, zoom: (event: AnomalyEvent) => void }} show
 */
export function writeList(heading, list, { events, chosen, step, format, words, pick, zoom }) {
  heading.textContent = events.length > 1 ? `${words.events(events.length)} · ${words.order}` : words.events(events.length);
  const sorted = [...events].sort((a, b) => b.severity - a.severity);
  const shown = sorted.slice(0, MOST);
  const late = sorted.find((event, i) => i >= MOST && event.id === chosen);
  if (late) shown.push(late);
  const focused = /** @type {ShadowRoot} */ (list.getRootNode()).activeElement?.closest('li')?.dataset.id;
  list.replaceChildren(...shown.map((event) => {
    const current = event.id === chosen;
    const item = h('li', { 'data-level': levelOf(event.severity), 'data-id': event.id, ...(current && { 'aria-current': 'true' }) },
      h('button', { type: 'button', class: 'event', click: () => pick(event) },
        h('i', { title: words.severity(format.tenths(event.severity)) }, h('span', { class: 'quiet' }, words.severity('')), format.tenths(event.severity)),
        h('b', {}, format.moment(event.start, step)),
        h('span', {}, summary(event, format, words))));
    if (current) item.append(h('div', { class: 'more' }, why(event, format, words), h('br'), h('button', { type: 'button', class: 'button', click: () => zoom(event) }, words.zoom)));
    return item;
  }));
  if (events.length === 0) list.append(h('li', {}, h('p', {}, words.none)));
  if (sorted.length > shown.length) list.append(h('li', {}, h('p', {}, words.more(sorted.length - shown.length))));
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${CSS.escape(focused)}"] > .event`))?.focus();
}

/**
 * "41 % below expected · 31.5 hr".
 * @param {AnomalyEvent} event
 * @param {Format} format
 * @param {Words} words
 */
export function summary(event, format, words) {
  const parts = [headline(event, format, words)];
  if (event.kind !== 'point') parts.push(format.span(event.end - event.start));
  if (!event.settled) parts.push(words.provisional);
  return parts.join(' · ');
}

/** @param {AnomalyEvent} event @param {Format} format @param {Words} words */
function headline({ kind, direction, value, expected }, format, words) {
  if (kind === 'shift') return words.shift;
  if (direction === 'shape') return words.shape;
  if (expected === undefined || !Number.isFinite(value)) return words[direction];
  const difference = Math.abs(value - expected);
  const part = difference / Math.abs(expected);
  // Far from what the expected value can measure, the difference itself says more.
  const by = part < 10 ? format.percent(part) : format.value(difference);
  return value > expected ? words.above(by) : words.below(by);
}

/** @param {AnomalyEvent} event @param {Format} format @param {Words} words */
function why({ expected, value, score, limit }, format, words) {
  return words.why({
    expected: expected === undefined ? undefined : format.value(expected),
    value: Number.isFinite(value) ? format.value(value) : words.missing,
    score: format.value(score), limit: format.value(limit),
  });
}
