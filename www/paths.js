// What the wasm has the page do, because calls from JavaScript cost half of what its own do. Places are x and y of each
// point. A loop for each kind of path: an engine calls the methods of one kind directly, those of several by name. No call
// after a loop in its function: the engine compiles the loop while it runs for the first time, and gives that up in each
// further picture at a call that it had not seen yet.

/**
 * Strokes a line.
 * @param {CanvasRenderingContext2D} context
 * @param {Int32Array} places
 */
export function polyline(context, places) {
  context.beginPath();
  context.moveTo(places[0], places[1]);
  follow(context, places);
  context.stroke();
}

/**
 * Fills a polygon.
 * @param {CanvasRenderingContext2D} context
 * @param {Int32Array} places
 */
export function polygon(context, places) {
  context.beginPath();
  context.moveTo(places[0], places[1]);
  follow(context, places);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {Int32Array} places */
function follow(context, places) {
  for (let i = 2; i < places.length; i += 2) context.lineTo(places[i], places[i + 1]);
}

/**
 * The path of a line.
 * @param {Int32Array} places
 */
export function pathOf(places) {
  const path = new Path2D();
  path.moveTo(places[0], places[1]);
  for (let i = 2; i < places.length; i += 2) path.lineTo(places[i], places[i + 1]);
  return path;
}
