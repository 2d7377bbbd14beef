/** Translates a parsed litmus test to what real threads execute, or says why they cannot. */

import {
  NUMBER_LIMIT,
  POINTER_BASE,
  type LitmusExpression,
  type LitmusOperation,
  type LitmusPlace,
  type LitmusProgram,
  type LitmusRmwOrder,
} from './program.js';
import {
  ADDRESS_BASE,
  type Expression,
  type LitmusTest,
  type Place,
  type RmwInstruction,
  type Statement,
} from '../syntax/ast.js';
import { placesOf } from '../syntax/proposition.js';

/** A test that real threads cannot run, and why. */
export class NotOnThreads extends Error {
  override readonly name = 'NotOnThreads';
}

/** A translated test. */
export interface ThreadTest {
  readonly program: LitmusProgram;
  /** The places of `program.observed`: those of the test, then those that only its filter names. */
  readonly places: readonly Place[];
}

function number(value: number): LitmusExpression {
  if (value >= ADDRESS_BASE) return { loc: value - ADDRESS_BASE };
  if (Math.abs(value) >= NUMBER_LIMIT) throw new NotOnThreads(`the number ${value} is too large`);
  return value;
}

function expression(e: Expression): LitmusExpression {
  switch (e.kind) {
    case 'constant':
      return number(e.value);
    case 'register':
      return { reg: e.register };
    case 'binary': {
      const { operator } = e;
      if (operator === '/' || operator === '%') throw new NotOnThreads(`no operator ${operator}`);
      return { op: operator, left: expression(e.left), right: expression(e.right) };
    }
  }
}

/** An address, which on threads is one location's: the elements of an array do not follow each other. */
function address(e: Expression): LitmusExpression {
  if (e.kind === 'binary' && !isIdentity(e)) throw new NotOnThreads('address arithmetic');
  return expression(e);
}

/** Whether an expression leaves an address as it is: `p + (r & 0)` and the like are false dependencies. */
function isIdentity(e: Expression & { kind: 'binary' }): boolean {
  return e.operator === '+' && e.right.kind === 'binary' && '&^'.includes(e.right.operator);
}

function rmw(instruction: RmwInstruction): LitmusOperation[] {
  const { operation, order, into, result } = instruction;
  const at = address(instruction.address);
  const operand = expression(instruction.operand);
  if (operation !== 'set' && operation !== 'add' && operation !== 'sub') {
    throw new NotOnThreads(`no atomic ${operation}`);
  }
  const what = operation === 'set' ? 'xchg' : 'add';
  const step: LitmusExpression =
    operation === 'sub' ? { op: '-', left: 0, right: operand } : operand;
  const access = { kind: 'rmw', what, order, at, operand: step, into } as const;
  if (result !== 'new' || operation === 'set') return [access];
  const sum: LitmusExpression = { op: '+', left: { reg: into }, right: step };
  return [access, { kind: 'let', into, value: sum }];
}

function returning(order: LitmusRmwOrder): Exclude<LitmusRmwOrder, 'void'> {
  return order === 'void' ? 'relaxed' : order;
}

const FENCES = {
  mb: 'mb',
  rmb: 'rmb',
  wmb: 'wmb',
  'before-atomic': 'mb',
  'after-atomic': 'mb',
  'after-spinlock': 'mb',
  'after-unlock-lock': 'mb',
  'after-srcu-read-unlock': 'mb',
} as const;

