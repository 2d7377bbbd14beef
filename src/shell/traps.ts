/** `trap`, and the signals that the shell itself gets: their handlers run after the command that runs at the moment. */

import type { CustomCommand } from 'just-bash';
import { define, ok, Output, type CommandContext, type Definition } from './command.js';
import type { ShellContext } from './command.js';
import { SIGNAL_STATUS } from './errors.js';
import { nameOf, signalOf, signalTable } from './signals.js';
import { evalText } from './rewrite.js';
import { PREFIX } from './syntax.js';
import { quotedWords } from './quoting.js';

/** Variables that hold handlers begin so. */
const HANDLER = `${PREFIX}trap_`;
/** What else can be trapped, in the order of the list, behind the signals; the others are not known here. */
const OTHERS = ['ERR'];
const UNKNOWN = ['DEBUG', 'RETURN'];
/** Signals that a process without a handler does not notice: CHLD, CONT, URG, WINCH. */
const UNNOTICED = [17, 18, 23, 28];

/** Name of what a handler is for, as its variable has it; undefined: there is no such signal. */
function eventOf(text: string): string | undefined {
  const upper = text.toUpperCase();
  if ([...OTHERS, ...UNKNOWN].includes(upper)) return upper;
  const signal = signalOf(text);
  return signal === undefined ? undefined : signal === 0 ? 'EXIT' : nameOf(signal);
}

/** All handlers, in the order in which `trap -p` prints them. */
function handlers(ctx: CommandContext): (readonly [string, string])[] {
  const rank = (event: string): number => (OTHERS.includes(event) ? 1000 : (signalOf(event) ?? 0));
  return [...ctx.env]
    .filter(([name, text]) => name.startsWith(HANDLER) && text !== '' && name !== `${HANDLER}at`)
    .map(([name, text]) => [name.slice(HANDLER.length), text] as const)
    .sort(([a], [b]) => rank(a) - rank(b));
}

/** What stands for `trap '' SIGNAL`: an empty variable is no handler. */
const IGNORE = ':';

function listed(ctx: CommandContext, events: readonly string[]): string {
  const wanted = events.map(eventOf);
  return handlers(ctx)
    .filter(([event]) => wanted.length === 0 || wanted.includes(event))
    .map(([event, text]) => {
      const name = event === 'EXIT' || OTHERS.includes(event) ? event : `SIG${event}`;
      return `trap -- '${text === IGNORE ? '' : text.replaceAll("'", "'\\''")}' ${name}\n`;
    })
    .join('');
}

/** `trap`, with the depth of the subshell in front of its words. */
const trap: Definition = async ([depth = '0', ...words], ctx) => {
  const [first = '', ...rest] = words[0] === '--' ? words.slice(1) : words;
  if (words.length === 0 || first === '-p') return ok(listed(ctx, rest));
  if (first === '-l') return ok(signalTable());
  const isReset = rest.length === 0 || first === '-';
  const text = isReset ? '' : first === '' ? IGNORE : first;
  const out = new Output();
  for (const word of rest.length === 0 ? [first] : rest) {
    const event = eventOf(word);
    if (event === undefined) {
      out.complain(`bash: trap: ${word}: invalid signal specification`);
    } else if (UNKNOWN.includes(event)) {
      out.complain(`bash: trap: ${event} is not known here`);
    } else {
      await ctx.assignShellVariable?.(`${HANDLER}${event}`, text);
      if (event === 'EXIT') await ctx.assignShellVariable?.(`${HANDLER}at`, depth);
    }
  }
  return out.result(ctx);
};

/**
 * After a command during which the shell may have got a signal: puts what is to be executed then into a variable. The
 * text ends with the command's status.
 */
function signalled({ signals, together }: ShellContext): Definition {
  return async ([status = '0'], ctx) => {
    const texts = signals.splice(0).flatMap((signal) => {
      const text = ctx.env.get(`${HANDLER}${nameOf(signal)}`) ?? '';
      if (text !== '') return [text];
      return UNNOTICED.includes(signal) ? [] : [`exit ${SIGNAL_STATUS + signal}`];
    });
    const text = texts.map((one) => `${evalText(one, together)}\n`).join('');
    await ctx.assignShellVariable?.(
      `${PREFIX}text`,
      `${text}${PREFIX}give ${quotedWords([status])}`,
    );
    return ok();
  };
}

/** Puts a handler into a variable, with the number of the line that it is called for. */
const atLine: Definition = async ([line = '0', text = ''], ctx) => {
  await ctx.assignShellVariable?.(`${PREFIX}text`, text.replace(/\$(?:LINENO|\{LINENO\})/g, line));
  return ok();
};

/** All of them. */
export function trapCommands(context: ShellContext): CustomCommand[] {
  return [
    define(`${PREFIX}set_trap`, trap),
    define(`${PREFIX}at_line`, atLine),
    define(`${PREFIX}signalled`, signalled(context)),
  ];
}
