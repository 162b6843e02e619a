// One connection to a feed: a WebSocket, or server-sent events. It opens once, hands over frames, and ends once.

/**
 * @typedef {object} Hooks
 * @property {() => void} open
 * @property {() => void} alive something came, be it no frame
 * @property {(frame: string | Uint8Array) => void} frame
 * @property {(end: End) => void} ended
 * @typedef {'again' | 'closed' | 'failed'} End whether another try can help, or the sender has finished
 * @typedef {{ close: () => void }} Line
 * @typedef {{ protocols?: string[] | string, subscribe?: string | (() => string), Socket?: typeof WebSocket, fetch?: typeof fetch }} LineOptions
 */

/** Close codes after which trying again cannot help. */
const FINAL = [1002, 1003, 1007, 1008, 1010];
/** What ended a connection is told by its end. */
const ignore = () => {};

/**
 * @param {string | WebSocket} target
 * @param {LineOptions} options
 * @param {Hooks} hooks
 * @returns {Line}
 */
export function socketLine(target, { protocols, subscribe, Socket = globalThis.WebSocket }, hooks) {
  const socket = typeof target === 'string' ? new Socket(target, protocols) : target;
  socket.binaryType = 'arraybuffer';
  const opened = () => {
    if (subscribe !== undefined) socket.send(typeof subscribe === 'function' ? subscribe() : subscribe);
    hooks.open();
  };
  socket.onmessage = ({ data }) => hooks.frame(typeof data === 'string' ? data : new Uint8Array(data));
  socket.onerror = ignore;
  socket.onclose = ({ code }) => hooks.ended(code === 1000 ? 'closed' : FINAL.includes(code) ? 'failed' : 'again');
  if (socket.readyState === 1) opened();
  else if (socket.readyState > 1) queueMicrotask(() => hooks.ended('again'));
  else socket.onopen = opened;
  return {
    close: () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    },
  };
}

/**
 * An event source that the page has made: it reconnects by itself, with the last event's id.
 * @param {EventSource} source
 * @param {Hooks} hooks
 * @returns {Line}
 */
export function sourceLine(source, hooks) {
  source.onopen = hooks.open;
  source.onmessage = ({ data }) => hooks.frame(data);
  source.onerror = () => { if (source.readyState === 2) hooks.ended('again'); };
  if (source.readyState === 1) queueMicrotask(hooks.open);
  return {
    close: () => {
      source.onopen = source.onmessage = source.onerror = null;
      source.close();
    },
  };
}

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it says why it ended, and waits as long as it is told.
 * @param {string} url
 * @param {{ id: string, retry?: number }} last what the events so far said; kept up to date
 * @param {LineOptions} options
 * @param {Hooks} hooks
 * @returns {Line}
 */
export function eventLine(url, last, { fetch: get = globalThis.fetch }, hooks) {
  const control = new AbortController();
  const read = async () => {
    const headers = { Accept: 'text/event-stream', ...(last.id && { 'Last-Event-ID': last.id }) };
    const response = await get(url, { headers, cache: 'no-store', signal: control.signal });
    const { status, ok, body } = response;
    const kind = response.headers.get('Content-Type') ?? '';
    if (status === 204) return 'closed';
    if (!ok || !body || !kind.startsWith('text/event-stream')) {
      await body?.cancel();
      // Busy, too many, too early, or a fault of the server: that may pass.
      return status >= 500 || [408, 425, 429].includes(status) ? 'again' : 'failed';
    }
    hooks.open();
    const events = eventsOf(last, hooks);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) events(part.value);
    return 'again';
  };
  read().catch(() => /** @type {const} */ ('again')).then((end) => { if (!control.signal.aborted) hooks.ended(/** @type {End} */ (end)); });
  return { close: () => control.abort() };
}

/**
 * Reads the text of an event stream, in any pieces.
 * @param {{ id: string, retry?: number }} last
 * @param {Pick<Hooks, 'frame' | 'alive'>} hooks
 * @returns {(text: string) => void}
 */
export function eventsOf(last, hooks) {
  let rest = '', id = last.id;
  /** @type {string[]} */
  let data = [];
  /** @param {string} line */
  const field = (line) => {
    if (line === '') {
      last.id = id;
      if (data.length) hooks.frame(data.join('\n'));
      data = [];
      return;
    }
    const at = line.indexOf(':');
    const name = at < 0 ? line : line.slice(0, at), value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) last.retry = Number(value);
  };
  return (text) => {
    hooks.alive();
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = /** @type {string} */ (lines.pop());
    lines.forEach(field);
  };
}
