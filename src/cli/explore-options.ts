/** Parsing and checking of the option values that several commands share. */

import { InvalidArgumentError } from 'commander';
import { SITE_COUNT } from '../memory/sites.js';

/** A whole number from `least`, for instance 12. */
export function integerFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`accepted is a whole number from ${least}`);
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration such as `500ms`, `60s`, `2m` or `1h`, in milliseconds. */
export function duration(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined) {
    throw new InvalidArgumentError('accepted is a duration such as 500ms, 60s, 2m or 1h');
  }
  return Number(amount) * (UNITS[unit] ?? 1000);
}

/** Ordering sites such as `O-01,O-04`. */
export function sites(text: string): number[] {
  return text.split(',').map((part) => {
    const n = Number(/^O-?(\d{1,2})$/i.exec(part.trim())?.[1]);
    if (n >= 1 && n <= SITE_COUNT) return n;
    throw new InvalidArgumentError(`accepted are sites such as O-01,O-04, up to O-${SITE_COUNT}`);
  });
}
