// The style sheet of the element.

// @ts-ignore The build hands in the text.
import css from './widget.css';

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The style sheet, one for all elements on a page; made by script, so that a page's policy need not allow styles. */
export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}
