// The list beside the chart: events and own labels, sorted and filtered; on the chosen one why, and what to do.

import { button, choice, h } from './dom.js';
import { summary } from './explain.js';
import { labelOf, rightness } from './labels.js';

/** @typedef {import('./messages.js').AnomalyEvent} AnomalyEvent */
/** @typedef {import('./labels.js').Label} Label */

/** Entries written out; a list that nobody reads to its end stays short. */
const MOST = 100;

/**
 * What the reader chose to see of the list.
 * @typedef {object} Choice
 * @property {'severity' | 'start' | 'length'} order
 * @property {string} kind one kind of event, or empty
 * @property {string} level the least severe level, or empty
 */

/**
 * @typedef {object} Entry what the list is written from
 * @property {AnomalyEvent[]} events
 * @property {Label[]} labels
 * @property {string | null} chosen
 * @property {number} step
 * @property {import('./format.js').Format} format
 * @property {import('./words.js').Words} words
 * @property {Choice} choice
 * @property {(severity: number) => string} level
 * @property {(event: AnomalyEvent) => string[]} explain
 * @property {() => Node | string} figure of the chosen event
 * @property {(change: Partial<Choice>) => void} choose
 * @property {(id: string) => void} pick
 * @property {(stretch: { start: number, end: number }) => void} zoom
 * @property {(stretch: { start: number, end: number }, verdict: Label['verdict']) => void} judge
 * @property {(label: Label) => void} drop
 * @property {(stretch: { start: number, end: number }, text: string) => void} remark
 */

/**
 * The events that are listed, in their order.
 * @param {AnomalyEvent[]} events
 * @param {Choice} choice
 * @param {(severity: number) => string} levelOf
 */
export function listed(events, { order, kind, level }, levelOf) {
  const levels = level === 'severe' ? ['severe'] : level ? ['strong', 'severe'] : null;
  const kept = events.filter((event) => (!kind || event.kind === kind) && (!levels || levels.includes(levelOf(event.severity))));
  const key = { severity: (/** @type {AnomalyEvent} */ e) => -e.severity, start: (/** @type {AnomalyEvent} */ e) => e.start, length: (/** @type {AnomalyEvent} */ e) => e.start - e.end }[order];
  return kept.sort((a, b) => key(a) - key(b));
}

/**
 * Writes the list anew.
 * @param {import('./instruments.js').Instruments} tools
 * @param {Entry} show
 */
export function writeList({ heading, filters, list, score }, show) {
  const { events, labels, chosen, format, words, choice: wish } = show;
  const sorted = listed(events, wish, show.level);
  heading.textContent = sorted.length < events.length ? words.shown(sorted.length, events.length) : words.events(events.length);
  filters.hidden = events.length < 2;
  if (!filters.contains(/** @type {ShadowRoot} */ (list.getRootNode()).activeElement)) {
    filters.replaceChildren(
      choice(words.order, words.orders, wish.order, (order) => show.choose({ order: /** @type {Choice['order']} */ (order) })),
      choice(words.kind, words.kinds, wish.kind, (kind) => show.choose({ kind })),
      choice(words.level, words.levels, wish.level, (level) => show.choose({ level })));
  }
  const shown = sorted.slice(0, MOST);
  const late = sorted.find((event, i) => i >= MOST && event.id === chosen);
  if (late) shown.push(late);
  const focused = focusIn(list);
  const own = labels.filter((label) => !events.some((event) => labelOf(event, [label])));
  const before = new Map([.../** @type {HTMLCollectionOf<HTMLElement>} */ (list.children)].map((item) => [item.dataset.id, item]));
  const items = [...shown.map((event) => entry(event, show, before.get(event.id))), ...own.map((label) => ownEntry(label, show))];
  if (shown.length === 0) items.unshift(h('li', {}, h('p', {}, events.length ? words.noneShown : words.none)));
  if (sorted.length > shown.length) items.push(h('li', {}, h('p', {}, words.more(sorted.length - shown.length))));
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) list.replaceChildren(...items);
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(focused))?.focus();
  score.textContent = labels.length ? rightnessText(show) : '';
}

/** Where the focus is, as a selector that finds it in the list written anew. @param {HTMLElement} list */
function focusIn(list) {
  const active = /** @type {HTMLElement | null} */ (/** @type {ShadowRoot} */ (list.getRootNode()).activeElement);
  const item = active?.closest('li');
  if (!active || !item || !list.contains(active)) return null;
  return `[data-id="${CSS.escape(item.dataset.id ?? '')}"] ${active.dataset.does ? `[data-does=${active.dataset.does}]` : '.event'}`;
}

