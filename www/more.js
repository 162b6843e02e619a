// What is needed seldom or late: a file of its own in the package, loaded when it is first asked for.

export { closeUp } from './closeup.js';
export { Compare } from './compare.js';
export { ko } from './ko.js';
export { openMenu } from './menu.js';
export { model } from './models.js';
export { pictureOf } from './picture.js';
export { writeTable } from './table.js';
