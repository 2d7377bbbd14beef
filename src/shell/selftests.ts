/** Runs the kernel tree's unchanged livepatch selftests on the simulated machine; their output is kselftest's TAP. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lookAt } from '../campaign/options/files.js';
import type { Watching } from '../campaign/options/progress.js';
import { UsageError } from '../errors.js';
import type { KernelVersion } from '../kernel/versions.js';
import type { MemoryKind } from '../memory/backend.js';
import type { ShellMachine } from './machine.js';
import { TEST_MODULES } from './kernel/modules.js';
import { ShellSession, type ScriptResult } from './session.js';
import type { Trees } from './trees.js';

/** Folder of the scripts in the shell's file system. */
const FOLDER = '/root/selftests/livepatch';

/** Scripts of a folder: those to run, and the files that they read. */
export interface Selftests {
  readonly scripts: readonly string[];
  /** By name, scripts included. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Read a folder of selftests.
 *
 * @param folder `tools/testing/selftests/livepatch` of a kernel tree, or the tree itself
 * @throws {UsageError} when there is none
 */
export function readSelftests(folder: string): Selftests {
  const inTree = join(folder, 'tools/testing/selftests/livepatch');
  const at = isFolder(inTree) ? inTree : folder;
  if (!isFolder(at)) {
    const isFile = lookAt(at) !== undefined;
    throw new UsageError(
      isFile
        ? `${folder} is a file: give its folder, and --only ${basename(folder)} for this script alone`
        : `there is no folder ${folder}`,
    );
  }
  const files: Record<string, string> = {};
  for (const name of readdirSync(at).sort()) {
    if (name.endsWith('.sh') && !isFolder(join(at, name))) files[name] = textOf(join(at, name));
  }
  const scripts = Object.keys(files).filter((name) => /^test-.*\.sh$/.test(name));
  if (scripts.length === 0) {
    throw new UsageError(
      `${folder} has no test-*.sh: give tools/testing/selftests/livepatch of a kernel tree`,
    );
  }
  return { scripts, files };
}

/** @throws {UsageError} for a file that cannot be read */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${(error as Error).message.split(',')[0] ?? ''}`,
      {
        cause: error,
      },
    );
  }
}

const isFolder = (path: string): boolean => lookAt(path)?.isDirectory() === true;

/** How one script went. */
export interface SelftestResult extends ScriptResult {
  readonly script: string;
  readonly outcome: 'ok' | 'not ok' | 'skip';
  readonly ms: number;
  /** The kernel's log, for a script that failed. */
  readonly log: readonly string[];
}

/** Exit status of a script that cannot be run here. */
const SKIPPED = 4;

/** A script passes if it printed `ok` for every test that it began, and began at least one. */
function outcomeOf({ stdout, exitCode }: ScriptResult): SelftestResult['outcome'] {
  if (exitCode === SKIPPED) return 'skip';
  const begun = stdout.match(/^TEST: /gm)?.length ?? 0;
  const passed = stdout.match(/^TEST: .* \.\.\. ok$/gm)?.length ?? 0;
  return exitCode === 0 && begun > 0 && passed === begun ? 'ok' : 'not ok';
}

/** What ends a script early. */
interface SelftestLimits {
  readonly signal?: AbortSignal | undefined;
  /** Seconds of the machine's time after which it is given up. */
  readonly giveUp?: number | undefined;
  /** What is known of scripts that were executed before. */
  readonly trees?: Trees | undefined;
}

/** Run one script on a machine of its own. */
export async function runSelftest(
  machine: ShellMachine,
  { files }: Selftests,
  script: string,
  { signal, giveUp, trees }: SelftestLimits = {},
): Promise<SelftestResult> {
  const session = new ShellSession(machine, { giveUp, trees });
  for (const [name, text] of Object.entries(files)) {
    await session.addFile(`${FOLDER}/${name}`, text, 0o755);
  }
  for (const { name } of TEST_MODULES) {
    await session.addFile(`${FOLDER}/test_modules/${name}.ko`, '');
  }
  const release = `${machine.booted.kernel.version}.0-klp`;
  await session.addFile(`/lib/modules/${release}/build/Makefile`, '');
  const started = performance.now();
  const result = await session.script(files[script] ?? '', `./${script}`, FOLDER, signal);
  const ms = performance.now() - started;
  const outcome = outcomeOf(result);
  const log = outcome === 'ok' ? [] : machine.dmesg().map(({ text }) => text);
  return { ...result, script, outcome, ms, log };
}

/** What kselftest prints for a script: its own output as comments, then its verdict. */
export function tapLines(result: SelftestResult, n: number): string[] {
  const { script, stdout, stderr, outcome, exitCode } = result;
  const comments = `${stdout}${stderr}`
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => `# ${l}`);
  const name = `selftests: livepatch: ${script}`;
  const verdict =
    outcome === 'ok'
      ? `ok ${n} ${name}`
      : outcome === 'skip'
        ? `ok ${n} ${name} # SKIP`
        : `not ok ${n} ${name} # exit=${exitCode}`;
  return [`# ${name}`, ...comments, verdict];
}

/** What running selftests is asked to do. */
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
  /** Threads that execute schedules. */
  readonly threads?: number | undefined;
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