/**
 * The entry of an event. One that was there and is not open stays, with what is new written into it: a slider that is
 * dragged changes all of them at every step.
 * @param {AnomalyEvent} event
 * @param {Entry} show
 * @param {HTMLElement} [old] as it was
 */
function entry(event, show, old) {
  const { labels, step, format, words } = show;
  const current = event.id === show.chosen;
  const label = labelOf(event, labels);
  const severity = format.tenths(event.severity);
  const item = old && !current && !old.hasAttribute('aria-current') ? old : h('li', { 'data-id': event.id, ...(current && { 'aria-current': 'true' }) },
    h('button', { type: 'button', class: 'event', 'aria-expanded': String(current), click: () => show.pick(event.id) },
      h('i', {}, h('span', { class: 'quiet' }), ''), h('span', { role: 'img' }), h('b'), h('span', { class: 'what' })));
  const [head, kind, when, what] = /** @type {HTMLCollectionOf<HTMLElement>} */ (item.children[0].children);
  put(item, 'data-level', show.level(event.severity));
  put(item, 'data-verdict', label?.verdict);
  put(head, 'title', words.severity(severity));
  write(/** @type {Node} */ (head.firstChild), words.severity(''));
  write(/** @type {Node} */ (head.lastChild), severity);
  put(kind, 'class', `kind ${event.kind}`);
  put(kind, 'aria-label', words.isKind[event.kind]);
  write(when, format.moment(event.start, step));
  write(what, [summary(event, format, words), ...(label ? [words.verdicts[label.verdict]] : [])].join(' · '));
  if (current) {
    const lines = show.explain(event).map((line) => h('p', {}, line));
    item.append(h('div', { class: 'more' }, show.figure(), ...lines.slice(0, 2), ...actions(event, label, show), ...lines.slice(2)));
  }
  return item;
}

/** Sets an attribute, unless it is so. @param {Element} element @param {string} name @param {string} [value] */
function put(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Writes a text, unless it is there. @param {Node} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A stretch that the reader labelled and no event has. @param {Label} label @param {Entry} show */
function ownEntry(label, show) {
  const { format, words, step } = show;
  const missed = label.verdict === 'anomaly' ? ` · ${words.missed}` : '';
  return h('li', { 'data-id': `own${label.start}`, 'data-own': label.verdict },
    h('button', { type: 'button', class: 'event', click: () => show.zoom(label) },
      h('span', { class: 'kind own', role: 'img', 'aria-label': words.own }), h('b', {}, format.moment(label.start, step)),
      h('span', { class: 'what' }, `${label.verdict === 'anomaly' ? words.isAnomaly : words.isNormal} · ${format.span(label.end - label.start)}${missed}`)),
    h('div', { class: 'more' }, ...actions(label, label, show)));
}

/**
 * @param {{ start: number, end: number }} stretch
 * @param {Label | undefined} label
 * @param {Entry} show
 */
function actions(stretch, label, show) {
  const { words } = show;
  const judge = (/** @type {Label['verdict']} */ verdict, /** @type {string} */ text) => button(text, () => {
    if (label?.verdict === verdict) show.drop(label);
    else show.judge(stretch, verdict);
  }, { 'data-does': verdict, 'aria-pressed': String(label?.verdict === verdict) });
  const row = h('div', { class: 'acts' }, judge('anomaly', words.confirm), judge('normal', words.dismiss),
    button(words.note, () => { note.hidden = !note.hidden; if (!note.hidden) note.focus(); }, { 'data-does': 'note', ...(label?.note && { 'aria-pressed': 'true' }) }),
    button(words.zoom, () => show.zoom(stretch), { 'data-does': 'zoom' }));
  if (label === stretch) row.append(button(words.remove, () => show.drop(/** @type {Label} */ (label)), { 'data-does': 'remove' }));
  const note = h('input', { type: 'text', class: 'note', 'data-does': 'text', 'aria-label': words.note, placeholder: words.note, change: () => {
    note.blur();
    show.remark(stretch, note.value);
  } });
  note.value = label?.note ?? '';
  note.hidden = !label?.note;
  return [row, note];
}

/** @param {Entry} show */
function rightnessText({ events, labels, format, words }) {
  const { right, judged, found, known } = rightness(events, labels);
  const share = (/** @type {number} */ n, /** @type {number} */ all) => (all ? words.share(format.percent(n / all), n, all) : '');
  return words.rightness(share(right, judged), share(found, known));
}
