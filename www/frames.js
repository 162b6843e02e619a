// One frame for all charts of a page: what waits is drawn, as much of it as leaves the page responsive.

/**
 * @typedef {object} Picture
 * @property {() => boolean} ready whether it can be drawn in this frame; if not, it asks again
 * @property {() => void} draw
 * @property {() => void} drawn what follows from it for the page
 */

/** Milliseconds of drawing in a frame after which no other picture is begun. */
const ENOUGH = 5;
/** @type {Set<Picture>} */
const waiting = new Set();
let asked = 0;
/** The frame that was last drawn in, and the milliseconds of it. @type {unknown} */
let last;
let spent = 0;

/** Draws in the next frame, or one soon after. @param {Picture} picture */
export function draw(picture) {
  waiting.add(picture);
  asked ||= requestAnimationFrame(frame);
}

/** Draws in this frame, if it has room for it. @param {Picture} picture */
export function drawAtOnce(picture) {
  if (enough()) return draw(picture);
  waiting.delete(picture);
  attempt(picture.draw);
  attempt(picture.drawn);
}

/** @param {Picture} picture that is not to be drawn after all */
export function forget(picture) {
  waiting.delete(picture);
}

function frame() {
  asked = 0;
  /** @type {Picture[]} */
  const done = [];
  for (const picture of waiting) {
    if (enough()) break;
    waiting.delete(picture);
    if (!picture.ready()) continue;
    done.push(picture);
    attempt(picture.draw);
  }
  // After all of them: each drawing reads styles, which the browser would have to find anew after each change of the page.
  for (const picture of done) attempt(picture.drawn);
  if (waiting.size) asked ||= requestAnimationFrame(frame);
}

function enough() {
  const now = document.timeline.currentTime;
  if (now !== last) [last, spent] = [now, 0];
  return spent > ENOUGH;
}

/** What fails in one picture keeps no other from being drawn. @param {() => void} work */
function attempt(work) {
  const from = performance.now();
  try {
    work();
  } catch (error) {
    reportError(error);
  }
  spent += performance.now() - from;
}
