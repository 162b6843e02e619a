// `npm start`: sets up what is missing, builds what has changed, serves the demo, prints its address.

import { build } from './build.mjs';
import { setUp } from './setup.mjs';

/** @param {string[]} args the dev server's, e.g. `--port 9000` */
export async function main(args) {
  await setUp(['modules', 'wasm']);
  await build();
  // Not imported at the top: it needs node_modules.
  const { main: serve } = await import('../www/dev-server.mjs');
  await serve(args);
}
