/** How a user declares a program: what its threads share, what each of them does, and which outcomes are possible. */

import type { Grade, OutcomeRule } from '../scenario/declare.js';

/** The module that programs import from us. */
export const OWN_SPECIFIERS: ReadonlySet<string> = new Set(['klp-smp/javascript']);

/** What a thread of a program executes: an ordinary function of the user's, given what is shared and its number. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is shared has the user's own type
export type ThreadBody = (shared: any, index: number) => unknown;

/** What {@link program} takes. */
export interface ProgramDeclaration {
  /** Lower case with hyphens. Default: the name under which the file exports the program. */
  readonly name?: string;
  /** One sentence. */
  readonly description?: string;
  /** Make what the threads share: a SharedArrayBuffer, or anything that `postMessage` could send, with such buffers in it. */
  readonly shared?: () => unknown;
  /** One function for each thread, 1 to 31. They may be async, and may start workers. */
  readonly threads?: readonly ThreadBody[];
  /**
   * Instead of threads: the main module of a program, executed as `node main.js` would. `outcome` then gets one value: its exit code,
   * and what it has printed, as `{ code, stdout, stderr }`.
   */
  readonly main?: string | URL;
  /** Workers that one execution may start at most. Default 6. */
  readonly workers?: number;
  /**
   * Returns the outcome of an execution as text. It is called after all threads have ended, with what they returned and
   * what they share. Default: the returned values as JSON, separated by commas.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- these are the user's own values
  readonly outcome?: (returned: any[], shared: any) => unknown;
  /** Outcomes that must not happen, each with the reason. */
  readonly forbidden?: Readonly<Record<string, string>>;
  /** Outcomes that are worth knowing, each with the reason. */
  readonly interesting?: Readonly<Record<string, string>>;
  /** All outcomes that may happen, each with the reason; if given, any other is forbidden. */
  readonly acceptable?: Readonly<Record<string, string>>;
  /** Operations of one execution on all threads together, before it counts as one that makes no progress. Default 20,000. */
  readonly steps?: number;
}

/** A declared program. */
export interface Program extends ProgramDeclaration {
  readonly kind: 'program';
  readonly threads: readonly ThreadBody[];
}

/**
 * Declare a program over shared memory: plain JavaScript, which the explorer runs as it is, and worker threads too.
 *
 * @throws TypeError when the declaration is not one
 */
export function program(declaration: ProgramDeclaration): Program {
  checkFields(declaration);
  const { main, threads = [], workers = 0 } = declaration;
  if (main !== undefined) {
    if (typeof main !== 'string' && !((main as unknown) instanceof URL)) {
      throw new TypeError('program(): `main` is the path of a module, or a URL');
    }
    if (threads.length > 0) throw new TypeError('program(): either `main` or `threads`');
    return { ...declaration, kind: 'program', threads };
  }
  if (!Number.isInteger(workers) || workers < 0 || threads.length + workers > 31) {
    throw new TypeError('program(): `workers` is a number, at most 31 with the threads');
  }
  if (!Array.isArray(threads) || threads.length < 1 || threads.length > 31) {
    throw new TypeError('program(): `threads` is a list of 1 to 31 functions');
  }
  if (threads.some((thread) => typeof thread !== 'function')) {
    throw new TypeError('program(): each of `threads` is a function');
  }
  return { ...declaration, kind: 'program', threads };
}

type Field = readonly [is: (value: unknown) => boolean, what: string];

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const A_FUNCTION: Field = [(value) => typeof value === 'function', 'a function'];
const A_TEXT: Field = [isText, 'text'];
const REASONS: Field = [
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isText),
  'an object that gives the reason, as text, for each outcome',
];
/** The function itself checks these. */
const LATER: Field = [() => true, ''];

const FIELDS: Readonly<Record<keyof ProgramDeclaration, Field>> = {
  name: [
    (value) => typeof value === 'string' && /^[A-Za-z_$][\w$-]*$/.test(value),
    'text of letters, digits and hyphens',
  ],
  description: A_TEXT,
  shared: A_FUNCTION,
  threads: LATER,
  main: LATER,
  workers: LATER,
  outcome: A_FUNCTION,
  forbidden: REASONS,
  interesting: REASONS,
  acceptable: REASONS,
  steps: [isCount, 'a number of operations, 1 or more'],
};

function checkFields(declaration: unknown): void {
  if (typeof declaration !== 'object' || declaration === null) {
    throw new TypeError('program() takes an object with `threads` or `main`');
  }
  for (const [name, value] of Object.entries(declaration)) {
    // A program may be declared from another: `{ ...ring, forbidden }`.
    if (name === 'kind' && value === 'program') continue;
    const field = Object.hasOwn(FIELDS, name)
      ? FIELDS[name as keyof ProgramDeclaration]
      : undefined;
    if (field === undefined) {
      const known = Object.keys(FIELDS).join(', ');
      throw new TypeError(`program(): no field is called \`${name}\`; there are ${known}`);
    }
    const [is, what] = field;
    if (value !== undefined && !is(value)) throw new TypeError(`program(): \`${name}\` is ${what}`);
  }
}

/** Whether a value is what {@link program} returned. */
export function isProgram(value: unknown): value is Program {
  return (value as { kind?: unknown } | null | undefined)?.kind === 'program';
}

/** What a program declares about its outcomes. */
export type OutcomeRules = Pick<ProgramDeclaration, 'forbidden' | 'interesting' | 'acceptable'>;

/** Grade of an outcome and the reason for it. */
export function gradeOfOutcome(program: OutcomeRules, outcome: string): OutcomeRule {
  const { forbidden = {}, interesting = {}, acceptable } = program;
  const rule = (grade: Grade, reason: string): OutcomeRule => ({ grade, reason });
  if (Object.hasOwn(forbidden, outcome)) return rule('forbidden', forbidden[outcome] ?? '');
  if (Object.hasOwn(interesting, outcome)) return rule('interesting', interesting[outcome] ?? '');
  if (acceptable === undefined) return rule('acceptable', 'not listed as forbidden');
  if (Object.hasOwn(acceptable, outcome)) return rule('acceptable', acceptable[outcome] ?? '');
  return rule('forbidden', 'an outcome that the program does not list');
}

/** The outcome that a program has by default. */
export function defaultOutcome(returned: readonly unknown[]): string {
  let text = '';
  for (let i = 0; i < returned.length; i++) text += (i === 0 ? '' : ', ') + shown(returned[i]);
  return text;
}

function shown(value: unknown): string {
  if (value === undefined) return '-';
  // The same text as JSON gives for the most usual values, but faster: this runs after every execution.
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  return JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
}
