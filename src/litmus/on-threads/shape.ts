/** How a classic litmus shape is declared: operations by location and register name, outcomes with a grade and a reason. */

import { sequentialStates } from './interleavings.js';
import { POINTER_BASE, type LitmusOperation, type LitmusProgram } from './program.js';

/** What a final state means. */
export type LitmusGrade = 'acceptable' | 'interesting' | 'forbidden';

/** A grade, and why. */
export interface GradedOutcome {
  readonly grade: LitmusGrade;
  readonly reason: string;
}

/** The state is one that the memory model allows although no interleaving of the threads gives it. */
export function interesting(reason: string): GradedOutcome {
  return { grade: 'interesting', reason };
}

/** The memory model forbids the state. */
export function forbidden(reason: string): GradedOutcome {
  return { grade: 'forbidden', reason };
}

/** What a memory must be able to do before it can show a shape's outcome that no interleaving gives. */
export type Relaxation =
  /** Carry out a load before an older store: every processor with a store buffer. */
  | 'store-load'
  /** Reorder stores with stores or loads with loads: not total store order. */
  | 'store-store or load-load'
  /** Carry out a store before an older load. */
  | 'load-store'
  /** Show a store to some CPUs before others. */
  | 'non-multi-copy-atomic'
  /** Nothing: the model forbids every such outcome. */
  | 'none';

/** An operation by names: `x` … are locations, `r0` … registers. */
export type NamedOperation = (names: Names) => LitmusOperation;

interface Names {
  location(name: string): { readonly loc: number };
  register(name: string): number;
}

/** A shape as data. */
export interface LitmusShape {
  readonly name: string;
  readonly program: LitmusProgram;
  /** Names of the observed places, `1:r0` or `[x]`, in the order of a state's values. */
  readonly observed: readonly string[];
  readonly relaxation: Relaxation;
  /** Grade of the final state with these values. */
  grade(values: readonly number[]): GradedOutcome;
  /** The values as people read them: numbers, and names of locations for addresses. */
  format(values: readonly number[]): string;
}

/** `READ_ONCE(*at)`. */
export const readOnce = (at: string, into: string): NamedOperation => load('once', at, into);
/** Plain C load. */
export const read = (at: string, into: string): NamedOperation => load('plain', at, into);
/** `smp_load_acquire(at)`. */
export const loadAcquire = (at: string, into: string): NamedOperation => load('acquire', at, into);
/** `rcu_dereference(*at)`. */
export const rcuDereference = (at: string, into: string): NamedOperation =>
  load('dependent', at, into);
/** `WRITE_ONCE(*at, value)`; a value that is a name is the address of that location. */
export const writeOnce = (at: string, value: number | string): NamedOperation =>
  store('once', at, value);
/** Plain C store. */
export const write = (at: string, value: number): NamedOperation => store('plain', at, value);
/** `smp_store_release(at, value)` and `rcu_assign_pointer()`. */
export const storeRelease = (at: string, value: number | string): NamedOperation =>
  store('release', at, value);
/** `smp_mb()`. */
export const smpMb = (): NamedOperation => () => ({ kind: 'fence', fence: 'mb' });
/** `smp_rmb()`. */
export const smpRmb = (): NamedOperation => () => ({ kind: 'fence', fence: 'rmb' });
/** `smp_wmb()`. */
export const smpWmb = (): NamedOperation => () => ({ kind: 'fence', fence: 'wmb' });
/** `spin_lock(at)`. */
export const spinLock =
  (at: string): NamedOperation =>
  (names) => ({ kind: 'lock', at: names.location(at) });
/** `spin_unlock(at)`. */
export const spinUnlock =
  (at: string): NamedOperation =>
  (names) => ({ kind: 'unlock', at: names.location(at) });
/** `xchg(at, operand)`, fully ordered. */
export const xchg =
  (at: string, operand: number, into: string): NamedOperation =>
  (names) => ({
    kind: 'rmw',
    what: 'xchg',
    order: 'full',
    at: names.location(at),
    operand,
    into: names.register(into),
  });
/** `set_bit(0, at)`, unordered. */
export const setBit =
  (at: string): NamedOperation =>
  (names) => ({ kind: 'bit', what: 'set', at: names.location(at), bit: 0, into: -1 });
