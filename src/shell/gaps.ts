/** Commands in which just-bash differs from what scripts expect of the usual ones; each closes one gap. */

import { decodeBytesToUtf8, type CustomCommand } from 'just-bash';
import {
  absolute,
  define,
  fails,
  ok,
  original,
  Output,
  type Definition,
  type ShellContext,
} from './command.js';
import { diff } from './diff.js';
import { strerror } from './errors.js';
import { grep } from './grep.js';
import { IN_BACKGROUND } from './jobs.js';
import { openFor } from './nodes.js';
import { durationOf, fileKind, quoted, reasonOf, rightsOf, quotedWords } from './quoting.js';
import { SOURCED } from './rewrite-source.js';
import { syntaxFault, untilFault } from './faults.js';
import { evalText, rewrite, withStatusBefore } from './rewrite.js';
import { withoutShiftsInParentheses } from './rewrite-arithmetic.js';
import { PREFIX } from './syntax.js';

const mktemp: Definition = async (args, ctx) => {
  const template = args.filter((a) => !a.startsWith('-'))[0] ?? 'tmp.XXXXXXXXXX';
  const isDirectory = args.includes('-d');
  const folder = template.startsWith('/') ? '' : '/tmp/';
  for (let n = 0; ; n++) {
    const path = `${folder}${template.replace(/X+$/, (x) => String(n).padStart(x.length, '0'))}`;
    if (await ctx.fs.exists(path)) continue;
    if (isDirectory) await ctx.fs.mkdir(path, { recursive: true });
    else await ctx.fs.writeFile(path, '');
    return ok(`${path}\n`);
  }
};

const comm: Definition = (args, ctx) =>
  original(
    ctx,
    args.filter((a) => a !== '--nocheck-order'),
  );

/** `stat --format F` and `-c F`; `%A` as ls shows rights. */
const stat: Definition = async (args, ctx) => {
  const at = args.findIndex((a) => a === '--format' || a === '-c' || a.startsWith('--format='));
  if (at < 0) return original(ctx, args);
  const isJoined = args[at]?.startsWith('--format=') === true;
  const format = isJoined ? (args[at]?.slice('--format='.length) ?? '') : (args[at + 1] ?? '');
  const paths = args.filter((a, i) => i !== at && (isJoined || i !== at + 1) && a !== '-L');
  const out = new Output();
  for (const path of paths) {
    const target = absolute(ctx, path);
    if (!(await ctx.fs.exists(target))) {
      out.complain(`stat: cannot statx ${quoted(path, true)}: No such file or directory`);
      continue;
    }
    const found = await ctx.fs.lstat(target);
    const values: Readonly<Record<string, string>> = {
      A: rightsOf(found),
      a: (found.mode & 0o7777).toString(8),
      f: found.mode.toString(16),
      n: path,
      N: `'${path}'`,
      s: String(found.size),
      F: fileKind(found),
      u: '0',
      g: '0',
      U: 'root',
      G: 'root',
      Y: String(Math.floor(found.mtime.getTime() / 1000)),
      h: '1',
      '%': '%',
    };
    out.print(`${format.replace(/%([a-zA-Z%])/g, (all, key: string) => values[key] ?? all)}\n`);
  }
  return out.result(ctx);
};

/** `cat`, with the kernel's reason when a file cannot be read. */
const cat: Definition = async (args, ctx) => {
  if (args.some((a) => a.startsWith('-') && a !== '-')) return original(ctx, args);
  const out = new Output();
  for (const path of args.length === 0 ? ['-'] : args) {
    if (path === '-') {
      out.print(decodeBytesToUtf8(ctx.stdin));
      continue;
    }
    try {
      if (path === '') throw Object.assign(new Error(path), { code: 'ENOENT' });
      out.print(await ctx.fs.readFile(absolute(ctx, path)));
    } catch (error) {
      out.complain(`cat: ${quoted(path)}: ${reasonOf(error)}`);
    }
  }
  return out.result(ctx);
};

function sleeping({ machine, jobs }: ShellContext): Definition {
  return async (texts, ctx) => {
    if (texts.length === 0) return fails('sleep: missing operand');
    let ms = 0;
    for (const text of texts) {
      const duration = durationOf(text);
      if (duration === undefined) return fails(`sleep: invalid time interval '${text}'`);
      ms += duration;
    }
    // In the background time passes as the script in front lets it pass.
    if (ctx.env.has(IN_BACKGROUND)) await machine.passed(ms, ctx.signal);
    else await machine.sleep(ms, { signal: ctx.signal, besides: () => jobs.isBusy });
    return ok();
  };
}

