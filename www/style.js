// Style sheets of the element, made by script, so that a page's policy need not allow styles.

/** One sheet of a text for all elements on a page. @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/** Gives a shadow root one more style sheet. @param {ShadowRoot} root @param {string} css */
export function adopt(root, css) {
  const sheet = sheets.get(css) ?? new CSSStyleSheet();
  if (!sheets.has(css)) sheet.replaceSync(css);
  sheets.set(css, sheet);
  root.adoptedStyleSheets.push(sheet);
}
