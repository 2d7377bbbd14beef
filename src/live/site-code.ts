/**
 * The code between the entry of a patched function and the version that runs: made anew for each site, as ftrace makes a
 * trampoline for each ops. What a site has learnt of its versions stays its own then, so that the engine can inline the handler's
 * call and the version; in one function for all sites, every call of it would be a jump through a table.
 */

import { compileFunction } from 'node:vm';
import type { DecideWord } from '../livepatch/wasm-handler.js';
import type { Addr } from '../memory/struct.js';
import type { Body } from './bodies.js';

/** What a site's code works with. */
export interface SiteParts {
  /** The site, for what its entry calls at present. */
  readonly site: { readonly ops: Addr };
  readonly decide: DecideWord;
  readonly cpu: { readonly current: Addr };
  /** What to run by decision: the original first, bodies from {@link FIRST_WORD} on. */
  readonly choices: readonly (Body | undefined)[];
  /** What to run after a decision that stands for none of the choices. */
  readonly other: (decision: number, ops: Addr) => Body;
}

/** A function with more parameters than this gets its arguments as a list. */
const MOST_PARAMETERS = 8;

/** Sites of this thread that code was made for. */
const made = { count: 0 };

/**
 * The text of a site's code. Of the function it depends only on the number of parameters. The engine shares what it
 * learns among functions of equal text; a number in each text keeps them apart.
 */
function textOf(parameters: number, number: number): string {
  const names = Array.from({ length: parameters }, (_, i) => `a${i}`).join(', ');
  return `'use strict'; // ${number}
const { site, decide, cpu, choices, other } = parts;
const slow = (decision, list) =>
  Reflect.apply(choices[decision] ?? other(decision, site.ops), undefined, list);
return function (${names}) {
  const decision = decide(site.ops, cpu.current);
  if (decision >= 0 && arguments.length === ${parameters}) {
    const body = choices[decision];
    if (body !== undefined) return body(${names});
  }
  return slow(decision, arguments);
};`;
}

/**
 * Make the code of a site.
 *
 * @param parameters how many arguments the function is made for; calls with more or fewer of them pass on all they have
 */
export function makeSiteCode(parameters: number, parts: SiteParts): Body {
  const text = textOf(Math.min(parameters, MOST_PARAMETERS), ++made.count);
  const options = { filename: 'klp-smp:site' };
  const make = compileFunction(text, ['parts'], options) as (parts: SiteParts) => Body;
  return make(parts);
}