/** Programs that say in words of their own that they could not write. */
const UNWRITTEN: Readonly<Record<string, (why: string) => string>> = {
  awk: (why) => `awk: close failed on file /dev/stdout (${why})`,
  diff: (why) => `diff: standard output: ${why}`,
  dmesg: (why) => `dmesg: write failed: ${why}\ndmesg: write error`,
  find: (why) => `find: 'standard output': ${why}\nfind: write error`,
  sed: (why) => `sed: couldn't flush stdout: ${why}`,
  sort: (why) => `sort: fflush failed: 'standard output': ${why}\nsort: write error`,
  yes: (why) => `yes: standard output: ${why}`,
};
/** Commands that bash has itself: it says so in front of their errors. */
const BUILTINS = new Set('bash builtin command declare echo export printf pwd set type'.split(' '));

/** What a command says if the kernel refuses what it writes. */
function unwritten(name: string, why: string): string {
  const plain = name.slice(name.lastIndexOf('/') + 1);
  if (BUILTINS.has(name)) return `bash: ${name}: write error: ${why}`;
  return Object.hasOwn(UNWRITTEN, plain)
    ? (UNWRITTEN[plain]?.(why) ?? '')
    : `${name}: write error: ${why}`;
}

/** After a redirected command whose errors go elsewhere: its status, or 1 when a file could not be opened, which is told. */
function opened({ fs }: ShellContext): Definition {
  return ([status = '0', ...written], { cwd }) => {
    const { refusal } = fs;
    if (refusal?.isOpen !== true) return Promise.resolve(fails('', Number(status)));
    fs.takeRefusal();
    const named = written.find((word) => fs.resolvePath(cwd, word) === refusal.path);
    return Promise.resolve(fails(`bash: ${named ?? refusal.path}: ${strerror(refusal.error)}`));
  };
}

/** After a redirected command: its status, or 1 when the kernel refused what was written. */
function statusOf({ fs }: ShellContext): Definition {
  return ([status = '0', name = 'bash', ...written], { cwd }) => {
    const refusal = fs.takeRefusal();
    if (refusal === undefined) return Promise.resolve(fails('', Number(status)));
    const { path, error, isOpen } = refusal;
    const why = strerror(error);
    const named = written.find((word) => fs.resolvePath(cwd, word) === path) ?? path;
    return Promise.resolve(fails(isOpen ? `bash: ${named}: ${why}` : unwritten(name, why)));
  };
}

/** Ends with the status given. */
const give: Definition = ([status = '0']) => Promise.resolve(fails('', Number(status)));

/** Whether two words are the same; `set -x` does not show it. */
const same: Definition = ([a, b]) => Promise.resolve({ ...ok(), exitCode: a === b ? 0 : 1 });

/** `declare -f`: functions as they were written, all or those that are named. */
function functions({ functionTexts }: ShellContext): Definition {
  return ([, ...names]) => {
    const wanted = names.length === 0 ? [...functionTexts.keys()] : names;
    const texts = wanted.map((name) => functionTexts.get(name));
    const isWhole = texts.every((text) => text !== undefined);
    const out = texts.filter((text) => text !== undefined).map((text) => `${text.trim()}\n`);
    return Promise.resolve({ ...ok(out.join('')), exitCode: isWhole ? 0 : 1 });
  };
}

/** `export -f`: functions for the shells that this one starts. */
function exportFunctions({ functionTexts, exportedFunctions }: ShellContext): Definition {
  return (names, ctx) => {
    const out = new Output();
    for (const name of names) {
      const text = functionTexts.get(name);
      if (text === undefined) out.complain(`bash: export: ${name}: not a function`);
      else exportedFunctions.set(name, text);
    }
    return Promise.resolve(out.result(ctx));
  };
}

/** `unset -f`: functions that are none any more. */
function unsetFunctions({ functionTexts, exportedFunctions }: ShellContext): Definition {
  return (names) => {
    for (const name of names) {
      functionTexts.delete(name);
      exportedFunctions.delete(name);
    }
    return Promise.resolve(ok());
  };
}

/** `type NAME`: a function as it was written. */
function typeOf({ functionTexts }: ShellContext): Definition {
  return async (names, ctx) => {
    const out = new Output();
    for (const name of names) {
      const text = functionTexts.get(name);
      if (text !== undefined) out.print(`${name} is a function\n${text.trim()}\n`);
      else
        out.add(
          (await ctx.exec?.(`builtin type ${quotedWords([name])}`, { cwd: ctx.cwd })) ?? ok(),
        );
    }
    return out.result(ctx);
  };
}

