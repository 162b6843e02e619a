// Other detectors on the same rows: each gives a lane of severities, 1 at its own limit, so that lanes can be compared
// although scores cannot. Over the limit it is that of the event.

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./report.js').Findings} Findings */
/** @typedef {{ name: string, severity: Float64Array }} Lane one severity a row; NaN: not scored */

/**
 * @typedef {object} Line a detector on its way
 * @property {string} name
 * @property {Session} session
 * @property {Findings} findings
 * @property {Promise<void>} busy
 * @property {Promise<import('./continuation.js').Continuation> | null} more what follows its rows
 * @property {string} error
 */

export class Compare {
  /** @type {Line[]} */
  #lines = [];

  /**
   * @param {(listener: import('./session.js').Listener) => { session: Session, findings: Findings }} open a series of its own
   * @param {(session: Session) => Promise<import('./continuation.js').Continuation>} go on with it
   * @param {() => void} changed told when lanes are other than before
   */
  constructor(open, go, changed) {
    this.open = open;
    this.go = go;
    this.changed = changed;
  }

  /**
   * Scores these rows with these detectors, one after the other; lanes appear as they come.
   * @param {string[]} names
   * @param {{ time: Float64Array, value: Float64Array }} rows
   * @param {import('./session.js').Settings} settings
   * @param {number} capacity
   */
  async run(names, rows, settings, capacity) {
    this.end();
    const lines = this.#lines = names.map((name) => this.#line(name, capacity));
    this.changed();
    for (const line of lines) {
      if (lines !== this.#lines) return;
      line.busy = line.session.load(rows, { ...settings, params: undefined, detector: line.name }, {}).catch((error) => {
        if (error.name !== 'AbortError') line.error = error.message;
        this.changed();
      });
      await line.busy;
    }
  }

  /** @param {string} name @param {number} capacity @returns {Line} */
  #line(name, capacity) {
    const { session, findings } = this.open({
      progress: () => {}, collecting: () => {}, columns: () => findings.columns,
      part: (part, fresh) => { findings.take(part, fresh ? Infinity : capacity); this.changed(); },
      decided: (decision) => { findings.decide(decision); this.changed(); },
    });
    session.capacity = capacity;
    return { name, session, findings, busy: Promise.resolve(), more: null, error: '' };
  }

  /** Scores the rows that came since. @param {import('./columns.js').Columns} columns */
  follow(columns) {
    for (const line of this.#lines) {
      const { findings, session, error } = line;
      const known = findings.columns.at('time', findings.columns.length - 1);
      if (error || Number.isNaN(known)) continue;
      const from = columns.nearest(known) + 1;
      const [time, value] = [columns.get('time')?.slice(from), columns.get('value')?.slice(from)];
      if (!time?.length || !value) continue;
      line.more ??= this.go(session);
      line.more.then((rows) => rows.append({ time, value }, {}, {})).catch(() => {});
    }
  }

  /** Decides all lanes anew. @param {string} threshold @param {number} sensitivity */
  decide(threshold, sensitivity) {
    for (const { session } of this.#lines) session.decide(threshold, sensitivity).catch(() => {});
  }

  /** The lanes, as long as the rows of the chart. @param {number} rows @returns {Lane[]} */
  lanes(rows) {
    return this.#lines.map(({ name, findings: { columns, events, ordinary } }) => {
      const severity = new Float64Array(rows).fill(NaN);
      const [scores, limits] = [columns.get('scores'), columns.get('limits')];
      for (let i = 0; scores && limits && i < Math.min(rows, scores.length); i += 1) severity[i] = (scores[i] - ordinary) / (limits[i] - ordinary);
      for (const event of events) {
        const [first, end] = [event.startIndex, event.endIndex].map((index) => Math.max(index - columns.base, 0));
        for (let i = first; i < Math.min(end, rows); i += 1) if (severity[i] >= 1) severity[i] = event.severity;
      }
      return { name, severity };
    });
  }

  /** What went wrong, a sentence a detector. */
  get errors() {
    return this.#lines.filter((line) => line.error).map((line) => `${line.name}: ${line.error}`);
  }

  /** Gives up, and frees what the worker holds. */
  end() {
    for (const { session, busy } of this.#lines) {
      session.clear();
      busy.then(() => session.close()).catch(() => {});
    }
    this.#lines = [];
  }
}
