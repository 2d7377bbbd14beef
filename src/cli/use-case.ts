/** Runs a use case for a command: with a progress bar, until Ctrl-C, and prints whatever it has in the end. */

import type { Watching } from '../campaign/options/progress.js';
import { OptionError } from '../campaign/options/option-table.js';
import { Interrupted, partialResult } from '../errors.js';
import { interruptible } from './interrupt.js';
import { emit } from './output.js';
import { startProgress, type Progress } from './progress.js';
import { Reports, type Reporting } from './reporting.js';

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
  /** The reports that it can be asked for. */
  readonly reporting?: Reporting<R>;
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
  const { reporting, json = false } = shown;
  const reports = reporting === undefined ? undefined : new Reports(reporting, json);
  try {
    const result = await interruptible((signal) =>
      work({
        signal,
        onProgress: (progress) => {
          reports?.progress(progress);
          const { done, total, unit, note, outcomes } = progress;
          bar.progress ??= startProgress({ label: shown.label, total: Math.ceil(total), unit });
          bar.progress.update(Math.floor(done), note, outcomes);
        },
      }),
    );
    bar.progress?.stop();
    await print(shown, reports, result);
    return result;
  } catch (error) {
    bar.progress?.stop();
    const partial = partialResult(error) as R | undefined;
    const failure = error instanceof Error ? error.message : String(error);
    if (partial !== undefined) await print(shown, reports, partial, failure);
    else {
      if (error instanceof Interrupted && json) {
        emit({ json: true }, { interrupted: true }, () => '');
      }
      // After a refused option there was no run to report; after any other failure there was.
      if (!(error instanceof OptionError)) await reports?.write(undefined, undefined, failure);
    }
    throw error;
  }
}

async function print<R extends object>(
  shown: Shown<R>,
  reports: Reports<R> | undefined,
  result: R,
  failure?: string,
): Promise<void> {
  const { json, text, toJson, keep } = shown;
  const data = toJson?.(result) ?? result;
  // A JSON list has no place for the error: it is on standard error, and in the exit status.
  const whole = failure === undefined || Array.isArray(data) ? data : { ...data, failure };
  if (reports?.replacesText !== true) emit({ json: json ?? false }, whole, () => text(result));
  await keep?.(result);
  await reports?.write(result, whole, failure);
}
