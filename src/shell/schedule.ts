/** One selftest under one schedule of the explorer: what a worker does at a time. */

import type { Verdict } from '../explorer/engine/verdict.js';
import type { KernelVersion } from '../kernel/versions.js';
import { ExplorerMachine } from './explorer-machine.js';
import { ShellMachine } from './machine.js';
import { readSelftests, runSelftest, type Selftests, type SelftestResult } from './selftests.js';
import { Trees } from './trees.js';

/** What is to be executed. */
export interface ScheduleTask {
  readonly folder: string;
  readonly script: string;
  readonly version: KernelVersion;
  readonly seed: number;
  /** Number of the schedule. */
  readonly run: number;
  readonly giveUp: number | undefined;
}

/** How it went. */
export interface ScheduleResult {
  readonly result: SelftestResult;
  readonly verdict: Pick<Verdict, 'grade' | 'key' | 'detail'>;
}

interface Kept {
  readonly engine: ExplorerMachine;
  readonly tests: Selftests;
  readonly trees: Trees;
}

/** What this thread has loaded: a task may be followed by another of the same kind. */
const kept = new Map<string, Promise<Kept>>();

async function load({ folder, version, seed }: ScheduleTask): Promise<Kept> {
  const engine = await ExplorerMachine.open({ version, memory: 'lkmm', seed });
  return { engine, tests: readSelftests(folder), trees: new Trees() };
}

/** Execute a script under a schedule, which depends on the seed and its number alone. */
export async function runSchedule(task: ScheduleTask): Promise<ScheduleResult> {
  const { folder, version, seed, script, run, giveUp } = task;
  const key = JSON.stringify([folder, version, seed]);
  const loaded = kept.get(key) ?? load(task);
  kept.set(key, loaded);
  const { engine, tests, trees } = await loaded;
  engine.begin(run);
  const result = await runSelftest(new ShellMachine(engine), tests, script, { giveUp, trees });
  const { grade, key: outcome, detail } = engine.end();
  return { result, verdict: { grade, key: outcome, detail } };
}
