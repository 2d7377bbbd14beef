/**
 * The code between the entry of a patched function and the version that runs: made anew for each site, as ftrace makes a
 * trampoline for each ops. It names the versions of its site one by one. So each place that calls knows one function only,
 * whichever versions run at the moment, and the engine can inline all of them. One function for all sites would go through a
 * table, and every call would be a jump.
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
  /** The versions of the site's function, the original first, each with the decision for it. */
  readonly versions: readonly Version[];
  /** What to run after a decision for none of them. */
  readonly other: (decision: number) => Body;
}

/** A version, and the decision for it. */
export interface Version {
  readonly decision: number;
  readonly body: Body;
}

/** A function with more parameters than this gets its arguments as a list. */
const MOST_PARAMETERS = 8;

/** Sites of this thread that code was made for. */
const made = { count: 0 };

/** Parameters without defaults, rest or patterns; a name alone is that of an arrow function. */
const PLAIN =
  /^(?:async\b\s*)?(?:(?:function\b\s*\*?\s*[\w$]*\s*)?\((?<list>[\w$\s,]*)\)|[\w$]+\s*=>)/;
/** What a function can see its arguments with, other than by its parameters; and where its text does not tell. */
const SEES_MORE = /arguments|eval|\\u|\[native code\]/;

/**
 * How many arguments a function can see, whatever it is called with.
 *
 * @returns Infinity when it may see all, and how many they are
 */
export function argumentsSeenBy(body: Body): number {
  const text = Function.prototype.toString.call(body);
  const found = PLAIN.exec(text);
  // A function that is not strict shows its arguments to others, as a property.
  if (found === null || SEES_MORE.test(text) || Object.hasOwn(body, 'arguments')) return Infinity;
  const list = found.groups?.['list'];
  return list === undefined ? 1 : list.split(',').filter((name) => name.trim() !== '').length;
}

/** How many parameters a site's code has, and whether it must hand on exactly as many arguments as it got. */
function parametersOf(versions: readonly Version[]): { count: number; isExact: boolean } {
  const seen = Math.max(...versions.map(({ body }) => argumentsSeenBy(body)));
  const isExact = seen > MOST_PARAMETERS;
  const count = isExact ? Math.min(versions[0]?.body.length ?? 0, MOST_PARAMETERS) : seen;
  return { count, isExact };
}

/**
 * The text of a site's code. The engine shares what it learns among functions of equal text; a number in each text keeps
 * them apart.
 */
function textOf(versions: readonly Version[], number: number): string {
  const { count, isExact } = parametersOf(versions);
  const names = Array.from({ length: count }, (_, i) => `a${i}`).join(', ');
  const cases = versions.map(({ decision }, i) => `case ${decision}: return v${i}(${names});`);
  return `'use strict'; // ${number}
const { site, decide, cpu, slow } = parts;
const [${versions.map((_, i) => `v${i}`).join(', ')}] = parts.bodies;
return function (${names}) {
  const decision = decide(site.ops, cpu.current);
  ${isExact ? `if (arguments.length === ${count}) ` : ''}switch (decision) {
    ${cases.join('\n    ')}
  }
  return slow(decision, arguments);
};`;
}

/** Make the code of a site. It hands on all arguments that the version can see. */
export function makeSiteCode({ site, decide, cpu, versions, other }: SiteParts): Body {
  const options = { filename: 'klp-smp:site' };
  const text = textOf(versions, ++made.count);
  const make = compileFunction(text, ['parts'], options) as (parts: object) => Body;
  const slow = (decision: number, list: ArrayLike<unknown>): unknown => {
    const known = versions.find((version) => version.decision === decision);
    return Reflect.apply(known?.body ?? other(decision), undefined, list) as unknown;
  };
  return make({ site, decide, cpu, slow, bodies: versions.map(({ body }) => body) });
}