function statement(s: Statement): LitmusOperation[] {
  switch (s.kind) {
    case 'load':
      return [{ kind: 'load', order: s.order, at: address(s.address), into: s.into }];
    case 'store': {
      const [at, value] = [address(s.address), expression(s.value)];
      return [{ kind: 'store', order: s.order, at, value }];
    }
    case 'fence':
      return s.fence === 'barrier' ? [] : [{ kind: 'fence', fence: FENCES[s.fence] }];
    case 'rmw':
      return rmw(s);
    case 'cmpxchg': {
      const [at, expected] = [address(s.address), expression(s.expected)];
      const value = expression(s.replacement);
      return [{ kind: 'cmpxchg', order: returning(s.order), at, expected, value, into: s.into }];
    }
    case 'lock':
    case 'unlock':
      return [{ kind: s.kind, at: address(s.address) }];
    case 'trylock':
      return [{ kind: 'trylock', at: address(s.address), into: s.into }];
    case 'rcu-lock':
    case 'rcu-unlock':
    case 'synchronize-rcu':
      return [{ kind: s.kind }];
    case 'assign':
      return [{ kind: 'let', into: s.into, value: expression(s.value) }];
    case 'if':
      return [
        {
          kind: 'if',
          condition: expression(s.condition),
          then: s.then.flatMap(statement),
          otherwise: s.otherwise.flatMap(statement),
        },
      ];
    default:
      throw new NotOnThreads(`no ${s.kind.replaceAll('-', ' ')} on threads`);
  }
}

/** Refuse what could wait for ever: a lock that is kept, taken in a branch or inside another, a nested grace period. */
function requireProgress(body: readonly LitmusOperation[], branch = false): void {
  let locks = 0;
  let sections = 0;
  for (const operation of body) {
    const { kind } = operation;
    if (kind === 'lock' && (branch || ++locks > 1)) {
      throw new NotOnThreads('a lock inside a lock or a branch');
    }
    if (kind === 'unlock' && !branch) locks--;
    if (kind === 'rcu-lock') sections++;
    if (kind === 'rcu-unlock') sections--;
    if (kind === 'synchronize-rcu' && sections > 0) {
      throw new NotOnThreads('a grace period inside its own section');
    }
    if (kind === 'if') {
      requireProgress(operation.then, true);
      requireProgress(operation.otherwise, true);
    }
  }
  if (!branch && locks !== 0) throw new NotOnThreads('a lock that is kept, or released unheld');
  if (sections !== 0) throw new NotOnThreads('an RCU section that is not closed where it opens');
}

function usesTrylock(body: readonly LitmusOperation[]): boolean {
  return body.some(
    (operation) =>
      operation.kind === 'trylock' ||
      (operation.kind === 'if' && usesTrylock([...operation.then, ...operation.otherwise])),
  );
}

/**
 * Translate a test.
 *
 * @throws NotOnThreads when threads cannot run it
 */
export function threadTest(test: LitmusTest): ThreadTest {
  const places = [...test.observed];
  const same = (a: Place) => (b: Place) => JSON.stringify(a) === JSON.stringify(b);
  for (const place of test.filter ? placesOf(test.filter) : []) {
    if (!places.some(same(place))) places.push(place);
  }
  const observed = places.map((place): LitmusPlace => {
    if (place.kind === 'register') return { thread: place.thread, reg: place.register };
    if (test.locations[place.location]?.kind !== 'data') {
      throw new NotOnThreads('the value of a lock is observed');
    }
    return { location: place.location };
  });
  const threads = test.threads.map(({ registers, body }) => ({
    registers: registers.map(({ init }) => number(init)),
    body: body.flatMap(statement),
  }));
  const trylock = threads.some(({ body }) => usesTrylock(body));
  const lock = threads.some(({ body }) => body.some(({ kind }) => kind === 'lock'));
  if (trylock && lock) throw new NotOnThreads('spin_trylock() beside spin_lock()');
  if (!trylock) for (const { body } of threads) requireProgress(body);
  const locations = test.locations.map(({ kind, init }) => {
    if (kind === 'lock' && init !== 0) throw new NotOnThreads('a lock that is held at the start');
    return number(init);
  });
  return { program: { locations, threads, observed }, places };
}

/** A final value of a thread, as the test's own number or address. */
export function testValue(test: LitmusTest, value: number): number {
  const location = value - POINTER_BASE;
  return location >= 0 && location < test.locations.length ? ADDRESS_BASE + location : value;
}
