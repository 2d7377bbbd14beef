/** Ends a script early so that what it has printed is kept: just-bash keeps it when a limit is reached, not when it is aborted. */

import { setTimeout as delay } from 'node:timers/promises';
import type { CustomCommand, ExecResult } from 'just-bash';
import type { Definition } from './command.js';
import { PREFIX } from './syntax.js';

/** What a script printed, and its status. */
export interface ScriptResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Whether a signal ended it; what it had printed is there. */
  readonly interrupted?: boolean;
  /** Whether it was given up, as it does not come to an end. */
  readonly gaveUp?: boolean;
}

/** What a limit that is no limit is called. */
const SITE = '__klp_interrupted';
const SAID = new RegExp(`^bash: ${SITE}: .*\\n|^bash: execution aborted\\n`, 'gm');

/** More work than any script may do. */
const TOO_MUCH = 1e14;

/** Milliseconds that a script has to reach one of our commands, before it is aborted. */
const GRACE_MS = 300;

/** Exit status of what Ctrl-C ended. */
const INTERRUPTED = 130;

/** One script at a time. */
export class Ending {
  #state: 'running' | 'ending' = 'running';
  #asked: Promise<undefined> = new Promise(() => undefined);
  #running = '';

  /** Command that the script executes, with its words. */
  get running(): string {
    return this.#running;
  }

  /** The commands, each of which ends its script once that is asked for. */
  commands(commands: readonly CustomCommand[]): CustomCommand[] {
    return commands.map((command) => {
      if (!('execute' in command)) return command;
      const { name } = command;
      const run: Definition = async (args, ctx) => {
        const isOutermost = this.#running === '' && !name.startsWith(PREFIX);
        if (isOutermost) this.#running = [name, ...args].join(' ');
        const result = await command.execute(args, ctx);
        if (isOutermost) this.#running = '';
        return result;
      };
      return { ...command, execute: (args, ctx) => this.#run(run, args, ctx) };
    });
  }

  async #run(run: Definition, ...[args, ctx]: Parameters<Definition>): Promise<ExecResult> {
    const result = await Promise.race([run(args, ctx), this.#asked]);
    if (this.#state === 'ending') ctx.executionScope?.consumeWork(TOO_MUCH, SITE);
    return result ?? { stdout: '', stderr: '', exitCode: INTERRUPTED };
  }

  /** Run a script that a signal may end. @param run gets a signal that comes later, for scripts that call no command of ours */
  async of(
    signal: AbortSignal | undefined,
    run: (late: AbortSignal) => Promise<ScriptResult>,
  ): Promise<ScriptResult> {
    const late = new AbortController();
    const done = new AbortController();
    this.#state = 'running';
    this.#running = '';
    this.#asked = new Promise((resolve) => {
      const end = (): void => {
        this.#state = 'ending';
        resolve(undefined);
        delay(GRACE_MS, undefined, { signal: done.signal }).then(
          () => {
            late.abort();
          },
          () => undefined,
        );
      };
      if (signal?.aborted === true) end();
      else signal?.addEventListener('abort', end, { once: true, signal: done.signal });
    });
    try {
      const result = await run(late.signal);
      if (!this.#wasAsked()) return result;
      return {
        stdout: result.stdout.replace(SAID, ''),
        stderr: result.stderr.replace(SAID, ''),
        exitCode: INTERRUPTED,
        interrupted: true,
      };
    } finally {
      done.abort();
      this.#state = 'running';
    }
  }

  #wasAsked(): boolean {
    return this.#state === 'ending';
  }
}
