// What hand and keyboard do to the chart: hover, drag to zoom, wheel, pinch, the overview's window, the limit, keys.
// It decides where, others decide what.

/** @typedef {import('./view.js').View} View */
/** @typedef {{ from: number, to: number }} Stretch */

/**
 * @typedef {object} Actions
 * @property {(row: number | null) => void} hover the row under the pointer
 * @property {(view: Stretch | null) => void} zoom
 * @property {(by: number) => void} walk to the next event, or the one before
 * @property {(by: number) => void} step to the next sample, or the one before
 * @property {(index: number) => void} pick an event
 * @property {(stretch: Stretch) => void} label
 * @property {() => boolean} labelling whether a drag labels
 * @property {(verdict: 'anomaly' | 'normal') => void} judge the chosen event
 * @property {(way: -1 | 1) => void} undo
 * @property {() => void} enter zoom to the chosen event
 * @property {() => void} leave back to all
 * @property {() => void} help
 * @property {(y: number) => void} limit the limit was moved to a height
 * @property {() => void} limited the hand left it
 * @property {(by: number) => void} sensitivity
 */

/** So far apart in CSS pixels, two places are a drag and not a click. */
const DRAG = 5;
/** So near to an edge of the overview's window, a drag moves that edge. */
const EDGE = 10;

/**
 * @param {{ chart: HTMLElement, brush: HTMLElement, limit: HTMLElement }} parts `chart`: the focusable box around the canvas
 * @param {View} view
 * @param {Actions} actions
 */
