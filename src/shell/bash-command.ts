/** `bash`, `sh` and `env`, and what runs a file that is called by its path: scripts that other scripts execute. */

import { decodeBytesToUtf8, type CustomCommand, type ExecResult } from 'just-bash';
import {
  absolute,
  define,
  fails,
  isMixed,
  ok,
  type CommandContext,
  type Definition,
  type ShellContext,
} from './command.js';
import { quotedWords } from './quoting.js';
import { withoutShiftsInParentheses } from './rewrite-arithmetic.js';
import { faultLines, syntaxFault, untilFault } from './faults.js';
import { WHOLE } from './rewrite-end.js';
import { PREFIX } from './syntax.js';

/** Statuses of what was found but cannot be executed, and of what was not found. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const ELF = '\x7fELF';
const BASH_VERSION = 'GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n';

/** A script, and how it is executed. */
interface Child {
  readonly text: string;
  /** What `$0` is. */
  readonly name: string;
  readonly args: readonly string[];
  /** Words of `set` that come first. */
  readonly options?: readonly string[];
  /** Whether the script is what stands in standard input. */
  readonly isInput?: boolean;
  /** Whether it is the text of `-c`. */
  readonly isCommand?: boolean;
}

/** A text as a word on one line. */
const quotedLine = (text: string): string =>
  `$'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;

/** Execute a script as a shell of its own: only what is exported is there. */
async function execute(
  { together, prelude, exportedFunctions }: ShellContext,
  ctx: CommandContext,
  { text, name, args, options = [], isInput = false, isCommand = false }: Child,
): Promise<ExecResult> {
  const exported = ctx.exportedEnv ?? {};
  const names = Object.keys(exported).filter((key) => /^[A-Za-z_]\w*$/.test(key));
  const first = [
    together === undefined ? '' : `${PREFIX}err=${isMixed(ctx) ? 1 : 2}; `,
    names.length === 0 ? '' : `export ${names.join(' ')}; `,
    `set -- ${quotedWords(args)}; `,
    ...[...exportedFunctions.values()].map((text) => `eval ${quotedLine(text)}; `),
    options.length === 0 ? '' : `set ${options.join(' ')}; `,
  ].join('');
  const fault = syntaxFault(withoutShiftsInParentheses(text));
  const whole = fault === undefined ? text : untilFault(fault, isCommand ? `${name}: -c` : name);
  const source = `${prelude}${first}${WHOLE}${withoutShiftsInParentheses(whole)}`;
  const how = { cwd: ctx.cwd, env: { ...exported, 0: name }, replaceEnv: true };
  const run = isInput ? ctx.exec : (ctx.execWithInheritedStdin ?? ctx.exec);
  return (await run?.(source, how)) ?? ok();
}

/** Text of a script file; a result: why it cannot be executed. */
async function scriptAt(
  ctx: CommandContext,
  path: string,
  isCalled: boolean,
): Promise<string | ExecResult> {
  const at = absolute(ctx, path);
  if (!(await ctx.fs.exists(at))) {
    return fails(`bash: ${path}: No such file or directory`, NOT_FOUND);
  }
  const { isDirectory, mode } = await ctx.fs.stat(at);
  const whose = isCalled ? `bash: ${path}` : `${path}: ${path}`;
  if (isDirectory) return fails(`${whose}: Is a directory`, NOT_EXECUTABLE);
  if (isCalled && (mode & 0o111) === 0) {
    return fails(`bash: ${path}: Permission denied`, NOT_EXECUTABLE);
  }
  const text = await ctx.fs.readFile(at);
  if (!text.startsWith(ELF)) return text;
  const format = isCalled ? ': Exec format error' : '';
  return fails(`${whose}: cannot execute binary file${format}`, NOT_EXECUTABLE);
}

/** What the words in front of a script ask for. */
interface Asked {
  readonly options: string[];
  command: string | undefined;
  isInput: boolean;
  isCheck: boolean;
  isVersion: boolean;
  readonly words: readonly string[];
}

function asked(args: readonly string[]): Asked | string {
  const found = { options: [] as string[], isInput: false, isCheck: false, isVersion: false };
  let isCommand = false;
  let at = 0;
  for (; /^[-+]./.test(args[at] ?? '') && args[at] !== '--'; at++) {
    const arg = args[at] ?? '';
    if (arg.startsWith('--')) {
      if (arg === '--version') found.isVersion = true;
      else if (!['--norc', '--noprofile', '--login', '--posix'].includes(arg))
        return `bash: ${arg}: invalid option`;
      continue;
    }
    for (const letter of arg.slice(1)) {
      if (letter === 'c') isCommand = true;
      else if (letter === 's') found.isInput = true;
      else if (letter === 'n') found.isCheck = true;
      else if (letter === 'o') found.options.push(`${arg[0] ?? '-'}o`, args[++at] ?? '');
      else if ('euxvfEabCTm'.includes(letter)) found.options.push(`${arg[0] ?? '-'}${letter}`);
      else if (!'ilrp'.includes(letter)) return `bash: -${letter}: invalid option`;
    }
  }
  if (args[at] === '--' || args[at] === '-') at++;
  const words = args.slice(at);
  if (isCommand && words.length === 0) return 'bash: -c: option requires an argument';
  return { ...found, command: isCommand ? words[0] : undefined, words };
}

/** Whether a text is shell syntax. */
function check(text: string, name: string): ExecResult {
  const fault = syntaxFault(withoutShiftsInParentheses(text));
  return fault === undefined ? ok() : fails(faultLines(fault, name).join('\n'), fault.status);
}

const bash =
  (context: ShellContext): Definition =>
  async (args, ctx) => {
    const wanted = asked(args);
    if (typeof wanted === 'string') return fails(wanted, 2);
    const { options, command, isInput, isCheck, isVersion, words } = wanted;
    if (isVersion) return ok(BASH_VERSION);
    if (command !== undefined) {
      const [, name = 'bash', ...rest] = words;
      if (isCheck) return check(command, `${name}: -c`);
      return execute(context, ctx, { text: command, name, args: rest, options, isCommand: true });
    }
    const [path, ...rest] = words;
    if (isInput || path === undefined) {
      const text = decodeBytesToUtf8(ctx.stdin);
      if (isCheck) return check(text, 'bash');
      return execute(context, ctx, { text, name: 'bash', args: words, options, isInput: true });
    }
    const text = await scriptAt(ctx, path, false);
    if (typeof text !== 'string') return text;
    if (isCheck) return check(text, path);
    return execute(context, ctx, { text, name: path, args: rest, options });
  };

/** A file that is called by its path. */
const called =
  (context: ShellContext): Definition =>
  async ([path = '', ...args], ctx) => {
    const text = await scriptAt(ctx, path, true);
    if (typeof text !== 'string') return text;
    const [, line] = /^#! *(.*)/.exec(text) ?? [];
    const interpreter = (line ?? 'sh').replace(/^\S*\/env +/, '').split(/\s+/);
    const program = (interpreter[0] ?? '').replace(/.*\//, '');
    if (['sh', 'bash', 'dash'].includes(program)) {
      return execute(context, ctx, { text, name: path, args, options: interpreter.slice(1) });
    }
    const words = [program, ...interpreter.slice(1), path, ...args];
    return (await ctx.exec?.(quotedWords(words), { cwd: ctx.cwd })) ?? ok();
  };

/** `env`: other variables for one command; without a command, those that there are. */
const env: Definition = async (args, ctx) => {
  let variables: Record<string, string> = { ...ctx.exportedEnv };
  const set: [string, string][] = [];
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? '';
    const [, name, value] = /^([^=]+)=([^]*)$/.exec(arg) ?? [];
    if (arg === '-i' || arg === '-' || arg === '--ignore-environment') variables = {};
    else if (arg === '-u') variables = without(variables, args[++at] ?? '');
    else if (arg.startsWith('-u') || arg.startsWith('--unset='))
      variables = without(variables, arg.replace(/^(-u|--unset=)/, ''));
    else if (name !== undefined && !arg.startsWith('-')) set.push([name, value ?? '']);
    else if (arg === '--') continue;
    else if (arg.startsWith('-')) return fails(`env: invalid option -- '${arg.slice(1)}'`, 125);
    else break;
  }
  const words = args.slice(at);
  if (words.length === 0) {
    const all = Object.entries({ ...variables, ...Object.fromEntries(set) });
    return ok(all.map(([name, value]) => `${name}=${value}\n`).join(''));
  }
  if (words[0] === 'env') {
    // No shell stands in between, which would add its folder.
    const exportedEnv = { ...variables, ...Object.fromEntries(set) };
    return env(words.slice(1), { ...ctx, exportedEnv });
  }
  const assignments = Object.entries({ ...variables, ...Object.fromEntries(set) })
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `${name}=${quotedWords([value])} `)
    .join('');
  const run = ctx.execWithInheritedStdin ?? ctx.exec;
  const result = await run?.(`${assignments}${quotedWords(words)}`, {
    cwd: ctx.cwd,
    env: variables,
    replaceEnv: true,
  });
  if (result?.exitCode !== NOT_FOUND) return result ?? ok();
  return fails(`env: '${words[0] ?? ''}': No such file or directory`, NOT_FOUND);
};

const without = (variables: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter(([key]) => key !== name));

/** All of them. */
export function bashCommands(context: ShellContext): CustomCommand[] {
  return [
    define('bash', bash(context)),
    define('sh', bash(context)),
    define(`${PREFIX}called`, called(context)),
    define('env', env),
  ];
}
