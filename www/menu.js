// The menu: steps back, files in and out, the table, the keys.

import { button, h } from './dom.js';

/**
 * @typedef {object} Deeds what the menu can have done
 * @property {(way: -1 | 1) => void} step
 * @property {(way: -1 | 1) => boolean} canStep
 * @property {() => void} open a file
 * @property {(file: File) => void} labels from a file
 * @property {(kind: string) => Promise<Blob>} file
 * @property {() => void} stretch to label
 * @property {() => void} table on or off
 * @property {boolean} tabled whether it is on
 * @property {string} name of the files
 * @property {boolean} empty whether there is nothing to give away
 */

/**
 * Opens the menu under its button, or closes it.
 * @param {HTMLElement} anchor
 * @param {HTMLElement} card
 * @param {import('./words.js').Words} words
 * @param {Deeds} deeds
 */
export function openMenu(anchor, card, words, deeds) {
  const old = card.querySelector(':scope > .menu');
  if (old) return old.dispatchEvent(new Event('close'));
  const close = (/** @type {boolean} */ back) => {
    box.remove();
    anchor.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', away, true);
    if (back) anchor.focus();
  };
  const away = (/** @type {Event} */ event) => { if (!event.composedPath().includes(box) && !event.composedPath().includes(anchor)) close(false); };
  const item = (/** @type {string} */ text, /** @type {() => void} */ does, /** @type {Record<string, string | boolean>} */ more = {}) =>
    button(text, () => { close(true); does(); }, { class: 'item', ...more });
  const input = h('input', { type: 'file', hidden: true, accept: '.json,.csv,application/json,text/csv', 'aria-label': words.importLabels,
    change: () => { const [file] = input.files ?? []; if (file) deeds.labels(file); } });
  const box = h('div', { class: 'menu', role: 'group', 'aria-label': words.menu },
    h('div', { class: 'pair' }, item(words.undo, () => deeds.step(-1), { disabled: !deeds.canStep(-1) }), item(words.redo, () => deeds.step(1), { disabled: !deeds.canStep(1) })),
    item(words.open, deeds.open),
    button(words.importLabels, () => { input.click(); close(true); }, { class: 'item' }), input,
    item(words.labelStretch, deeds.stretch, { disabled: deeds.empty }),
    item(words.table, deeds.table, { 'aria-pressed': String(deeds.tabled), disabled: deeds.empty }),
    item(words.print, () => print(), { disabled: deeds.empty }),
    h('h3', {}, words.download),
    ...Object.entries(words.files).map(([kind, text]) => item(text, () => save(deeds, kind), { disabled: deeds.empty, 'data-file': kind })),
    h('details', {}, h('summary', {}, words.help), h('dl', {}, ...words.keys.flatMap(([key, does]) => [h('dt', {}, key), h('dd', {}, does)]))));
  box.addEventListener('close', () => close(true));
  box.addEventListener('keydown', (event) => {
    const items = /** @type {HTMLElement[]} */ ([...box.querySelectorAll('.item:not(:disabled), summary')]);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') close(true);
    else if (by) items[(items.indexOf(/** @type {HTMLElement} */ (event.target)) + by + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  card.append(box);
  const [a, c] = [anchor.getBoundingClientRect(), card.getBoundingClientRect()];
  box.style.top = `${a.bottom - c.top + 4}px`;
  box.style.right = `${Math.max(c.right - a.right, 8)}px`;
  box.style.maxHeight = `${Math.max(c.bottom - a.bottom - 16, 200)}px`;
  anchor.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', away, true);
  /** @type {HTMLElement | null} */ (box.querySelector('.item:not(:disabled)'))?.focus();
}

/** @param {Deeds} deeds @param {string} kind */
async function save(deeds, kind) {
  const url = URL.createObjectURL(await deeds.file(kind));
  const ending = kind === 'png' ? 'chart.png' : kind;
  h('a', { href: url, download: `${deeds.name}-${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