/** `test_and_clear_bit(0, at)`, fully ordered. */
export const testAndClearBit =
  (at: string, into: string): NamedOperation =>
  (names) => ({
    kind: 'bit',
    what: 'testAndClear',
    at: names.location(at),
    bit: 0,
    into: names.register(into),
  });
/** `READ_ONCE(*pointer)`, the pointer being in a register. */
export const readThrough =
  (pointer: string, into: string): NamedOperation =>
  (names) => ({
    kind: 'load',
    order: 'once',
    at: { reg: names.register(pointer) },
    into: names.register(into),
  });
/** `WRITE_ONCE(*at, register)`: a data dependency. */
export const writeRegister =
  (at: string, register: string): NamedOperation =>
  (names) => ({
    kind: 'store',
    order: 'once',
    at: names.location(at),
    value: { reg: names.register(register) },
  });

function load(
  order: 'plain' | 'once' | 'acquire' | 'dependent',
  at: string,
  into: string,
): NamedOperation {
  return (names) => ({
    kind: 'load',
    order,
    at: names.location(at),
    into: names.register(into),
  });
}

function store(
  order: 'plain' | 'once' | 'release',
  at: string,
  value: number | string,
): NamedOperation {
  return (names) => ({
    kind: 'store',
    order,
    at: names.location(at),
    value: typeof value === 'number' ? value : names.location(value),
  });
}

/** Interns names in order of appearance. */
class Table {
  readonly names: string[] = [];

  index(name: string): number {
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }
}

/** What a declaration of a shape says. */
export interface ShapeDeclaration {
  /** Initial values other than 0; a name is the address of that location. */
  readonly init?: Readonly<Record<string, number | string>>;
  /** What each thread does. */
  readonly threads: readonly (readonly NamedOperation[])[];
  /** Final values of locations to observe beside all registers. */
  readonly finals?: readonly string[];
  readonly relaxation: Relaxation;
  /** Grade of each state that no interleaving gives, by its values in print order, such as `1, 0`. */
  readonly weak: Readonly<Record<string, GradedOutcome>>;
}

const SEQUENTIAL: GradedOutcome = {
  grade: 'acceptable',
  reason: 'some interleaving of the threads gives it',
};
const UNFORESEEN: GradedOutcome = {
  grade: 'forbidden',
  reason: 'no interleaving gives it, and no reordering that the model allows',
};

/** Declare a shape. States that some interleaving gives are acceptable; all others are forbidden unless named. */
export function shape(name: string, declaration: ShapeDeclaration): LitmusShape {
  const locations = new Table();
  const threads = declaration.threads.map((operations) => {
    const registers = new Table();
    const names: Names = {
      location: (location) => ({ loc: locations.index(location) }),
      register: (register) => registers.index(register),
    };
    return { registers, body: operations.map((operation) => operation(names)) };
  });
  const { init = {}, finals = [], weak, relaxation } = declaration;
  for (const value of Object.values(init)) if (typeof value === 'string') locations.index(value);
  const program: LitmusProgram = {
    locations: locations.names.map((location) => {
      const value = init[location] ?? 0;
      return typeof value === 'number' ? value : { loc: locations.index(value) };
    }),
    threads: threads.map(({ registers, body }) => ({
      registers: registers.names.map(() => 0),
      body,
    })),
    observed: [
      ...threads.flatMap(({ registers }, thread) =>
        registers.names.map((_, reg) => ({ thread, reg })),
      ),
      ...finals.map((location) => ({ location: locations.index(location) })),
    ],
  };
  const observed = [
    ...threads.flatMap(({ registers }, thread) => registers.names.map((r) => `${thread}:${r}`)),
    ...finals.map((location) => `[${location}]`),
  ];
  const sequential = sequentialStates(program);
  const format = (values: readonly number[]): string =>
    values.map((value) => locations.names[value - POINTER_BASE] ?? value).join(', ');
  return {
    name,
    program,
    observed,
    relaxation,
    grade: (values) =>
      sequential.has(values.join(', ')) ? SEQUENTIAL : (weak[format(values)] ?? UNFORESEEN),
    format,
  };
}
