/** `wait` and `jobs`: what runs beside the script. */

import type { CustomCommand } from 'just-bash';
import {
  define,
  ok,
  Output,
  type CommandContext,
  type Definition,
  type ShellContext,
} from './command.js';
import { SIGNAL_STATUS } from './errors.js';
import { IN_BACKGROUND } from './jobs.js';
import { tasksOf } from './tasks.js';

/** Milliseconds between two looks at a program that is waited for. */
const LOOK_MS = 20;
/** Status when there is nothing to wait for. */
const NONE = 127;

interface Asked {
  isNext: boolean;
  /** Variable that the pid is put into. */
  variable: string | undefined;
  readonly words: string[];
}

function askedFor(args: readonly string[]): Asked {
  const asked: Asked = { isNext: false, variable: undefined, words: [] };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '-p') asked.variable = args[++at];
    else if (/^-[nf]+$/.test(arg)) asked.isNext ||= arg.includes('n');
    else if (arg !== '--') asked.words.push(arg);
  }
  return asked;
}

/** Waits for jobs of one shell and for programs of its machine. */
class Waiting {
  readonly #context: ShellContext;
  readonly #pass: () => Promise<void>;

  constructor(context: ShellContext, ctx: CommandContext) {
    this.#context = context;
    const { machine } = context;
    // In the background time passes as the script in front lets it pass.
    const isBackground = ctx.env.has(IN_BACKGROUND);
    this.#pass = () => (isBackground ? machine.passed(LOOK_MS) : machine.sleep(LOOK_MS));
  }

  #isRunning(pid: number): boolean {
    const { jobs, machine } = this.#context;
    if (jobs.isJob(pid)) return jobs.status(pid) === undefined;
    return tasksOf(machine).some((task) => task.pid === pid);
  }

  #statusOf(pid: number): number {
    const { jobs, signals } = this.#context;
    if (this.#isRunning(pid)) return SIGNAL_STATUS + (signals[0] ?? 0);
    jobs.forget(pid);
    return jobs.status(pid) ?? jobs.programStatus(pid);
  }

  /** Wait for one. @returns its status */
  async of(pid: number): Promise<number> {
    while (this.#isRunning(pid) && this.#context.signals.length === 0) await this.#pass();
    return this.#statusOf(pid);
  }

  /** Wait for the one that ends first; undefined: there is none. */
  async next(
    pids: readonly number[],
  ): Promise<{ readonly pid: number; readonly status: number } | undefined> {
    if (pids.length === 0) return undefined;
    for (;;) {
      const pid = this.#context.jobs.inOrder(pids).find((one) => !this.#isRunning(one));
      const seen = pid ?? (this.#context.signals.length > 0 ? pids[0] : undefined);
      if (seen !== undefined) return { pid: seen, status: this.#statusOf(seen) };
      await this.#pass();
    }
  }
}

/** `wait`: for everything that this shell has started, or for the pids given; what jobs have printed appears then. */
function wait(context: ShellContext): Definition {
  const { jobs, signals } = context;
  return async (args, ctx) => {
    const { isNext, variable, words } = askedFor(args);
    const waiting = new Waiting(context, ctx);
    const out = new Output();
    const pids: number[] = [];
    for (const word of words) {
      const pid = word.startsWith('%') ? jobs.ofNumber(word.slice(1)) : Number(word);
      if (pid !== undefined && jobs.isChild(pid)) pids.push(pid);
      else if (word.startsWith('%')) out.complain(`bash: wait: ${word}: no such job`, NONE);
      else if (/^\d+$/.test(word))
        out.complain(`bash: wait: pid ${word} is not a child of this shell`, NONE);
      else out.complain(`bash: wait: \`${word}': not a pid or valid job spec`);
    }
    let ended: number | undefined;
    if (isNext) {
      const next = await waiting.next(words.length > 0 ? pids : jobs.unreported);
      out.exitCode = next?.status ?? NONE;
      ended = next?.pid;
    } else if (words.length === 0) {
      for (const pid of [...jobs.running, ...jobs.programs]) await waiting.of(pid);
      for (const pid of jobs.unreported) jobs.forget(pid);
      out.exitCode = signals.length > 0 ? SIGNAL_STATUS + (signals[0] ?? 0) : 0;
    } else {
      for (const pid of pids) {
        const status = await waiting.of(pid);
        if (pid === pids.at(-1)) out.exitCode = status;
        ended = pid;
      }
    }
    if (variable !== undefined) await ctx.assignShellVariable?.(variable, String(ended ?? ''));
    const printed = jobs.takeOutput();
    const result = out.result(ctx);
    return {
      ...result,
      stdout: printed.stdout + result.stdout,
      stderr: printed.stderr + result.stderr,
    };
  };
}

/** `jobs`: what still runs; with `-p` its pids. */
function listing({ jobs }: ShellContext): Definition {
  return (args) => {
    const running = jobs.listed;
    const isPids = args.includes('-p');
    const lines = running.map(({ pid, number, source }, i) => {
      const mark = i === running.length - 1 ? '+' : i === running.length - 2 ? '-' : ' ';
      return isPids ? `${pid}\n` : `[${number}]${mark}  Running                 ${source} &\n`;
    });
    return Promise.resolve(ok(lines.join('')));
  };
}

/** Both. */
export function waitCommands(context: ShellContext): CustomCommand[] {
  return [define('__klp_wait', wait(context)), define('jobs', listing(context))];
}
