// One frame for all charts of a page: what waits is drawn, as much of it as leaves the page responsive.

/**
 * @typedef {object} Picture
 * @property {() => void} draw
 * @property {() => void} drawn what follows from it for the page
 */

/** Milliseconds of a frame after which no other picture is begun. */
const ENOUGH = 12;
/** @type {Set<Picture>} */
const waiting = new Set();
let asked = 0;

/** Draws in the next frame, or one soon after. @param {Picture} picture */
export function draw(picture) {
  waiting.add(picture);
  asked ||= requestAnimationFrame(frame);
}

/** @param {Picture} picture that is not to be drawn after all */
export function forget(picture) {
  waiting.delete(picture);
}

function frame() {
  asked = 0;
  const from = performance.now();
  /** @type {Picture[]} */
  const done = [];
  for (const picture of waiting) {
    if (performance.now() - from > ENOUGH) break;
    waiting.delete(picture);
    done.push(picture);
    attempt(picture.draw);
  }
  // After all of them: each drawing reads styles, which the browser would have to find anew after each change of the page.
  for (const picture of done) attempt(picture.drawn);
  if (waiting.size) asked ||= requestAnimationFrame(frame);
}

/** What fails in one picture keeps no other from being drawn. @param {() => void} work */
function attempt(work) {
  try {
    work();
  } catch (error) {
    reportError(error);
  }
}
