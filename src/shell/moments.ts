/** Moments as util-linux reads them: `--since "2 min ago"`. */

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:s|sec|secs|seconds?)$/, 1],
  [/^(?:m|min|mins|minutes?)$/, 60],
  [/^(?:h|hr|hours?)$/, 3600],
  [/^(?:d|days?)$/, 86_400],
  [/^(?:w|weeks?)$/, 604_800],
  [/^(?:ms|msec)$/, 0.001],
];

const DAY_MS = 86_400_000;
/** Days from today of the words that name one. */
const DAYS: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

/** Milliseconds of `5min 20s`; undefined: it is no span of time. */
function spanOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gy)];
  if (text === '' || parts.map(([all]) => all).join('') !== text) return undefined;
  let seconds = 0;
  for (const [, count, unit = ''] of parts) {
    const factor = unit === '' ? 1 : UNITS.find(([names]) => names.test(unit))?.[1];
    if (factor === undefined) return undefined;
    seconds += Number(count) * factor;
  }
  return seconds * 1000;
}

/** A moment in milliseconds since 1970; undefined: it is none. @param now the same of now */
export function momentOf(text: string, now: number): number | undefined {
  const given = text.trim().toLowerCase();
  if (given === 'now') return now;
  const days = DAYS[given];
  if (days !== undefined) return Math.floor(now / DAY_MS) * DAY_MS + days * DAY_MS;
  if (/^@\d+$/.test(given)) return Number(given.slice(1)) * 1000;
  const [, sign, span = '', ago] = /^([+-]?)(.*?)( ago)?$/.exec(given) ?? [];
  if (sign !== '' || ago !== undefined) {
    const ms = spanOf(span);
    return ms === undefined ? undefined : sign === '+' ? now + ms : now - ms;
  }
  const [, date, time] = /^(\d{4}-\d\d-\d\d)?[ t]?(\d\d:\d\d(?::\d\d)?)?$/.exec(given) ?? [];
  if (date === undefined && time === undefined) return undefined;
  const today = new Date(now).toISOString().slice(0, 10);
  const at = Date.parse(`${date ?? today}T${time ?? '00:00'}Z`);
  return Number.isNaN(at) ? undefined : at;
}
