/** A shell on a machine: scripts and lines are executed by just-bash over the machine's files and commands. */

import { Bash, parse } from 'just-bash';
import type { ShellContext } from './command.js';
import { bashCommands } from './bash-command.js';
import { machineCommands } from './commands.js';
import { ShellFs } from './files.js';
import { Ending, type ScriptResult } from './ending.js';
import { gapCommands } from './gaps.js';
import type { ShellMachine } from './machine.js';
import { installedAt } from './module-commands.js';
import { arithmeticCommands } from './arithmetic-commands.js';
import { ownCommands } from './own-commands.js';
import { DEFAULT_GIVE_UP, Patience } from './patience.js';
import { pathCommands } from './path-commands.js';
import { withoutShiftsInParentheses } from './rewrite-arithmetic.js';
import { frameCommands } from './rewrite-frames.js';
import { mapCommands } from './rewrite-maps.js';
import { Seen } from './rewrite-options.js';
import { preludeOf } from './prelude.js';
import { KNOWN_TREE, rewriteTree, rewriting, type Rewriting } from './rewrite.js';
import { Together } from './together.js';
import { smallCommands } from './small-commands.js';
import { syntaxFault, syntaxMessage, untilFault, withoutLines } from './faults.js';
import { functionsIn, PREFIX } from './syntax.js';
import { WHOLE } from './rewrite-end.js';
import { textCommands } from './text-commands.js';
import { Jobs, MAX_JOBS } from './jobs.js';
import { shellPid } from './tasks.js';
import { trapCommands } from './traps.js';
import { KernelTree } from './tree.js';
import type { KnownScript, Trees } from './trees.js';

export type { ScriptResult };

/** Rounds of loops and commands that one script may take: enough to wait a minute in steps of 0.1 s. */
const LIMITS = {
  maxCallDepth: 200,
  maxCommandCount: 200_000,
  maxLoopIterations: 100_000,
} as const;

/** Milliseconds that jobs have after the end of their script. */
const LATE_MS = 100;

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** What was printed, and what was printed after it. */
const followed = (first: Printed, then: Printed): Printed => ({
  stdout: first.stdout + then.stdout,
  stderr: first.stderr + then.stderr,
});

/** What a shell begins with. */
const untouched = (): Pick<
  ShellContext,
  'dmesgFrom' | 'exportedFunctions' | 'signals' | 'arrays'
> => ({ dmesgFrom: 0, exportedFunctions: new Map(), signals: [], arrays: '' });

/** How a shell is made. */
export interface SessionOptions {
  /** Whether errors appear within the output where they happen, as on a terminal, or separately. */
  readonly isTogether?: boolean | undefined;
  /** Seconds of the machine's time that a script may take. */
  readonly giveUp?: number | undefined;
  /** What is known of scripts that other shells have executed. */
  readonly trees?: Trees | undefined;
}

/** One shell. */
export class ShellSession {
  readonly context: ShellContext;
  readonly #bash: Bash;
  /** Texts of the files that were added, by path. */
  readonly #files = new Map<string, string>();
  #folder = '/root';
  /** What `$0` is. */
  #name = 'bash';
  /** What an interactive shell remembers. */
  readonly #functions = new Map<string, string>();
  #env: Record<string, string> = {};
  #status = 0;
  readonly #prelude: string;
  readonly #ending = new Ending();
  readonly #giveUp: number;
  readonly #trees: Trees | undefined;
  readonly #how: Rewriting;
  readonly #seen: Seen;
  /** Tree of the script that runs, if it is known. */
  #tree: KnownScript['tree'] | undefined;

