/** Signals of `AbortController`, as the modules of Node take them in explored programs. */

/** The part of a signal that is used here. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(name: string, listener: () => void, options?: object): void;
  removeEventListener(name: string, listener: () => void): void;
}

/** The error of what a signal has ended. */
export function aborted(signal: Signal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason }) as Error & {
    code: string;
  };
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}
