/** Progress of long work: a bar on a terminal, nothing in a pipe. */

import { Presets, SingleBar } from 'cli-progress';

import type { SeenOutcome } from '../campaign/options/progress.js';

/** A running progress display. */
export interface Progress {
  /**
   * @param done how far the work is, in the unit of `total`
   * @param note short text shown after the bar
   * @param outcomes those seen so far
   */
  update(done: number, note?: string, outcomes?: readonly SeenOutcome[]): void;
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

/** Outcomes named in the line; the rest is counted. */
const MOST_NAMED = 3;
const RANK = { forbidden: 0, interesting: 1, acceptable: 2 } as const;

/** `, 12 s left`; empty while nothing can be said. */
export function remaining(share: number, seconds: number): string {
  if (!(share > 0) || share >= 1 || seconds < 1) return '';
  const left = (seconds * (1 - share)) / share;
  if (left < 90) return `, ${Math.ceil(left)} s left`;
  return left < 5400
    ? `, ${Math.round(left / 60)} min left`
    : `, ${(left / 3600).toFixed(1)} h left`;
}

/** The outcomes seen so far, what is forbidden first, in a few words. */
export function outcomesLine(outcomes: readonly SeenOutcome[]): string {
  const sorted = [...outcomes].sort((a, b) => RANK[a.grade] - RANK[b.grade] || b.count - a.count);
  const named = sorted.slice(0, MOST_NAMED).map(({ grade, name, count }) => {
    const text = `${name} × ${count}`;
    return grade === 'forbidden' ? `FORBIDDEN ${text}` : text;
  });
  const more = sorted.length - named.length;
  return [...named, ...(more === 0 ? [] : [`${more} more outcomes`])].join(', ');
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
      format: `${plan.label} {bar} {value}/{total} ${plan.unit}{left} {note}{seen}`,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // Its own signal handlers would end the process before what was gathered is printed.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const started = performance.now();
  bar.start(plan.total, 0, { note: '', left: '', seen: '' });
  return {
    update: (done, note = '', outcomes = []) =>
      bar.update(Math.min(done, plan.total), {
        note,
        left: remaining(done / plan.total, (performance.now() - started) / 1000),
        seen: outcomes.length === 0 ? '' : `, ${outcomesLine(outcomes)}`,
      }),
    stop: () => bar.stop(),
  };
}
