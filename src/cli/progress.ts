/** Progress of long work: a bar on a terminal, nothing in a pipe. */

import { Presets, SingleBar } from 'cli-progress';

/** A running progress display. */
export interface Progress {
  /**
   * @param done how far the work is, in the unit of `total`
   * @param note short text shown after the bar
   */
  update(done: number, note?: string): void;
  /** Remove the bar; call it before results are printed, also after a failure. Idempotent. */
  stop(): void;
}

/** What a progress display shows. */
export interface ProgressPlan {
  /** What is going on, in a word or two. */
  readonly label: string;
  /** Where the work ends. */
  readonly total: number;
  /** Unit of `total`, for instance `s` or `runs`. */
  readonly unit: string;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

type MaybeTerminal = NodeJS.WritableStream & { readonly isTTY?: boolean };

/**
 * Start showing progress.
 * @param plan what to show
 * @param stream stderr by default, so that results on stdout stay clean; not a terminal: nothing is ever written
 */
export function startProgress(
  plan: ProgressPlan,
  stream: MaybeTerminal = process.stderr,
): Progress {
  if (stream.isTTY !== true) return SILENT;
  const bar = new SingleBar(
    {
      format: `${plan.label} {bar} {value}/{total} ${plan.unit} {note}`,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // Its own signal handlers would end the process before what was gathered is printed.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(plan.total, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(Math.min(done, plan.total), { note }),
    stop: () => bar.stop(),
  };
}
