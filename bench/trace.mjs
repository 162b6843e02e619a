// What a page's thread does, task by task, as the browser's own trace tells it.

/** @typedef {{ name: string, pid: number, tid: number, ts: number, dur?: number, tdur?: number }} Event in microseconds */

/**
 * Traces from now on.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<() => Promise<Event[]>>} ends it
 */
export async function trace(page) {
  const session = await page.context().newCDPSession(page);
  /** @type {Event[]} */
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => { for (const event of value) events.push(/** @type {any} */ (event)); });
  await session.send('Tracing.start', { categories: 'toplevel,blink.user_timing', transferMode: 'ReportEvents' });
  return async () => {
    const ended = new Promise((end) => session.once('Tracing.tracingComplete', end));
    await session.send('Tracing.end');
    await ended;
    await session.detach();
    return events;
  };
}

/**
 * The marks of a name that the page has set, and the tasks of the thread that set them, both in order.
 * @param {Event[]} events
 * @param {string} name
 */
export function marked(events, name) {
  const inOrder = events.toSorted((a, b) => a.ts - b.ts);
  const marks = inOrder.filter((event) => event.name === name);
  const { pid, tid } = marks[0];
  const tasks = inOrder.filter((event) => event.pid === pid && event.tid === tid && event.name === 'ThreadControllerImpl::RunTask');
  return { marks, tasks };
}
