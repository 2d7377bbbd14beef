/** Use case: run a kernel tree's livepatch selftests on the simulated machine. */

import { UsageError } from '../errors.js';
import type { KernelVersion } from '../kernel/versions.js';
import type { MemoryKind } from '../memory/backend.js';
import { describeFinding } from '../check/findings.js';
import type { Watching } from '../campaign/options/progress.js';
import { ExplorerMachine } from './explorer-machine.js';
import { ShellMachine } from './machine.js';
import { readSelftests, runSelftest, tapLines, type SelftestResult } from './selftests.js';
import { ThreadMachine } from './threads.js';

/** What {@link selftests} is asked to do. */
export interface SelftestsOptions extends Watching {
  /** `tools/testing/selftests/livepatch` of a kernel tree, or the tree. */
  readonly folder: string;
  readonly kernel: KernelVersion;
  readonly memory: MemoryKind;
  readonly cpus: number;
  readonly seed: number;
  /** Only scripts whose name contains this. */
  readonly only?: string | undefined;
  /** Seconds of the machine's time after which a script is given up. */
  readonly giveUp?: number | undefined;
  /** Execute each script under so many schedules of the explorer, in virtual time, instead of on threads. */
  readonly schedules?: number | undefined;
  /** Execute each script under this one schedule of the explorer. */
  readonly schedule?: number | undefined;
}

/** One script, and what the checks of the machine found meanwhile. */
export interface CheckedSelftest extends SelftestResult {
  /** Findings of the checks: any makes the script fail. */
  readonly findings: readonly string[];
  /** Schedules that were executed; left out: it ran on threads. */
  readonly schedules?: number;
  /** Command that executes the script under the schedule that it fails under. */
  readonly replay?: string;
}

/** How all of them went. */
export interface SelftestsReport {
  readonly kernel: KernelVersion;
  readonly memory: MemoryKind;
  readonly scripts: readonly CheckedSelftest[];
  readonly interrupted: boolean;
}

/** Command that executes one script under one schedule. */
function replayOf({ folder, kernel, seed }: SelftestsOptions, script: string, run: number): string {
  return `klp-smp selftests ${folder} --kernel ${kernel} --only ${script} --seed ${seed} --schedule ${run}`;
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Each script under many schedules; it passes when it passes under all of them. */
async function runSchedules(
  options: SelftestsOptions,
  tests: ReturnType<typeof readSelftests>,
  script: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<CheckedSelftest | undefined> {
  const { kernel: version, seed, signal } = options;
  const engine = new ExplorerMachine({ version, memory: 'lkmm', seed });
  const started = performance.now();
  let last: CheckedSelftest | undefined;
  let run = from;
  try {
    for (; run < to && signal?.aborted !== true; run++) {
      await engine.begin(run);
      const machine = new ShellMachine(engine);
      const result = await runSelftest(machine, tests, script, options);
      // A script that was cut short has no verdict.
      if (isAborted(signal)) break;
      const verdict = await engine.end();
      const isFound = verdict.grade === 'forbidden';
      const where = `schedule ${run} of seed ${seed}`;
      const findings = isFound ? [`${where}: ${verdict.key}: ${verdict.detail}`] : [];
      last = { ...result, findings, outcome: isFound ? 'not ok' : result.outcome };
      if (last.outcome !== 'ok') {
        if (!isFound) last = { ...last, findings: [`${where}: the script fails`] };
        last = { ...last, replay: replayOf(options, script, run) };
        break;
      }
    }
  } finally {
    await engine.close();
  }
  if (last === undefined) {
    if (isAborted(signal)) return undefined;
    throw new UsageError(`${script}: no schedule was executed`);
  }
  const executed = (last.outcome === 'ok' ? run : run + 1) - from;
  return { ...last, ms: performance.now() - started, schedules: executed };
}

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
  const scripts: CheckedSelftest[] = [];
  for (const script of wanted) {
    if (signal?.aborted === true) break;
    onProgress?.({ done: scripts.length, total: wanted.length, unit: 'scripts', note: script });
    const { schedules, schedule } = options;
    const result =
      schedules === undefined && schedule === undefined
        ? await runOne(options, tests, script)
        : await runSchedules(options, tests, script, {
            from: schedule ?? 0,
            to: schedule === undefined ? (schedules ?? 0) : schedule + 1,
          });
    if (result !== undefined) scripts.push(result);
  }
  return { kernel, memory, scripts, interrupted: signal?.aborted === true };
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
