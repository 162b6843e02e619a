// Numbers, times and spans of time as the reader writes them.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** @type {[number, string][]} */
const UNITS = [[365.25 * DAY, 'year'], [DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute'], [SECOND, 'second'], [1, 'millisecond']];

/** Formats for one reader; made anew when locale or time zone change. */
export class Format {
  /** @type {Map<string, Intl.DateTimeFormat>} */
  #times = new Map();

  /**
   * @param {string | undefined} locale
   * @param {string} timeZone
   */
  constructor(locale, timeZone) {
    this.locale = locale;
    this.timeZone = timeZone;
    this.#number = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
    this.#large = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 4 });
    this.#whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.#tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.decimal = this.#tenths.formatToParts(0.5).find((part) => part.type === 'decimal')?.value ?? '.';
  }
  #number; #large; #whole; #tenths;

  /** Formats of other kinds, each made when it is first needed. @type {Map<string, Intl.NumberFormat>} */
  #others = new Map();

  /** @param {Intl.NumberFormatOptions} options @param {number} value */
  #other(options, value) {
    const key = Object.values(options).join();
    let format = this.#others.get(key);
    if (!format) this.#others.set(key, format = new Intl.NumberFormat(this.locale, options));
    return format.format(value);
  }

  /** A value of the series. @param {number} value */
  value(value) {
    return (Math.abs(value) >= 1e4 ? this.#large : this.#number).format(value);
  }

  /** A count. @param {number} n */
  whole(n) {
    return this.#whole.format(n);
  }

  /** A score or a severity. @param {number} value */
  tenths(value) {
    return (Math.abs(value) >= 1e4 ? this.#large : Math.abs(value) >= 100 ? this.#whole : this.#tenths).format(value);
  }

  /** A part of 1. @param {number} part */
  percent(part) {
    return this.#other({ style: 'percent', maximumFractionDigits: part < 0.1 ? 1 : 0 }, part);
  }

  /** A span of time in its largest unit: "31.5 hr". @param {number} ms */
  span(ms) {
    const [size, unit] = UNITS.find(([size]) => ms >= size) ?? [1, 'millisecond'];
    return this.#other({ style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: ms / size < 100 ? 1 : 0 }, ms / size);
  }

  /** A moment with its date; seconds only where the step needs them. @param {number} ms @param {number} step */
  moment(ms, step) {
    return this.#time(ms, step >= DAY
      ? { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' }
      : { weekday: 'short', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', ...(step < MINUTE && { second: '2-digit' }) });
  }

  /**
   * A tick of the time axis: the coarser unit where a new one begins.
   * @param {number} ms
   * @param {number} unit milliseconds of the unit that the axis steps in, as `Chart.ticks` gives it
   */
  tick(ms, unit) {
    if (unit > 40 * DAY) return this.#time(ms, { year: 'numeric' });
    const local = new Date(ms + offsetAt(ms, this.timeZone));
    const midnight = local.getTime() % DAY === 0;
    if (unit > DAY) return this.#time(ms, local.getUTCMonth() === 0 ? { year: 'numeric' } : { month: 'short' });
    if (unit === DAY || midnight) return this.#time(ms, { month: 'short', day: 'numeric' });
    if (unit >= MINUTE) return this.#time(ms, { hour: '2-digit', minute: '2-digit' });
    if (unit >= SECOND) return this.#time(ms, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    return this.#time(ms, { minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
  }

  /** @param {number} ms @param {Intl.DateTimeFormatOptions} options */
  #time(ms, options) {
    const key = JSON.stringify(options);
    let format = this.#times.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.timeZone, ...(options.hour && { hourCycle: 'h23' }) });
      this.#times.set(key, format);
    }
    return format.format(ms);
  }
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/**
 * What a time zone adds to UTC at a moment, in milliseconds.
 * @param {number} ms
 * @param {string} timeZone
 */
export function offsetAt(ms, timeZone) {
  if (timeZone === 'UTC') return 0;
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    clocks.set(timeZone, clock);
  }
  const whole = Math.floor(ms / SECOND) * SECOND;
  const part = Object.fromEntries(clock.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - whole;
}

/**
 * The offsets of a time zone over a stretch of time, as pairs of a moment and what holds from it on.
 * @param {number} from
 * @param {number} to
 * @param {string} timeZone
 */
export function offsets(from, to, timeZone) {
  const pairs = [from, offsetAt(from, timeZone)];
  if (timeZone === 'UTC') return Float64Array.from(pairs);
  const step = Math.max(28 * DAY, (to - from) / 500);
  for (let low = from; low < to; low += step) {
    let early = low, late = Math.min(low + step, to);
    const before = offsetAt(early, timeZone), after = offsetAt(late, timeZone);
    if (before === after) continue;
    while (late - early > MINUTE) {
      const middle = Math.floor((early + late) / 2);
      if (offsetAt(middle, timeZone) === before) early = middle;
      else late = middle;
    }
    pairs.push(Math.round(late / MINUTE) * MINUTE, after);
  }
  return Float64Array.from(pairs);
}
