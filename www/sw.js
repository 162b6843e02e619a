// Keeps the demo usable without a network: what was loaded once is kept, and given when the network has no answer.

const KEPT = 'anomaly-widget-demo';
const first = ['./', 'style.css', 'demo.js', 'icon.svg', 'data/index.json', '/pkg/define.js', '/pkg/anomaly-widget.js', '/pkg/reader.js', '/pkg/stream.js', '/pkg/more.js', '/pkg/worker.js', '/pkg/anomaly_widget_bg.wasm'];

/** @typedef {{ waitUntil: (work: Promise<unknown>) => void, respondWith: (answer: Promise<Response>) => void, request: Request }} WorkerEvent */
const worker = /** @type {{ skipWaiting: () => Promise<void>, clients: { claim: () => Promise<void> }, addEventListener: (type: string, does: (event: WorkerEvent) => void) => void }} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', (event) => event.waitUntil(fill().then(() => worker.skipWaiting())));
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});

async function fill() {
  const kept = await caches.open(KEPT);
  await kept.addAll(first);
  /** @type {{ file: string }[]} */
  const series = await (await kept.match('data/index.json'))?.json() ?? [];
  await kept.addAll(series.map(({ file }) => `data/${file}`));
}

/** @param {Request} request */
async function answer(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(request, { ignoreSearch: request.mode === 'navigate' });
    if (known) return known;
    throw error;
  }
}
