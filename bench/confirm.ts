/** Measures rows that look worse again, in fresh processes: a row that is not worse every time was noise, or chance of one process. */

import { spawn } from 'node:child_process';
import { compareReports, type Change, type Tolerances } from './compare.js';
import { isReport, type Report } from './results.js';
import type { Effort } from './run.js';

/** Times that a row has to be worse again before it is called so. */
const CONFIRMATIONS = 2;

/** How a comparison is confirmed. */
export interface ConfirmPlan {
  readonly before: Report;
  readonly tolerances: Tolerances;
  /** Entry file of the benchmarks. */
  readonly entry: string;
  readonly effort: Effort;
  /** The seed was given, and is handed on. */
  readonly isSeeded: boolean;
}

function measureAgain(names: readonly string[], plan: ConfirmPlan): Promise<Report | undefined> {
  const { entry, effort, isSeeded } = plan;
  const { rounds, timeMs, seed, signal } = effort;
  const drawn = isSeeded ? [`--seed=${seed}`] : [];
  const args = [`--rounds=${rounds}`, `--time=${timeMs}ms`, ...drawn, '--json'];
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...process.execArgv, entry, ...args, `--only=${names.join()}`],
      { stdio: ['ignore', 'pipe', 'inherit'], ...(signal === undefined ? {} : { signal }) },
    );
    const out: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.on('error', (error) =>
      error.name === 'AbortError' ? resolve(undefined) : reject(error),
    );
    child.on('close', () => resolve(parsed(out.join(''))));
  });
}

function parsed(text: string): Report | undefined {
  try {
    const report: unknown = JSON.parse(text);
    return isReport(report) ? report : undefined;
  } catch {
    return undefined; // A run that printed nothing confirms nothing.
  }
}

/** Changes with each `worse` that was not worse in fresh processes, every time, turned into `unsure`. */
export async function confirm(
  changes: readonly Change[],
  plan: ConfirmPlan,
): Promise<readonly Change[]> {
  let found = changes;
  for (let i = 0; i < CONFIRMATIONS; i++) {
    const names = found.filter(({ verdict }) => verdict === 'worse').map((it) => it.benchmark);
    if (names.length === 0 || plan.effort.signal?.aborted === true) return found;
    const again = await measureAgain([...new Set(names)], plan);
    const repeated = again ? compareReports(plan.before, again, plan.tolerances) : [];
    const isWorse = ({ benchmark, task }: Change): boolean =>
      repeated.some(
        (it) => it.benchmark === benchmark && it.task === task && it.verdict === 'worse',
      );
    found = found.map((change) =>
      change.verdict === 'worse' && !isWorse(change) ? { ...change, verdict: 'unsure' } : change,
    );
  }
  return found;
}
