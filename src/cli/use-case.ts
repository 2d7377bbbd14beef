/** Runs a use case for a command: with a progress bar, until Ctrl-C, and prints whatever it has in the end. */

import type { Watching } from '../campaign/progress.js';
import { Interrupted, partialResult } from '../errors.js';
import { interruptible } from './interrupt.js';
import { emit } from './output.js';
import { startProgress, type Progress } from './progress.js';

/** How a command shows its use case. */
export interface Shown<R> {
  /** What is going on, in a word. */
  readonly label: string;
  /** Value of `--json`. */
  readonly json: boolean | undefined;
  /** The text form. */
  readonly text: (result: R) => string;
  /** The JSON form. Default the result. */
  readonly toJson?: (result: R) => unknown;
  /** Writes the files that were asked for; after everything is printed. */
  readonly keep?: (result: R) => Promise<void> | void;
}

/**
 * Run a use case and print its result, also when it was interrupted or failed half-way.
 *
 * @returns the result
 * @throws what the use case throws, after its partial result has been printed
 */
export async function runUseCase<R extends object>(
  shown: Shown<R>,
  work: (watching: Watching) => Promise<R>,
): Promise<R> {
  const bar: { progress?: Progress } = {};
  try {
    const result = await interruptible((signal) =>
      work({
        signal,
        onProgress: ({ done, total, unit, note }) => {
          bar.progress ??= startProgress({ label: shown.label, total: Math.ceil(total), unit });
          bar.progress.update(Math.floor(done), note);
        },
      }),
    );
    bar.progress?.stop();
    await print(shown, result);
    return result;
  } catch (error) {
    bar.progress?.stop();
    const partial = partialResult(error) as R | undefined;
    const failure = error instanceof Error ? error.message : String(error);
    if (partial !== undefined) await print(shown, partial, failure);
    else if (error instanceof Interrupted && shown.json === true) {
      emit({ json: true }, { interrupted: true }, () => '');
    }
    throw error;
  }
}

async function print<R extends object>(
  shown: Shown<R>,
  result: R,
  failure?: string,
): Promise<void> {
  const { json, text, toJson, keep } = shown;
  const data = toJson?.(result) ?? result;
  const whole = failure === undefined ? data : { ...data, failure };
  emit({ json: json ?? false }, whole, () => text(result));
  await keep?.(result);
}
