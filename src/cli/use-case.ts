/** Runs a use case for a command: with a progress bar, until Ctrl-C, and prints whatever it has in the end. */

import { writeAll } from '../campaign/options/files.js';
import type { Watching } from '../campaign/options/progress.js';
import { OptionError } from '../campaign/options/option-table.js';
import { Interrupted, partialResult, UsageError } from '../errors.js';
import { PROGRAM_NAME } from './failure.js';
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
  const { reporting, json = false } = shown;
  const reports = reporting === undefined ? undefined : new Reports(reporting, json);
  let result: R;
  try {
    result = await worked(shown.label, reports, work);
  } catch (error) {
    await printFailed(shown, reports, error).catch((unwritten: unknown) => {
      if (!(unwritten instanceof UsageError)) throw unwritten;
      process.stderr.write(`${PROGRAM_NAME}: ${unwritten.message}\n`);
    });
    throw error;
  }
  await print(shown, reports, result);
  return result;
}

/** Do the work, and show how far it is. */
async function worked<R extends object>(
  label: string,
  reports: Reports<R> | undefined,
  work: (watching: Watching) => Promise<R>,
): Promise<R> {
  let bar: Progress | undefined;
  try {
    return await interruptible((signal) =>
      work({
        signal,
        onProgress: (progress) => {
          reports?.progress(progress);
          const { done, total, unit, note, outcomes } = progress;
          bar ??= startProgress({ label, total: Math.ceil(total), unit });
          bar.update(Math.floor(done), note, outcomes);
        },
      }),
    );
  } finally {
    bar?.stop();
  }
}

/** Print what there is of a run that failed. */
async function printFailed<R extends object>(
  shown: Shown<R>,
  reports: Reports<R> | undefined,
  error: unknown,
): Promise<void> {
  const partial = partialResult(error) as R | undefined;
  const failure = error instanceof Error ? error.message : String(error);
  if (partial !== undefined) {
    await print(shown, reports, partial, failure);
    return;
  }
  if (error instanceof Interrupted && shown.json === true) {
    emit({ json: true }, { interrupted: true }, () => '');
  }
  // After a refused option there was no run to report; after any other failure there was.
  if (!(error instanceof OptionError)) await reports?.write(undefined, undefined, failure);
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
  await writeAll([() => keep?.(result), () => reports?.write(result, whole, failure)]);
}
