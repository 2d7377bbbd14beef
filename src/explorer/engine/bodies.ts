/** Which bodies of a scenario are kernel code that the explorer can execute, and where in the user's file the others are. */

import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import type { KernelBody, Machine, Scenario } from '../../scenario/declare.js';

/** Body of a CPU that has nothing to do; in the form that resumable code has. */
export const nothing = function* (): Generator<undefined, void, undefined> {
  // Ends at once.
} as unknown as KernelBody;

/** What a function of kernel code became in the resumable build. */
const CODE = nothing.constructor as new () => object;

/** Any function of a scenario. */
export type Written = (...args: never) => unknown;

/** Thrown for a body that cannot be explored, or another function of a scenario that does what it must not. The caller, who knows the file, adds the place. */
export class ForeignBody extends UsageError {
  readonly #body: Written | string;

  /** @param body the body, or the name of its scenario if the fault is in no body */
  constructor(message: string, body: Written | string) {
    super(message);
    this.#body = body;
  }

  /** The same with file and line, as far as they can be told. */
  in(file: string): UsageError {
    const line = existsSync(file) ? lineIn(readFileSync(file, 'utf8'), this.#body) : undefined;
    return new UsageError(`${file}${line === undefined ? '' : `:${line}`}: ${this.message}`);
  }
}

/** Text of a body, without what the build has added to it. */
const textOf = (body: Written): string =>
  String(body).replaceAll(/ ?cpu\.tellsLoops && cpu\.\w+\([^;]*\);/g, '');

/** Line of a function, or of a scenario's name, in a file, from 1. */
function lineIn(code: string, body: Written | string): number | undefined {
  if (typeof body === 'string') {
    const name = ["'", '"', '`'].map((quote) => code.indexOf(`${quote}${body}${quote}`));
    const first = name.find((index) => index >= 0);
    return first === undefined ? undefined : code.slice(0, first).split('\n').length;
  }
  // The build writes `function*` and changes what follows.
  const [head = ''] = textOf(body)
    .replace(/^function\*/, 'function')
    .split('{');
  const inner = textOf(body).split('{')[1] ?? '';
  const first = /[^\s;][^\n;]*/.exec(inner.replace(/^\s*return /, ''))?.[0].trim() ?? '';
  const named = body.name === '' ? -1 : code.search(new RegExp(`\\b${body.name}\\b`));
  const known = [head.trim(), first].find((text) => text.length > 3 && code.includes(text));
  const at = known === undefined ? named : code.indexOf(known);
  return at < 0 ? undefined : code.slice(0, at).split('\n').length;
}

/** Whether a preparation does nothing. The name of its parameter does not matter. */
function isIdle(body: KernelBody): boolean {
  const text = textOf(body);
  const [, parameter] = /^[^(]*\(\s*(\w+)/.exec(text) ?? [];
  return parameter === undefined || text.split(new RegExp(`\\b${parameter}\\b`)).length <= 2;
}

const nameOf = (body: KernelBody): string => (body.name === '' ? 'without a name' : body.name);

/** Refuse bodies that the build did not take for kernel code, and those that do nothing with their CPU. */
export function checkBodies({ name }: Scenario, { bodies, prepare: first }: Machine): void {
  const preparing = first !== undefined && !isIdle(first) ? [first] : [];
  for (const body of [...bodies, ...preparing]) {
    if (!(body instanceof CODE)) {
      throw new ForeignBody(
        `scenario ${name}: the body ${nameOf(body)} is no kernel code: its first parameter has to be named cpu`,
        body,
      );
    }
    const text = textOf(body);
    if (/\bcpu\b/.test(text.slice(text.indexOf('{')))) continue;
    throw idle(name, body);
  }
}

const idle = (name: string, body: KernelBody): ForeignBody =>
  new ForeignBody(
    `scenario ${name}: the body ${nameOf(body)} executes no operation of its cpu: what it does otherwise, with Atomics for instance, is not explored`,
    body,
  );

/** Operations that are no scheduling points, calls of other kernel code, and fences. */
const UNCOUNTED =
  /\bcpu\.(?:get|set|peek|fetch|trace|kick|roundBegins|roundEnds|giveWay|mayRest|answersAsleep|syncCore|ablates|smp\w+|preempt\w+)\(|yield\*/;

/** Refuse a body that has ended without any operation. */
export function checkExecuted(
  { name }: Scenario,
  { bodies, interrupt }: Machine,
  cpus: readonly { readonly count: number; readonly body: unknown }[],
): void {
  if (interrupt !== undefined) return;
  for (const [i, body] of bodies.entries()) {
    const { count = 2, body: left } = cpus[i] ?? {};
    if (left === undefined && count <= 1 && !UNCOUNTED.test(String(body))) throw idle(name, body);
  }
}
