// The part of the widget that reads the findings: a file of its own in the package, loaded with the first series.

// @ts-ignore The build hands in the text.
import css from './reader.css';

export { Desk } from './desk.js';
export { fileOf } from './files.js';
export { readerWords as words } from './words.js';
export { css };