  constructor(machine: ShellMachine, options: SessionOptions = {}) {
    const { isTogether = false, giveUp = DEFAULT_GIVE_UP, trees } = options;
    this.#giveUp = giveUp;
    this.#trees = trees;
    this.#prelude = preludeOf(isTogether);
    const { images } = machine.booted.kernel;
    const installed = images.map(({ name }) => installedAt(machine, machine.name(name)));
    const fs = new ShellFs(new KernelTree(machine), installed);
    const together = isTogether ? new Together() : undefined;
    const seen = new Seen();
    const jobs = new Jobs(async (source, options) => {
      const functions = [...seen.texts.values()].join('\n');
      const { stdout, stderr, exitCode } = await this.#bash.exec(
        `${this.#prelude}${functions}\n${source}`,
        { ...options, rawScript: true },
      );
      return { stdout, stderr, exitCode };
    });
    this.context = {
      machine,
      fs,
      jobs,
      ...untouched(),
      together,
      functionTexts: seen.texts,
      prelude: this.#prelude,
    };
    this.#bash = new Bash({
      fs,
      cwd: '/root',
      env: { HOME: '/root', USER: 'root', PATH: '/usr/bin:/bin:/sbin', SHELL: '/bin/bash' },
      processInfo: { pid: shellPid(machine), ppid: 1, uid: 0, gid: 0 },
      executionLimits: LIMITS,
      // The files are made of shared memory, which just-bash's protection would not let a file system touch.
      defenseInDepth: false,
      customCommands: this.#ending.commands([
        ...machineCommands(this.context),
        ...gapCommands(this.context),
        ...ownCommands(this.context),
        ...pathCommands(this.context),
        ...textCommands(),
        ...arithmeticCommands(),
        ...smallCommands(this.context),
        ...bashCommands(this.context),
        ...trapCommands(this.context),
        ...frameCommands(),
        ...mapCommands(),
      ]),
    });
    this.#seen = seen;
    this.#how = {
      known: (path) => this.#files.get(fs.resolvePath(this.#folder, path)),
      together,
      seen,
      name: () => this.#name,
    };
    this.#bash.registerTransformPlugin(rewriting(this.#how, () => this.#tree));
  }

  /** Write a file of the shell's file system. */
  async addFile(path: string, content: string, mode = 0o644): Promise<void> {
    const { base } = this.context.fs;
    this.#files.set(path, content);
    await base.mkdir(path.slice(0, path.lastIndexOf('/')) || '/', { recursive: true });
    await base.writeFile(path, content);
    await base.chmod(path, mode);
  }

  /** Execute a script as `bash script` does. @param name what `$0` is */
  async script(
    text: string,
    name: string,
    cwd: string,
    signal?: AbortSignal,
  ): Promise<ScriptResult> {
    const whole = await this.#whole(text, name, cwd, signal);
    // What is no shell syntax ends so, before anything of it is executed.
    const isOver = whole.interrupted === true || whole.gaveUp === true || whole.exitCode !== 2;
    const fault = isOver ? undefined : syntaxFault(withoutShiftsInParentheses(text));
    if (fault === undefined) return whole;
    return this.#whole(untilFault(fault, name === 'bash' ? 'bash: -c' : name), name, cwd, signal);
  }

  /** Execute a script if all of it is shell syntax. */
  async #whole(
    text: string,
    name: string,
    cwd: string,
    signal?: AbortSignal,
  ): Promise<ScriptResult> {
    this.#folder = cwd;
    this.#name = name;
    this.context.signals.length = 0;
    // Another script's functions are not there.
    this.#seen.clear();
    this.context.exportedFunctions.clear();
    const source = `${this.#prelude}${WHOLE}${withoutShiftsInParentheses(text)}`;
    const patience = new Patience(this.context.machine, this.#giveUp);
    this.context.jobs.begin(() => {
      patience.end(`the script does not come to an end: it started ${MAX_JOBS} jobs`);
    });
    const either = AbortSignal.any([patience.signal, ...(signal === undefined ? [] : [signal])]);
    const result = await patience.during(
      () => this.#ending.running,
      () =>
        this.#ending.of(either, async (late) =>
          this.#ended(await this.#run(text, source, cwd, late)),
        ),
    );
    if (patience.why === '' || result.interrupted !== true) return result;
    return this.#givenUp(result, patience.why);
  }

  /** Execute a script, and its EXIT trap if `set -e` or `set -u` has ended it. */
  async #run(
    text: string,
    source: string,
    cwd: string,
    signal: AbortSignal,
  ): Promise<ScriptResult> {
    const options = { cwd, rawScript: true, signal, env: { 0: this.#name } };
    const { env, ...printed } = await refusable(() =>
      this.#bash.exec(this.#known(source), options),
    );
    const late = await this.context.jobs.end(() => this.context.machine.sleep(LATE_MS));
    const result = { ...printed, ...followed(printed, late) };
    if ((env[`${PREFIX}trap_EXIT`] ?? '') === '') return result;
    const texts = [text, ...this.#files.values()];
    const definitions = texts.flatMap((one) => [...functionsIn(one).values()]).join('\n');
    const variables = Object.entries(env).filter(([name]) => /^[A-Za-z]\w*$/.test(name));
    const last = await this.#bash.exec(
      `${this.#prelude}${definitions}\n${PREFIX}trap_EXIT="$${PREFIX}last"\n${PREFIX}code=${result.exitCode}\n${PREFIX}leave\nexit ${result.exitCode}`,
      {
        ...options,
        env: {
          ...Object.fromEntries(variables),
          [`${PREFIX}last`]: env[`${PREFIX}trap_EXIT`] ?? '',
        },
      },
    );
    return { ...followed(result, last), exitCode: last.exitCode };
  }

  /** What is executed for a script: a stand-in for its tree, if scripts are executed again. */
  #known(source: string): string {
    if (this.#trees === undefined) return source;
    try {
      const read = (seen: Seen): KnownScript['tree'] =>
        rewriteTree(parse(source), { ...this.#how, seen });
      const { tree, seen } = this.#trees.of(source, read);
      this.#seen.adopt(seen);
      this.#tree = tree;
      return KNOWN_TREE;
    } catch {
      return source; // It is not shell syntax: the shell says so.
    }
  }

  /** The folder that a prompt is in. */
  get folder(): string {
    return this.#folder;
  }

  /** Execute a line of an interactive shell, whose variables, functions and folder stay. */
  async line(text: string, signal?: AbortSignal): Promise<ScriptResult> {
    const definitions = [...this.#functions.values()].join('\n');
    this.context.jobs.begin(() => undefined);
    const result = await this.#ending.of(signal, async (late) => {
      const readable = withoutShiftsInParentheses(text);
      const fault = syntaxFault(readable);
      const whole = fault === undefined ? readable : untilFault(withoutLines(fault), 'bash');
      const before = `${definitions}\n${this.context.arrays}\n${PREFIX}give ${this.#status} && :\n`;
      const after = `\n${PREFIX}keep "$?" "$(declare -p)"`;
      const source = `${this.#prelude}${before}${whole}${after}`;
      const { env, ...result } = await refusable(() =>
        this.#bash.exec(source, {
          env: this.#env,
          cwd: this.#folder,
          rawScript: true,
          signal: late,
        }),
      );
      this.#env = env;
      this.#folder = env['PWD'] ?? this.#folder;
      for (const [name, source] of functionsIn(text)) this.#functions.set(name, source);
      return this.#ended({ ...result, ...followed(result, this.context.jobs.takeOutput()) });
    });
    this.#status = result.exitCode;
    return result;
  }

  /** A script that just-bash gave up says so in one line, and ends with 2; messages are bash's. */
  #ended(result: ScriptResult): ScriptResult {
    const stdout = this.#asBash(result.stdout);
    const stderr = this.#asBash(result.stderr);
    const { exitCode } = result;
    // Where errors go among the output, this one is there too.
    const gaveUp = ENDLESS.exec(stderr) ?? ENDLESS.exec(stdout);
    if (gaveUp === null) return { stdout, stderr, exitCode };
    const printed = { stdout: stdout.replace(ENDLESS, ''), stderr: stderr.replace(ENDLESS, '') };
    const why = (gaveUp[1] ?? '').replace(/, $/, '');
    return this.#givenUp({ ...printed, exitCode }, `the script does not come to an end: ${why}`);
  }

  /** What `set -x` shows of the rewritten script is left out; a place in a script is a line. */
  #asBash(text: string): string {
    return text
      .replace(TRACED, '')
      .replace(MISREAD, (_all, what: string) => `bash: ${syntaxMessage(what)}`);
  }

  #givenUp({ stdout, stderr }: ScriptResult, why: string): ScriptResult {
    return { stdout, stderr: `${stderr}bash: ${why}\n`, exitCode: 2, gaveUp: true };
  }
}

/** A pattern that just-bash has no expression for ends the script: what it printed is lost then. */
async function refusable(run: () => ReturnType<Bash['exec']>): ReturnType<Bash['exec']> {
  try {
    return await run();
  } catch (error) {
    const [, pattern] =
      /^Invalid regular expression: (.*?): error parsing/.exec((error as Error).message) ?? [];
    if (!(error instanceof SyntaxError) || pattern === undefined) throw error;
    const stderr = `bash: a pattern is not known here: as an expression it is ${pattern}\n`;
    return { stdout: '', stderr, exitCode: 2, env: {} };
  }
}

/** The message of just-bash when a script never ends. */
const ENDLESS = /^bash: (.*)increase executionLimits.*\n?/m;
/** Commands of ours in what `set -x` shows. */
const TRACED = new RegExp(`^\\++ ${PREFIX}.*\\n`, 'gm');
/** The message of just-bash about what is no shell syntax. */
const MISREAD = /^bash: syntax error: (Parse error at .*)/gm;
