// The style sheet's colours as bytes for the chart.

/** @type {CanvasRenderingContext2D | null | undefined} */
let pixel;

/**
 * Four bytes (red, green, blue, alpha) of a computed CSS colour.
 * @param {string} css
 * @returns {number[]}
 */
export function rgba(css) {
  const plain = /^rgba?\(([\d.]+),\s*([\d.]+),\s*([\d.]+)(?:,\s*([\d.]+))?\)$/.exec(css);
  if (plain) return [Number(plain[1]), Number(plain[2]), Number(plain[3]), Math.round(255 * Number(plain[4] ?? 1))];
  // Any other notation (oklch, color, …): the canvas converts it.
  pixel ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  if (!pixel) return [0, 0, 0, 255];
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = css;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data];
}

/**
 * The chart's colours as an element's style sheet gives them.
 * @param {HTMLElement} probe an element of the widget that is used for nothing else
 * @param {string[]} names
 */
export function themeOf(probe, names) {
  // A swatch for each, so that the browser finds all of them at once.
  for (const name of names.slice(probe.children.length)) {
    const swatch = document.createElement('span');
    swatch.style.color = `var(--_${name}, transparent)`;
    probe.append(swatch);
  }
  return Uint8Array.from(Array.from(probe.children).flatMap((swatch) => rgba(getComputedStyle(swatch).color)));
}
