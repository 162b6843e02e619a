// The one error that users of the package meet.

/**
 * What went wrong. `code` is stable: `parse`, `series`, `too-short`, `param`, `unknown-detector`, `weights`,
 * `numeric`, `draw`, `panic` from the engine; `fetch`, `source`, `engine`, `feed` from the page.
 */
export class WidgetError extends Error {
  /**
   * @param {string} code
   * @param {string} message what was wrong, and what would be right
   * @param {{ hint?: string, cause?: unknown, line?: number, needed?: number }} [more] `line` of the input, rows `needed`
   */
  constructor(code, message, { hint, cause, line, needed } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WidgetError';
    this.code = code;
    this.hint = hint;
    this.line = line;
    this.needed = needed;
  }

  /**
   * Any error as a WidgetError; an abort stays what it is.
   * @param {any} error
   * @returns {WidgetError}
   */
  static from(error) {
    if (error instanceof WidgetError || error?.name === 'AbortError') return error;
    return new WidgetError(error?.code?.length ? error.code : 'engine', String(error?.message ?? error), { cause: error });
  }
}

/** The error of a cancelled request, as `fetch` throws it. */
export function aborted() {
  return new DOMException('The request was cancelled.', 'AbortError');
}
