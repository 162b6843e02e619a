// The part of the widget that continues a series: a file of its own in the package, loaded with the first row that
// follows, the first feed, or an engine without an element.

export { Continuation } from './continuation.js';
export { Ledger } from './ledger.js';
export { Live } from './live.js';
export { Engine } from './watch.js';
export { streamWords as words } from './words.js';
