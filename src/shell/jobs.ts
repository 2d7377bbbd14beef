/** Commands in the background: each runs beside its script, as just-bash would run it in front, and prints when it is waited for. */

import type { ExecResult } from 'just-bash';
import { SIGNAL_STATUS } from './errors.js';
import { PREFIX } from './syntax.js';

/** Executes a script; `signal` ends it. */
export type Execute = (
  source: string,
  options: {
    readonly cwd: string;
    readonly env: Record<string, string>;
    readonly signal: AbortSignal;
  },
) => Promise<ExecResult>;

/** A variable that only scripts in the background have. */
export const IN_BACKGROUND = `${PREFIX}background`;

/** Pids of jobs begin here: no task of the machine has such a number. */
const FIRST_PID = 100_000;

/** Jobs that one script may start. */
export const MAX_JOBS = 500;

interface Job {
  readonly pid: number;
  /** What it executes. */
  readonly source: string;
  readonly ending: AbortController;
  readonly done: Promise<void>;
  result: ExecResult | undefined;
  hasPrinted: boolean;
}

/** The jobs of one shell. */
export class Jobs {
  readonly #jobs = new Map<number, Job>();
  /** Programs of the machine that were started, and the signal that ended each. */
  readonly #programs = new Map<number, number>();
  /** Numbers of jobs and programs, as `%1` names them, and those that were waited for. */
  readonly #numbers = new Map<number, number>();
  readonly #reported = new Set<number>();
  #started = 0;
  #onTooMany: () => void = () => undefined;
  readonly #ended: number[] = [];
  readonly #sources = new Map<number, string>();
  readonly #execute: Execute;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** A script begins. @param onTooMany called when it starts more jobs than any that comes to an end */
  begin(onTooMany: () => void): void {
    this.#started = 0;
    this.#onTooMany = onTooMany;
  }

  /** Start a script. @returns its pid */
  start(source: string, cwd: string, env: Record<string, string>): number {
    const pid = FIRST_PID + this.#jobs.size;
    if (++this.#started > MAX_JOBS) {
      // What a script that has ended leaves behind starts nothing more.
      this.#onTooMany();
      return pid;
    }
    const ending = new AbortController();
    const stopped = new Promise<ExecResult>((resolve) => {
      ending.signal.addEventListener('abort', () => {
        resolve({ stdout: '', stderr: '', exitCode: SIGNAL_STATUS + Number(ending.signal.reason) });
      });
    });
    const job: Job = {
      pid,
      source: source.trim(),
      ending,
      result: undefined,
      hasPrinted: false,
      done: Promise.race([
        stopped,
        this.#execute(source, {
          cwd,
          env: { ...env, [IN_BACKGROUND]: '1' },
          signal: ending.signal,
        }),
      ]).then((result) => {
        job.result = result;
        this.#ended.push(pid);
      }),
    };
    this.#number(pid);
    this.#jobs.set(pid, job);
    return pid;
  }

  /** Remember a program of the machine that this shell has started. */
  addProgram(pid: number, source = ''): void {
    this.#programs.set(pid, 0);
    this.#reported.delete(pid);
    this.#sources.set(pid, source);
    this.#number(pid);
  }

  /** Whether something still runs beside the script. */
  get isBusy(): boolean {
    return this.running.length > 0;
  }

  /** Pids of the jobs that have not ended. */
  get running(): number[] {
    return [...this.#jobs.values()].filter(({ result }) => result === undefined).map((j) => j.pid);
  }

  /** Pids of what was started and not waited for, in this order. */
  get unreported(): number[] {
    return [...this.#numbers.keys()].filter((pid) => !this.#reported.has(pid));
  }

  /** What runs, with its number. */
  get listed(): { readonly pid: number; readonly number: number; readonly source: string }[] {
    return [...this.#numbers].flatMap(([pid, number]) => {
      const job = this.#jobs.get(pid);
      if (job?.result !== undefined || this.#reported.has(pid)) return [];
      return [{ pid, number, source: job?.source ?? this.#sources.get(pid) ?? '' }];
    });
  }

  /** Pid of a job by its number, or by `+`, `-` and `%`. */
  ofNumber(text: string): number | undefined {
    const pids = [...this.#numbers].filter(([pid]) => !this.#reported.has(pid));
    if (text === '' || text === '+' || text === '%') return pids.at(-1)?.[0];
    if (text === '-') return (pids.at(-2) ?? pids.at(-1))?.[0];
    return pids.find(([, number]) => String(number) === text)?.[0];
  }

  /** Of these pids, in the order in which they ended. */
  inOrder(pids: readonly number[]): number[] {
    const rank = (pid: number): number => this.#ended.indexOf(pid) + 1 || Infinity;
    return [...pids].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  }

  /** It was waited for. */
  forget(pid: number): void {
    this.#reported.add(pid);
  }

  /** Number for what is started: the one behind the highest that is in use. */
  #number(pid: number): void {
    const inUse = this.listed.map(({ number }) => number);
    this.#numbers.set(pid, Math.max(0, ...inUse) + 1);
  }

  /** Pids of the programs that were started. */
  get programs(): number[] {
    return [...this.#programs.keys()];
  }

  /** Whether a pid is that of a job, or of a program that this shell started. */
  isChild(pid: number): boolean {
    return this.#jobs.has(pid) || this.#programs.has(pid);
  }

  isJob(pid: number): boolean {
    return this.#jobs.has(pid);
  }

  /** Send a signal. @returns false: the job has ended */
  kill(pid: number, signal: number): boolean {
    const job = this.#jobs.get(pid);
    if (this.#programs.has(pid) && signal > 0) this.#programs.set(pid, signal);
    if (job === undefined || job.result !== undefined) return false;
    if (signal > 0) job.ending.abort(signal);
    return true;
  }

  /** Status of a program that has ended. */
  programStatus(pid: number): number {
    const signal = this.#programs.get(pid) ?? 0;
    return signal === 0 ? 0 : SIGNAL_STATUS + signal;
  }

  /** Status of a job; undefined: it has not ended. */
  status(pid: number): number | undefined {
    return this.#jobs.get(pid)?.result?.exitCode;
  }

  /** What jobs have printed since they were asked last. */
  takeOutput(): { readonly stdout: string; readonly stderr: string } {
    const ended = [...this.#jobs.values()].filter((j) => j.result !== undefined && !j.hasPrinted);
    for (const job of ended) job.hasPrinted = true;
    return {
      stdout: ended.map(({ result }) => result?.stdout ?? '').join(''),
      stderr: ended.map(({ result }) => result?.stderr ?? '').join(''),
    };
  }

  /** End all jobs, and forget the programs. @param briefly resolves when jobs that still run are to be ended */
  async end(briefly: () => Promise<void>): Promise<{ stdout: string; stderr: string }> {
    const all = [...this.#jobs.values()].map(({ done }) => done);
    if (this.isBusy) await Promise.race([Promise.all(all), briefly()]);
    const output = this.takeOutput();
    this.#started = MAX_JOBS;
    for (const pid of this.running) this.kill(pid, 1);
    this.#programs.clear();
    this.#numbers.clear();
    this.#ended.length = 0;
    this.#reported.clear();
    return output;
  }
}