/** Before a command that reads a file: whether the kernel lets root open it. */
function mayBeRead({ fs }: ShellContext): Definition {
  return ([path = ''], ctx) => {
    const node = fs.node(absolute(ctx, path));
    const error = node?.kind === 'file' ? openFor(node, false) : 0;
    return Promise.resolve(error === 0 ? ok() : fails(`bash: ${path}: ${strerror(error)}`));
  };
}

/** Before a script is sourced: puts its text, rewritten, into a file whose name is in a variable. */
const script: Definition = async ([path], ctx) => {
  if (path === undefined) return fails('bash: .: filename argument required', 2);
  const file = absolute(ctx, path);
  if (!(await ctx.fs.exists(file))) return fails(`bash: ${path}: No such file or directory`);
  if ((await ctx.fs.stat(file)).isDirectory) return fails(`bash: .: ${path}: is a directory`);
  const text = await ctx.fs.readFile(file);
  const fault = syntaxFault(withoutShiftsInParentheses(text));
  const rewritten = rewrite(fault === undefined ? text : untilFault(fault, path), {
    known: () => undefined,
    source: path,
  });
  const at = `${SOURCED}${encodeURIComponent(path)}`;
  await ctx.fs.writeFile(at, rewritten);
  await ctx.assignShellVariable?.(`${PREFIX}file`, at);
  return ok();
};

/** A text for `eval`, up to where it is no shell syntax. */
function readable(text: string, where: string, line: number): string {
  const fault = syntaxFault(withoutShiftsInParentheses(text));
  return fault === undefined ? text : untilFault(fault, where, line);
}

/** Remembers the arrays among all variables, as they are declared. */
function keeping(context: ShellContext): Definition {
  return ([status = '0', text = '']) => {
    const arrays = text.match(/^declare -[aA]\w* \w+=\([^]*?\)$(?=\ndeclare |(?![^]))/gm) ?? [];
    context.arrays = arrays.filter((one) => !one.includes(` ${PREFIX}`)).join('\n');
    return Promise.resolve({ ...ok(), exitCode: Number(status) });
  };
}

/** Says where a script is no shell syntax. */
const misread: Definition = ([status = '2', ...lines]) =>
  Promise.resolve(fails(lines.join('\n'), Number(status)));

/** Says that the end of a script ends a here-document. */
const openDocument: Definition = ([name = '', last = '', line = '', delimiter = '']) =>
  Promise.resolve({
    ...ok(),
    stderr: `${name}: line ${last}: warning: here-document at line ${line} delimited by end-of-file (wanted \`${delimiter}')\n`,
  });

/** Puts the text that `eval` executes, rewritten, into a variable. */
function evaluation({ together }: ShellContext): Definition {
  // Loops evaluate the same text again and again.
  const known = new Map<string, string>();
  return async ([status = '0', line = '1', ...words], ctx) => {
    const text = words.join(' ');
    const where = `${ctx.env.get('0') ?? 'bash'}: eval`;
    const key = `${line} ${text}`;
    const rewritten = known.get(key) ?? evalText(readable(text, where, Number(line)), together);
    if (together === undefined) known.set(key, rewritten);
    await ctx.assignShellVariable?.(`${PREFIX}text`, withStatusBefore(rewritten, Number(status)));
    return ok();
  };
}

/** Words as text that a shell reads as the same words, and executes as it would the command that they are. */
const quotation: Definition = (words) => {
  const [name, ...args] = words;
  if (name === undefined) return Promise.resolve(ok());
  // A quoted name is that of a command, whatever it is; only one in plain letters is executed as something else.
  const command = /^(?:exit|trap|eval|source|\.|[\w.-]*\/[\w./-]+)$/.test(name)
    ? name
    : quotedWords([name]);
  return Promise.resolve(ok(evalText([command, quotedWords(args)].join(' '))));
};

/** The commands that close gaps. */
export function gapCommands(context: ShellContext): CustomCommand[] {
  return [
    define('grep', grep),
    define('mktemp', mktemp),
    define('comm', comm),
    define('stat', stat),
    define('diff', diff),
    define('cat', cat),
    define('sleep', sleeping(context)),
    define('__klp_status', statusOf(context)),
    define('__klp_opened', opened(context)),
    define('__klp_readable', mayBeRead(context)),
    define('__klp_give', give),
    define('__klp_misread', misread),
    define('__klp_keep', keeping(context)),
    define('__klp_open_document', openDocument),
    define('__klp_script', script),
    define('__klp_same', same),
    define('__klp_functions', functions(context)),
    define('__klp_type', typeOf(context)),
    define('__klp_export_functions', exportFunctions(context)),
    define('__klp_unset_functions', unsetFunctions(context)),
    define('__klp_eval', evaluation(context)),
    define('__klp_quote', quotation),
  ];
}