export function listen({ chart: box, brush, limit }, view, actions) {
  /** What a drag does from here on; null: nothing is held. @type {{ move: (x: number) => void, end: (x: number) => void } | null} */
  let held = null;
  /** Where each finger is. @type {Map<number, number>} */
  const fingers = new Map();
  const place = (/** @type {MouseEvent} */ event) => event.clientX - box.getBoundingClientRect().left;
  const height = (/** @type {MouseEvent} */ event) => event.clientY - box.getBoundingClientRect().top;
  /** Where things stand, with the stretch that is shown next: several gestures may come between two frames. */
  const layout = () => {
    const { layout, looking, columns } = view;
    return layout && { ...layout, ...(looking ?? { from: columns.at('time', 0), to: columns.at('time', columns.length - 1) }) };
  };
  const inside = (/** @type {number} */ x) => Math.min(Math.max(x, view.layout?.left ?? 0), view.layout?.right ?? 0);
  const time = (/** @type {number} */ x, l = layout()) => (l ? l.from + (inside(x) - l.left) / (l.right - l.left) * (l.to - l.from) : NaN);
  const stop = () => {
    held = null;
    brush.hidden = true;
  };

  /** Marks a stretch from here on; at its end it is zoomed to, or labelled. @param {number} from @param {boolean} label */
  const marking = (from, label) => ({
    move: (/** @type {number} */ x) => {
      const l = view.layout;
      if (!l || Math.abs(x - from) <= DRAG) return;
      const [a, b] = [inside(from), inside(x)].sort((p, q) => p - q);
      Object.assign(brush.style, { left: `${a}px`, width: `${b - a}px`, top: `${l.top}px`, height: `${l.stripBottom - l.top}px` });
      brush.classList.toggle('label', label);
      brush.hidden = false;
    },
    end: (/** @type {number} */ x) => {
      if (Math.abs(x - from) <= DRAG) {
        const hit = eventAt(view, x);
        if (hit !== null) actions.pick(hit);
        return;
      }
      const [a, b] = [time(from), time(x)].sort((p, q) => p - q);
      if (label) actions.label({ from: a, to: b });
      else actions.zoom({ from: a, to: b });
    },
  });

  /** Moves what is shown with the hand. @param {number} from */
  const panning = (from) => {
    const l = layout();
    return {
      move: (/** @type {number} */ x) => { if (l && view.looking) actions.zoom(moved(l, (from - x) / (l.right - l.left) * (l.to - l.from))); },
      end: () => {},
    };
  };

  /** Moves the overview's window, or one edge of it. @param {number} from */
  const windowing = (from) => {
    const l = layout(), { columns } = view;
    if (!l) return null;
    const [first, last] = [columns.at('time', 0), columns.at('time', columns.length - 1)];
    const whole = { ...l, from: first, to: last };
    const at = (/** @type {number} */ t) => l.left + (t - first) / (last - first) * (l.right - l.left);
    const start = { from: l.from, to: l.to };
    const near = [Math.abs(from - at(start.from)), Math.abs(from - at(start.to))];
    const grasp = !view.looking ? 'new' : near[0] < EDGE && near[0] <= near[1] ? 'from' : near[1] < EDGE ? 'to' : from > at(start.from) && from < at(start.to) ? 'move' : 'new';
    const move = (/** @type {number} */ x) => {
      if (Math.abs(x - from) <= DRAG) return;
      const now = time(x, whole), then = time(from, whole);
      if (grasp === 'move') actions.zoom(moved(start, now - then));
      else {
        const fixed = grasp === 'from' ? start.to : grasp === 'to' ? start.from : then;
        actions.zoom({ from: Math.min(fixed, now), to: Math.max(fixed, now) });
      }
    };
    const end = (/** @type {number} */ x) => {
      // A click outside of the window brings it there.
      if (Math.abs(x - from) <= DRAG && view.looking && grasp === 'new') actions.zoom(moved(start, time(x, whole) - (start.from + start.to) / 2));
    };
    return { move, end };
  };

  box.addEventListener('pointerdown', (event) => {
    const l = view.layout;
    if (event.button !== 0 || !l) return;
    const x = place(event), y = height(event);
    box.setPointerCapture(event.pointerId);
    if (event.pointerType === 'touch') fingers.set(event.pointerId, x);
    if (fingers.size === 2) return stop();
    if (y >= l.overviewTop && l.overviewBottom > l.overviewTop) held = windowing(x);
    else if (y > l.bottom && y < l.stripTop - 8) held = panning(x);
    else if (Math.abs(y - l.limit) < 6 && y > l.stripTop - 6) grasp(event);
    else held = marking(x, event.shiftKey || actions.labelling());
  });
  box.addEventListener('pointermove', (event) => {
    const l = view.layout;
    if (!l) return;
    const x = place(event), y = height(event);
    if (fingers.size === 2 && fingers.has(event.pointerId)) return pinch(event.pointerId, x);
    held?.move(x);
    const shown = x >= l.left && x <= l.right && y < l.overviewTop;
    box.style.cursor = held ? '' : y >= l.overviewTop || (y > l.bottom && y < l.stripTop - 8 && view.looking) ? 'grab' : Math.abs(y - l.limit) < 6 ? 'ns-resize' : '';
    actions.hover(!held && shown ? view.columns.nearest(time(x)) : null);
  });
  box.addEventListener('pointerup', (event) => {
    fingers.delete(event.pointerId);
    const now = held;
    stop();
    now?.end(place(event));
  });
  box.addEventListener('pointercancel', (event) => {
    fingers.delete(event.pointerId);
    stop();
  });
  box.addEventListener('pointerleave', () => actions.hover(null));
  box.addEventListener('dblclick', () => actions.leave());

  /** What was between two fingers stays between them. @param {number} id @param {number} x */
  const pinch = (id, x) => {
    const l = layout();
    const other = [...fingers].find(([finger]) => finger !== id)?.[1];
    const before = fingers.get(id);
    if (!l || other === undefined || before === undefined || Math.abs(before - other) < 1 || Math.abs(x - other) < 12) return;
    const fixed = time(other);
    actions.zoom(scaled(l, fixed, Math.abs(before - other) / Math.abs(x - other)));
    fingers.set(id, x);
  };

  box.addEventListener('wheel', (event) => {
    const l = layout();
    // A wheel over a chart that nobody works with scrolls the page.
    if (!l || !(event.ctrlKey || event.metaKey || box.matches(':focus-within'))) return;
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways && !view.looking) return;
    event.preventDefault();
    const span = l.to - l.from;
    if (sideways) return actions.zoom(moved(l, (event.deltaX || event.deltaY) / (l.right - l.left) * span));
    actions.zoom(scaled(l, time(place(event)), Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200)))));
  }, { passive: false });

  // ------------------------------------------------------------------------------------------ the limit

  /** Follows the pointer until it is let go. @param {PointerEvent} event */
  const grasp = (event) => {
    const target = /** @type {HTMLElement} */ (event.currentTarget);
    const move = (/** @type {PointerEvent} */ next) => actions.limit(height(next));
    target.setPointerCapture(event.pointerId);
    target.addEventListener('pointermove', move);
    const end = () => {
      target.removeEventListener('pointermove', move);
      actions.limited();
    };
    for (const type of ['pointerup', 'pointercancel']) target.addEventListener(type, end, { once: true });
  };
  limit.addEventListener('pointerdown', (event) => { if (event.button === 0) grasp(event); });
  limit.addEventListener('keydown', (event) => {
    const by = { ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, PageUp: -10, PageDown: 10, Home: -100, End: 100 }[event.key];
    if (!by) return;
    event.preventDefault();
    actions.sensitivity(by);
  });

  box.addEventListener('keydown', (event) => {
    const l = layout();
    if (!l || event.target !== box || event.altKey) return;
    const middle = (l.from + l.to) / 2, control = event.ctrlKey || event.metaKey;
    /** @type {Record<string, () => void>} */
    const keys = control ? {
      ArrowRight: () => actions.step(20),
      ArrowLeft: () => actions.step(-20),
      z: () => actions.undo(event.shiftKey ? 1 : -1),
      y: () => actions.undo(1),
    } : {
      ArrowRight: () => (event.shiftKey ? actions.zoom(moved(l, (l.to - l.from) / 10)) : actions.step(1)),
      ArrowLeft: () => (event.shiftKey ? actions.zoom(moved(l, (l.from - l.to) / 10)) : actions.step(-1)),
      Home: () => actions.step(-Infinity),
      End: () => actions.step(Infinity),
      n: () => actions.walk(1),
      p: () => actions.walk(-1),
      PageDown: () => actions.walk(1),
      PageUp: () => actions.walk(-1),
      c: () => actions.judge('anomaly'),
      d: () => actions.judge('normal'),
      Enter: actions.enter,
      Escape: actions.leave,
      '?': actions.help,
      '+': () => actions.zoom(scaled(l, middle, 0.5)),
      '=': () => actions.zoom(scaled(l, middle, 0.5)),
      '-': () => actions.zoom(scaled(l, middle, 2)),
    };
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

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
