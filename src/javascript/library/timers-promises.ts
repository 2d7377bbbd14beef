/** Stands for `node:timers/promises` in explored programs. */

import { aborted, type Signal } from './abort.js';
import { host } from './host.js';

/** Options of these timers. */
export interface Options {
  readonly ref?: boolean;
  readonly signal?: Signal;
}
type Start = (f: () => void, delay?: number) => { unref(): void; close?: () => void };

function after(
  start: Start,
  delay: number | undefined,
  value: unknown,
  options: Options = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { signal, ref } = options;
    if (signal?.aborted === true) {
      reject(aborted(signal));
      return;
    }
    const timer = start(() => {
      resolve(value);
    }, delay);
    if (ref === false) timer.unref();
    signal?.addEventListener('abort', () => {
      timer.close?.();
      reject(aborted(signal));
    });
  });
}

export function setTimeout(delay?: number, value?: unknown, options?: Options): Promise<unknown> {
  return after(host.globals['setTimeout'] as Start, delay, value, options);
}
export function setImmediate(value?: unknown, options?: Options): Promise<unknown> {
  return after(host.globals['setImmediate'] as Start, undefined, value, options);
}
export function setInterval(): never {
  throw new Error('setInterval() of timers/promises is not available in the explorer');
}
export const scheduler = {
  wait: (delay: number, options?: Options): Promise<unknown> =>
    setTimeout(delay, undefined, options),
  yield: (): Promise<unknown> => setImmediate(),
};

export default { setTimeout, setImmediate, setInterval, scheduler };
