/** `Date`, `performance`, `Intl` and `Temporal` in the virtual time of an execution. */

import { PURE, type Marked } from './keys.js';

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

const hasInstance = Function.prototype[Symbol.hasInstance] as (
  this: unknown,
  value: unknown,
) => boolean;

/** A `Date` whose present is `now()`. Dates that were cloned are among its instances. */
export function dateClass(now: () => number): unknown {
  const made = function (this: unknown, ...args: unknown[]): unknown {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- `Date()` makes text
    if (new.target === undefined) return new Date(now()).toString();
    return Reflect.construct(Date, args.length === 0 ? [now()] : args, new.target) as unknown;
  };
  const { parse, UTC } = Date;
  const methods = { now: pure(() => now()), parse, UTC };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(made, name, { value, writable: true, configurable: true });
  }
  const prototype = Object.create(Date.prototype) as object;
  Object.defineProperty(prototype, 'constructor', {
    value: made,
    writable: true,
    configurable: true,
  });
  Object.defineProperties(made, {
    name: { value: 'Date' },
    length: { value: 7 },
    prototype: { value: prototype, writable: false },
    [Symbol.hasInstance]: {
      value(this: unknown, value: unknown): boolean {
        const isOurs = this === made;
        return isOurs ? value instanceof Date : hasInstance.call(this, value);
      },
    },
  });
  return pure(made);
}

/** What `performance` is, with `now()` in ms since the execution began. */
export function performanceObject(now: () => number, epoch: number): Record<string, unknown> {
  const entry = (entryType: string, name: unknown, from: number, to: number): object => ({
    name: String(name),
    entryType,
    startTime: from,
    duration: to - from,
    detail: null,
  });
  const nothing = pure(() => undefined);
  const none = pure(() => []);
  const idle = pure(() => ({ idle: 0, active: 0, utilization: 0 }));
  return {
    now: pure(() => now()),
    timeOrigin: epoch,
    mark: pure((name: unknown) => entry('mark', name, now(), now())),
    measure: pure((name: unknown) => entry('measure', name, 0, now())),
    ...{ clearMarks: nothing, clearMeasures: nothing, clearResourceTimings: nothing },
    ...{ getEntries: none, getEntriesByName: none, getEntriesByType: none },
    eventLoopUtilization: idle,
    toJSON: pure(() => ({ timeOrigin: epoch, eventLoopUtilization: idle() })),
  };
}

/** `Intl`, whose formats show the present if they are given no date. */
export function intlObject(now: () => number): object {
  const format = class extends Intl.DateTimeFormat {
    override formatToParts(date?: number | Date): Intl.DateTimeFormatPart[] {
      return super.formatToParts(date ?? now());
    }
  };
  Object.defineProperty(format, 'name', { value: 'DateTimeFormat' });
  const native = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
  Object.defineProperty(format.prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const bound = native?.get?.call(this) as (date: number | Date) => string;
      return pure((date?: number | Date) => bound(date ?? now()));
    },
  });
  for (const f of [format, format.prototype.formatToParts]) pure(f);
  const callable = new Proxy(format, {
    apply: (made, _, given) => Reflect.construct(made, given) as unknown,
  });
  return Object.create(Intl, {
    DateTimeFormat: { value: callable, writable: true, configurable: true },
  }) as object;
}

interface Instant {
  toZonedDateTimeISO(zone: unknown): Record<string, () => unknown>;
}

/** `Temporal`, where the Node at hand has it. */
export function temporalObject(now: () => number): object | undefined {
  const native = (globalThis as { Temporal?: Record<string, Record<string, unknown>> }).Temporal;
  if (native === undefined) return undefined;
  const { Instant, Now = {} } = native;
  const timeZoneId = Now['timeZoneId'] as () => string;
  const instant = (): Instant =>
    (Instant?.['fromEpochMilliseconds'] as (ms: number) => Instant)(now());
  const zoned = (zone?: unknown): Record<string, () => unknown> =>
    instant().toZonedDateTimeISO(zone ?? timeZoneId());
  const of = (method: string): unknown => pure((zone?: unknown) => zoned(zone)[method]?.());
  const present = {
    ...{ timeZoneId: pure(timeZoneId), instant: pure(instant), zonedDateTimeISO: pure(zoned) },
    plainDateTimeISO: of('toPlainDateTime'),
    plainDateISO: of('toPlainDate'),
    plainTimeISO: of('toPlainTime'),
  };
  return Object.create(native, {
    Now: { value: present, writable: true, configurable: true },
  }) as object;
}
