/** When a campaign has run long enough: at a moment, or when something has been counted. */

import type { Rule } from '../options/rules.js';

/** The end of a campaign that is not complete by then. */
export type Until =
  | { readonly kind: 'moment'; readonly atMs: number }
  | { readonly kind: 'executions' | 'findings'; readonly count: number };

/** Longest time that a timer can hold, in ms. */
const LONGEST_MS = 2 ** 31 - 1;
const MOST = 1e12;

/** The next time that a clock on the wall shows `hours:minutes`, in ms since 1970. */
function nextTime(hours: number, minutes: number, nowMs: number): number {
  const at = new Date(nowMs);
  at.setHours(hours, minutes, 0, 0);
  if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** A moment to come; undefined: it is none, has passed, or is further away than a timer can hold. */
function momentOf(text: string, nowMs: number): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (minutes !== undefined) return nextTime(Number(hours), Number(minutes), nowMs);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return atMs > nowMs && atMs - nowMs <= LONGEST_MS ? atMs : undefined;
}

/**
 * `06:30`, `2026-11-30T06:30`, `executions=1000000` or `findings=1`.
 *
 * @param nowMs what counts as now, in ms since 1970
 */
export function parseUntil(text: string, nowMs: number): Until | undefined {
  const [, kind, digits] = /^(executions|findings)=(\d{1,13})$/.exec(text) ?? [];
  if (kind !== undefined) {
    const count = Number(digits);
    return count >= 1 && count <= MOST
      ? { kind: kind as 'executions' | 'findings', count }
      : undefined;
  }
  const atMs = momentOf(text, nowMs);
  return atMs === undefined ? undefined : { kind: 'moment', atMs };
}

/** The option, kept as text. */
export const until: Rule<string> = {
  accepts:
    'a time of day such as 06:30, a moment of the next 24 days such as 2026-11-30T06:30, or a count such as executions=1000000 or findings=1',
  parse: (text) => (parseUntil(text, Date.now()) === undefined ? undefined : text),
  check: (value) => (typeof value === 'string' ? until.parse(value) : undefined),
};
