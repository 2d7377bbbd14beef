/** Commands that compute what scripts write as `$((…))`, `((…))` and `let`, and `printf` with numbers of 64 bits. */

import type { CustomCommand } from 'just-bash';
import { ArithmeticError, evaluate } from './arithmetic.js';
import { define, fails, ok, type CommandContext, type Definition } from './command.js';

/** Evaluate an expression over a shell's variables. What it assigns is in the shell only after {@link keep}. */
function compute(
  text: string,
  ctx: CommandContext,
): { readonly value: bigint; readonly assigned: ReadonlyMap<string, bigint> } {
  const assigned = new Map<string, bigint>();
  const value = evaluate(text, {
    get: (name) => assigned.get(name)?.toString() ?? ctx.env.get(name),
    set: (name, to) => {
      assigned.set(name, to);
    },
  });
  return { value, assigned };
}

async function keep(assigned: ReadonlyMap<string, bigint>, ctx: CommandContext): Promise<void> {
  for (const [name, value] of assigned) await ctx.assignShellVariable?.(name, String(value));
}

/** Run a command whose expressions may be refused. */
const refusable =
  (run: Definition): Definition =>
  async (args, ctx) => {
    try {
      return await run(args, ctx);
    } catch (error) {
      if (!(error instanceof ArithmeticError)) throw error;
      return fails(`bash: ${args[args.length - 1]?.trim() ?? ''}: ${error.message}`);
    }
  };

/** Print the value of an expression that changes nothing. */
const arithmetic: Definition = ([text = ''], ctx) =>
  Promise.resolve(ok(String(compute(text, ctx).value)));

/** Put the value of an expression into a variable. */
const computeInto: Definition = async ([name = '', text = ''], ctx) => {
  const { value, assigned } = compute(text, ctx);
  await keep(assigned, ctx);
  await ctx.assignShellVariable?.(name, String(value));
  return ok();
};

/** `let`: evaluate each word; the status is 1 if the last value is 0. */
const letCommand: Definition = async (words, ctx) => {
  if (words.length === 0) return fails('bash: let: expression expected');
  let last = 0n;
  for (const text of words) {
    const { value, assigned } = compute(text, ctx);
    await keep(assigned, ctx);
    last = value;
  }
  return { ...ok(), exitCode: last === 0n ? 1 : 0 };
};

/** All of them. */
export function arithmeticCommands(): CustomCommand[] {
  return [
    define('__klp_arithmetic', refusable(arithmetic)),
    define('__klp_compute', refusable(computeInto)),
    define('__klp_let', refusable(letCommand)),
  ];
}
