/** What the dispatch benchmarks call: eight functions with two patches, and hand-written states of their stacks. */

import { FTRACE_FN_KLP, FTRACE_OPS } from '../src/kernel/ftrace.js';
import { LIST } from '../src/kernel/list.js';
import {
  KLP_FUNC,
  KLP_OPS,
  KLP_PATCHED,
  KLP_UNDEFINED,
  KLP_UNPATCHED,
} from '../src/livepatch/layout.js';
import type { Addr } from '../src/memory/struct.js';
import { BODY_WORD, compileProgram, type JavaScriptPatch } from '../src/live/bodies.js';
import type { Dispatcher } from '../src/live/dispatch.js';
import type * as bodyModule from './dispatch-body.js';
import { FUNCTIONS, type Fn, type FnSite } from './dispatch-loop.js';

const PER_PATCH = 6;
const BODIES = FUNCTIONS + 2 * PER_PATCH;

/** Which bodies ran on this thread. */
export const ran = new Uint8Array(BODIES);

const bodies = await Promise.all(
  Array.from({ length: BODIES }, async (_, id) => {
    const file = `./dispatch-body.js?body=${id}`;
    const { makeBody } = (await import(file)) as typeof bodyModule;
    return makeBody(ran, id);
  }),
);

const nameOf = (i: number): string => `f${i}`;

/** The names of the functions. */
export const NAMES = Array.from({ length: FUNCTIONS }, (_, i) => nameOf(i));

function patch(firstFunction: number, firstBody: number, replace: boolean): JavaScriptPatch {
  const functions: Record<string, Fn> = {};
  for (let i = 0; i < PER_PATCH; i++) {
    functions[nameOf(firstFunction + i)] = bodies[firstBody + i] as Fn;
  }
  return { replace, functions };
}

/** The patches of the churn: the second takes the place of the first, with nops for two functions. */
export const PATCHES = ['lp_fix', 'lp_all'] as const;

/** The program. */
export const PROGRAM = compileProgram({
  functions: Object.fromEntries(NAMES.map((name, i) => [name, bodies[i] as Fn])),
  patches: {
    [PATCHES[0]]: patch(0, FUNCTIONS, false),
    [PATCHES[1]]: patch(2, FUNCTIONS + PER_PATCH, true),
  },
});

/** The originals. */
export const TABLE: readonly Fn[] = bodies.slice(0, FUNCTIONS);

/** A state of the functions' stacks and of the calling task. */
export interface Case {
  readonly name: string;
  readonly depth: number;
  readonly isInTransition?: boolean;
  readonly isNop?: boolean;
  readonly patchState?: number;
}

/** Every case that has an ops. */
export const CASES: readonly Case[] = [
  { name: 'patched, stack of 1', depth: 1 },
  { name: 'patched, stack of 2', depth: 2 },
  { name: 'patched, stack of 4', depth: 4 },
  { name: 'patched, stack of 8', depth: 8 },
  { name: 'in transition, task patched', depth: 1, isInTransition: true, patchState: KLP_PATCHED },
  {
    name: 'in transition, task not patched',
    depth: 1,
    isInTransition: true,
    patchState: KLP_UNPATCHED,
  },
  { name: 'nop of a replace patch', depth: 2, isNop: true },
];

/** Patch state of the caller in a case. */
export const patchStateIn = ({ patchState }: Case): number => patchState ?? KLP_UNDEFINED;

const MOST = 8;
const TEXT_WORDS = BODY_WORD + 1;
const FUNC_WORDS = KLP_FUNC.size + TEXT_WORDS;
const STACK_WORDS = KLP_OPS.size + MOST * FUNC_WORDS;

/** Words that the states of all cases take. */
export const CASE_WORDS = CASES.length * FUNCTIONS * STACK_WORDS;

const opsOf = (base: Addr, at: number, i: number): Addr =>
  base + (at * FUNCTIONS + i) * STACK_WORDS;

/** The body of a version of a function: the newest is of a patch that has the function. */
function patchedBody(i: number, n: number): number {
  const versions = PROGRAM.versions[i] as readonly number[];
  return versions[1 + (n % (versions.length - 1))] as number;
}

function writeStack(words: Int32Array, ops: Addr, spec: Case, i: number): void {
  words[ops + KLP_OPS.fops + FTRACE_OPS.func] = FTRACE_FN_KLP;
  let link = ops + KLP_OPS.funcStack;
  for (let n = 0; n < spec.depth; n++) {
    const func = ops + KLP_OPS.size + n * FUNC_WORDS;
    const text = func + KLP_FUNC.size;
    words[text + BODY_WORD] = patchedBody(i, n);
    words[func + KLP_FUNC.newFunc] = text;
    if (n === 0 && spec.isInTransition === true) words[func + KLP_FUNC.transition] = 1;
    if (n === 0 && spec.isNop === true) words[func + KLP_FUNC.nop] = 1;
    words[link + LIST.next] = func + KLP_FUNC.stackNode;
    link = func + KLP_FUNC.stackNode;
  }
  words[link + LIST.next] = ops + KLP_OPS.funcStack;
}

/** Write the states of all cases to the {@link CASE_WORDS} words at `base`. */
export function writeCases(words: Int32Array, base: Addr): void {
  CASES.forEach((spec, at) => {
    for (let i = 0; i < FUNCTIONS; i++) writeStack(words, opsOf(base, at, i), spec, i);
  });
}

/** The sites of all functions as they are, which is unpatched. */
export const realSites = (dispatcher: Dispatcher): FnSite[] =>
  NAMES.map((name) => dispatcher.site(name));

/** The sites of all functions in a case. */
export function caseSites(dispatcher: Dispatcher, base: Addr, at: number): FnSite[] {
  return NAMES.map((name, i) => dispatcher.siteCalling(name, opsOf(base, at, i) + KLP_OPS.fops));
}
