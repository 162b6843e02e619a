// What hand and keyboard do to the chart: hover, drag to zoom, wheel, double click, arrow keys. It decides where,
// the element decides what.

/** @typedef {import('./view.js').View} View */

/**
 * @typedef {object} Actions
 * @property {(row: number | null) => void} hover the row under the pointer
 * @property {(view: { from: number, to: number } | null) => void} zoom
 * @property {(by: number) => void} walk to the next event, or the one before
 * @property {(index: number) => void} pick an event
 * @property {() => void} enter zoom to the chosen event
 * @property {() => void} leave back to all
 */

/** So far apart in CSS pixels, two places are a drag and not a click. */
const DRAG = 5;

/**
 * @param {HTMLElement} box the focusable element around the canvas
 * @param {HTMLElement} brush shows the stretch that is dragged over
 * @param {View} view
 * @param {Actions} actions
 */
export function listen(box, brush, view, actions) {
  /** @type {number | null} */
  let from = null;
  const place = (/** @type {MouseEvent} */ event) => event.clientX - box.getBoundingClientRect().left;
  const inside = (/** @type {number} */ x) => Math.min(Math.max(x, view.layout?.left ?? 0), view.layout?.right ?? 0);
  const time = (/** @type {number} */ x) => {
    const l = view.layout;
    return l ? l.from + (inside(x) - l.left) / (l.right - l.left) * (l.to - l.from) : NaN;
  };
  const stop = () => {
    from = null;
    brush.hidden = true;
  };

  box.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !view.layout || event.composedPath()[0] instanceof HTMLButtonElement) return;
    from = place(event);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener('pointermove', (event) => {
    const l = view.layout;
    if (!l) return;
    const x = place(event);
    if (from !== null && Math.abs(x - from) > DRAG) {
      const [a, b] = [inside(from), inside(x)].sort((p, q) => p - q);
      Object.assign(brush.style, { left: `${a}px`, width: `${b - a}px`, top: `${l.top}px`, height: `${l.stripBottom - l.top}px` });
      brush.hidden = false;
    }
    actions.hover(from === null && x >= l.left && x <= l.right ? view.columns.nearest(time(x)) : null);
  });
  box.addEventListener('pointerup', (event) => {
    if (from === null) return;
    const [start, end] = [from, place(event)];
    stop();
    if (Math.abs(end - start) <= DRAG) {
      const hit = eventAt(view, end);
      if (hit !== null) actions.pick(hit);
      return;
    }
    const [a, b] = [time(start), time(end)].sort((p, q) => p - q);
    actions.zoom({ from: a, to: b });
  });
  box.addEventListener('pointercancel', stop);
  box.addEventListener('pointerleave', () => actions.hover(null));
  box.addEventListener('dblclick', () => actions.leave());
  box.addEventListener('wheel', (event) => {
    const l = view.layout;
    // A wheel over a chart that nobody works with scrolls the page.
    if (!l || !(event.ctrlKey || event.metaKey || box.matches(':focus-within'))) return;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways && !view.looking) return;
    event.preventDefault();
    const span = l.to - l.from;
    if (sideways) return actions.zoom(moved(l, event.deltaX / (l.right - l.left) * span));
    actions.zoom(scaled(l, time(place(event)), Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200)))));
  }, { passive: false });

  box.addEventListener('keydown', (event) => {
    const l = view.layout;
    if (!l || event.target !== box || event.altKey || event.ctrlKey || event.metaKey) return;
    const middle = (l.from + l.to) / 2;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => (event.shiftKey ? actions.zoom(moved(l, (l.to - l.from) / 10)) : actions.walk(1)),
      ArrowLeft: () => (event.shiftKey ? actions.zoom(moved(l, (l.from - l.to) / 10)) : actions.walk(-1)),
      Home: () => actions.walk(-Infinity),
      End: () => actions.walk(Infinity),
      Enter: actions.enter,
      Escape: actions.leave,
      '+': () => actions.zoom(scaled(l, middle, 0.5)),
      '-': () => actions.zoom(scaled(l, middle, 2)),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** @typedef {{ from: number, to: number }} Stretch */

/** @param {Stretch} l @param {number} by @returns {Stretch} */
function moved(l, by) {
  return { from: l.from + by, to: l.to + by };
}

/** @param {Stretch} l @param {number} around @param {number} times @returns {Stretch} */
function scaled(l, around, times) {
  return { from: around - (around - l.from) * times, to: around + (l.to - around) * times };
}

/**
 * The event under a place, or the nearest within a finger's width.
 * @param {View} view
 * @param {number} x
 * @returns {number | null}
 */
function eventAt(view, x) {
  const l = view.layout;
  if (!l) return null;
  const at = (/** @type {number} */ t) => l.left + (t - l.from) / (l.to - l.from) * (l.right - l.left);
  let best = null, least = 12;
  view.events.forEach((event, i) => {
    const distance = Math.max(at(event.start) - x, x - at(event.end), 0);
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
