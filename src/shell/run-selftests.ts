/** Use case: run a kernel tree's livepatch selftests on the simulated machine. */

import { availableParallelism } from 'node:os';
import { UsageError } from '../errors.js';
import type { KernelVersion } from '../kernel/versions.js';
import type { MemoryKind } from '../memory/backend.js';
import { describeFinding } from '../check/findings.js';
import { ShellMachine } from './machine.js';
import { ScheduleThreads } from './run-schedules.js';
import {
  readSelftests,
  runSelftest,
  tapLines,
  type CheckedSelftest,
  type SelftestsOptions,
} from './selftests.js';
import { ThreadMachine } from './threads.js';

export type { CheckedSelftest, SelftestsOptions };

/** How all of them went. */
export interface SelftestsReport {
  readonly kernel: KernelVersion;
  readonly memory: MemoryKind;
  readonly scripts: readonly CheckedSelftest[];
  readonly interrupted: boolean;
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

async function runOne(
  options: SelftestsOptions,
  tests: ReturnType<typeof readSelftests>,
  script: string,
): Promise<CheckedSelftest | undefined> {
  const { kernel: version, memory, cpus, seed, signal } = options;
  const engine = await ThreadMachine.start({ cpus, version, memory, seed, isLive: false });
  try {
    const result = await runSelftest(new ShellMachine(engine), tests, script, options);
    if (isAborted(signal)) return undefined;
    const { findings } = await engine.close();
    const texts = findings.map((finding) => {
      const { key, detail } = describeFinding(finding);
      return `${key}: ${detail}`;
    });
    return texts.length === 0
      ? { ...result, findings: [] }
      : { ...result, outcome: 'not ok', findings: texts };
  } finally {
    await engine.close().catch(() => undefined);
  }
}

/**
 * Run the selftests of a folder, each on a machine of its own.
 *
 * @throws {UsageError} when the folder holds none
 */
export async function selftests(options: SelftestsOptions): Promise<SelftestsReport> {
  const { folder, kernel, memory, only, signal, onProgress } = options;
  const tests = readSelftests(folder);
  const wanted = tests.scripts.filter((script) => only === undefined || script.includes(only));
  if (wanted.length === 0) {
    throw new UsageError(`no script is called like '${only ?? ''}': ${tests.scripts.join(', ')}`);
  }
  const { schedules, schedule, threads = availableParallelism() } = options;
  const from = schedule ?? 0;
  const range = { from, to: schedule === undefined ? (schedules ?? 0) : from + 1 };
  const count = Math.min(threads, range.to - range.from);
  const explorer = count > 0 ? new ScheduleThreads(options, count) : undefined;
  const scripts: CheckedSelftest[] = [];
  try {
    for (const script of wanted) {
      if (isAborted(signal)) break;
      onProgress?.({ done: scripts.length, total: wanted.length, unit: 'scripts', note: script });
      const result = await (explorer?.run(script, range) ?? runOne(options, tests, script));
      if (result !== undefined) scripts.push(result);
    }
  } finally {
    await explorer?.close();
  }
  return { kernel, memory, scripts, interrupted: isAborted(signal) };
}

/** The report as kselftest prints it. */
export function renderSelftests({ scripts }: SelftestsReport): string {
  const lines = scripts.flatMap((result, i) => {
    const tap = tapLines(result, i + 1);
    const verdict = tap.pop() ?? '';
    const why = result.findings.map((finding) => `# finding: ${finding}`);
    const under = result.schedules === undefined ? '' : ` under ${result.schedules} schedules`;
    const replay = result.replay === undefined ? [] : [`# replay: ${result.replay}`];
    return [...tap, ...why, ...replay, `# ${Math.round(result.ms)} ms${under}`, verdict];
  });
  return ['TAP version 13', `1..${scripts.length}`, ...lines].join('\n');
}
