/** Executes a program on real worker threads, again and again. */

import { spawn } from 'node:child_process';
import type { OutcomeRules } from '../program.js';
import type { NamedProgram, ProgramFacts } from './messages.js';
import { ObserverThread } from './observer-thread.js';
import { BatchRun, Team, PATIENCE_MS, type Collected } from './team.js';

/** Executions whose memory is made at a time. */
const BATCH = 64;

/** How a program is to be executed. */
export interface RunnerOptions {
  readonly seed: number;
  readonly executions: number;
  readonly budgetMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What the executions have shown. */
export interface ThreadCounts {
  readonly outcomes: Record<string, number>;
  /** Executions that were given up, as nothing had ended for {@link PATIENCE_MS}. */
  unended: number;
  /** What the program says of its outcomes. */
  rules: OutcomeRules;
}

/** Executes one program for as long as it is asked to. */
class ProgramRunner {
  readonly counts: ThreadCounts = { outcomes: {}, unended: 0, rules: {} };
  readonly #program: NamedProgram;
  readonly #options: RunnerOptions;
  readonly #deadline: number;
  #next = 0;

  constructor(program: NamedProgram, options: RunnerOptions) {
    this.#program = program;
    this.#options = options;
    this.#deadline = performance.now() + options.budgetMs;
  }

  get #isOver(): boolean {
    const { signal, executions } = this.#options;
    const isLate = performance.now() > this.#deadline && this.#next > 0;
    return signal?.aborted === true || isLate || this.#next >= executions;
  }

  async run(): Promise<ThreadCounts> {
    const observer = new ObserverThread(this.#program);
    try {
      const facts = await observer.facts();
      this.counts.rules = facts.rules;
      if (facts.main === undefined) await this.#threads(observer, facts);
      else await this.#processes(observer, facts.main);
    } finally {
      await observer.close();
    }
    return this.counts;
  }

  #count(outcome: string): void {
    const { outcomes } = this.counts;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }

  async #threads(observer: ObserverThread, { threads, isFresh }: ProgramFacts): Promise<void> {
    const { executions, seed, signal } = this.#options;
    let team: Team | undefined;
    try {
      while (!this.#isOver) {
        team ??= new Team(this.#program, threads, seed + this.#next, isFresh);
        await team.ready;
        const count = isFresh ? 1 : Math.min(BATCH, executions - this.#next);
        const batch = await observer.make(this.#next, count);
        const collected = await new BatchRun(team, batch, threads, signal).done;
        for (const one of collected) await this.#collect(observer, one);
        this.#next += collected.length;
        if (!isFresh && collected.length === count && collected.at(-1)?.kind === 'ended') continue;
        await team.close();
        team = undefined;
      }
    } finally {
      await team?.close();
    }
  }

  async #collect(observer: ObserverThread, one: Collected): Promise<void> {
    if (one.kind === 'unended') this.counts.unended++;
    else if (one.kind === 'ended') {
      this.#count(await observer.outcome(one.execution, one.returned));
    } else this.#count(one.kind === 'threw' ? `throws ${one.what}` : one.kind);
  }

  async #processes(observer: ObserverThread, main: string): Promise<void> {
    for (; !this.#isOver; this.#next++) {
      const ended = await executed(main);
      if (ended === undefined) this.counts.unended++;
      else this.#count(await observer.outcome(this.#next, [ended]));
    }
  }
}

/** The outcome of a main module as a process; undefined when it was given up. */
function executed(
  main: string,
): Promise<{ code: number | null; stdout: string; stderr: string } | undefined> {
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (texts[stream] += text));
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(signal === null ? { code, ...texts } : undefined);
    });
  });
}

/**
 * Execute a program on real threads, each execution over memory of its own.
 *
 * @throws UsageError when Node cannot load the program, or `shared` or `outcome` throw
 */
export function runOnWorkerThreads(
  program: NamedProgram,
  options: RunnerOptions,
): Promise<ThreadCounts> {
  return new ProgramRunner(program, options).run();
}
