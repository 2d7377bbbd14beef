/** Translates a parsed litmus test to what real threads execute, or says why they cannot. */

import {
  NUMBER_LIMIT,
  POINTER_BASE,
  type LitmusExpression,
  type LitmusFlowStep,
  type LitmusOperation,
  type LitmusPlace,
  type LitmusProgram,
  type LitmusRmwOrder,
} from './program.js';
import type {
  Expression,
  LitmusTest,
  Place,
  RmwInstruction,
  SourceSpan,
  Statement,
} from '../syntax/ast.js';
import { stepsOf, type Step } from '../syntax/steps.js';
import { lockLocations, mixedLockAccess } from '../syntax/locks.js';
import { hasJumps } from '../syntax/walk.js';
import { addressIn, isPointer, locationOf } from '../syntax/values.js';
import { mayPoint, pointerFlow, type PointerFlow } from './pointers.js';
import { placesOf } from '../syntax/proposition.js';

/** A test that real threads cannot run, and why. */
export class NotOnThreads extends Error {
  override readonly name = 'NotOnThreads';
  /** Does the message say where? */
  readonly isPlaced: boolean;

  constructor(reason: string, place = '') {
    super(place + reason);
    this.isPlaced = place !== '';
  }
}

/** A translated test. */
export interface ThreadTest {
  readonly program: LitmusProgram;
  /** The places of `program.observed`: those of the test, then those that only its filter names. What follows there says
   * of each thread with loops whether its loops went on for longer than they may. */
  readonly places: readonly Place[];
  /** May a register or a location hold a pointer? */
  readonly hasPointers: boolean;
}

/** Whether an expression is 0 whatever its registers hold: what a false dependency adds. */
function isZero(e: Expression): boolean {
  if (e.kind !== 'binary') return e.kind === 'constant' && e.value === 0;
  if (e.operator === '&' || e.operator === '*') return isZero(e.left) || isZero(e.right);
  const same = JSON.stringify(e.left) === JSON.stringify(e.right);
  return same && (e.operator === '^' || e.operator === '-');
}

/** Operators that may compare pointers. */
const COMPARISONS = new Set(['==', '!=', '&&', '||']);

/** Translates the statements of one thread. */
class Translator {
  readonly #test: LitmusTest;
  readonly #flow: PointerFlow;
  readonly #registers: ReadonlySet<number>;

  constructor(test: LitmusTest, flow: PointerFlow, thread: number) {
    this.#test = test;
    this.#flow = flow;
    this.#registers = flow.registers[thread] ?? new Set();
  }

  body(statements: readonly Statement[]): LitmusOperation[] {
    return statements.flatMap((s) => this.#placed(s.at, () => this.#statement(s)));
  }

  number(value: number): LitmusExpression {
    const location = locationOf(this.#test, value);
    if (location >= 0) return { loc: location };
    if (isPointer(value)) throw new NotOnThreads('a pointer beyond its object');
    if (Math.abs(value) >= NUMBER_LIMIT) throw new NotOnThreads(`the number ${value} is too large`);
    return value;
  }

  expression(expression: Expression): LitmusExpression {
    switch (expression.kind) {
      case 'constant':
        return this.number(expression.value);
      case 'register':
        return { reg: expression.register };
      case 'binary':
        return this.#binary(expression);
    }
  }

  #binary({ operator, left, right }: Expression & { kind: 'binary' }): LitmusExpression {
    if (operator === '/' || operator === '%') throw new NotOnThreads(`no operator ${operator}`);
    const points = [left, right].some((side) => mayPoint(side, this.#registers));
    if (points && !COMPARISONS.has(operator)) {
      const kept = operator === '+' && (isZero(left) || isZero(right));
      if (!kept && !isZero({ kind: 'binary', operator, left, right })) {
        throw new NotOnThreads('pointer arithmetic');
      }
    }
    return { op: operator, left: this.expression(left), right: this.expression(right) };
  }

  #rmw(instruction: RmwInstruction): LitmusOperation[] {
    const { operation, order, into, result } = instruction;
    const at = this.expression(instruction.address);
    const operand = this.expression(instruction.operand);
    if (operation !== 'set' && operation !== 'add' && operation !== 'sub') {
      throw new NotOnThreads(`no atomic ${operation}`);
    }
    if (operation !== 'set' && this.#flow.inMemory) throw new NotOnThreads('pointer arithmetic');
    const what = operation === 'set' ? 'xchg' : 'add';
    const step: LitmusExpression =
      operation === 'sub' ? { op: '-', left: 0, right: operand } : operand;
    const access = { kind: 'rmw', what, order, at, operand: step, into } as const;
    if (result !== 'new' || operation === 'set') return [access];
    const sum: LitmusExpression = { op: '+', left: { reg: into }, right: step };
    return [access, { kind: 'let', into, value: sum }];
  }

  /** A whole thread that has loops or other jumps. */
  flow(steps: readonly Step[], cut: number): LitmusOperation[] {
    const translated = steps.map((step): LitmusFlowStep => {
      if (step.kind === 'jump') return { kind: 'jump', target: step.target, rounds: step.rounds };
      const { at } = step.kind === 'branch' ? step : step.instruction;
      return this.#placed(at, () => {
        if (step.kind === 'branch') {
          const condition = this.expression(step.condition);
          return { kind: 'branch', condition, target: step.target };
        }
        const { instruction } = step;
        if (/lock|rcu/.test(instruction.kind)) {
          throw new NotOnThreads('a lock or RCU in a thread with loops or jumps');
        }
        return { kind: 'run', body: this.#statement(instruction) };
      });
    });
    return [{ kind: 'flow', steps: translated, cut }];
  }

  #placed<T>({ line, column }: SourceSpan, translate: () => T): T {
    try {
      return translate();
    } catch (error) {
      if (!(error instanceof NotOnThreads) || error.isPlaced) throw error;
      throw new NotOnThreads(error.message, `${this.#test.file}:${line}:${column}: `);
    }
  }

  #statement(statement: Statement): LitmusOperation[] {
    switch (statement.kind) {
      case 'load':
        return [
          {
            kind: 'load',
            order: statement.order,
            at: this.expression(statement.address),
            into: statement.into,
          },
        ];
      case 'store': {
        const [at, value] = [this.expression(statement.address), this.expression(statement.value)];
        return [{ kind: 'store', order: statement.order, at, value }];
      }
      case 'fence':
        return statement.fence === 'barrier'
          ? []
          : [{ kind: 'fence', fence: FENCES[statement.fence] }];
      case 'rmw':
        return this.#rmw(statement);
      case 'cmpxchg': {
        const [at, expected] = [
          this.expression(statement.address),
          this.expression(statement.expected),
        ];
        const value = this.expression(statement.replacement);
        return [
          {
            kind: 'cmpxchg',
            order: returning(statement.order),
            at,
            expected,
            value,
            into: statement.into,
          },
        ];
      }
      case 'lock':
      case 'unlock':
        return [{ kind: statement.kind, at: this.expression(statement.address) }];
      case 'trylock':
        return [{ kind: 'trylock', at: this.expression(statement.address), into: statement.into }];
      case 'rcu-lock':
      case 'rcu-unlock':
      case 'synchronize-rcu':
        return [{ kind: statement.kind }];
      case 'assign':
        return [{ kind: 'let', into: statement.into, value: this.expression(statement.value) }];
      case 'if': {
        const condition = this.expression(statement.condition);
        const [then, otherwise] = [this.body(statement.then), this.body(statement.otherwise)];
        return [{ kind: 'if', condition, then, otherwise }];
      }
      default:
        throw new NotOnThreads(`no ${statement.kind.replaceAll('-', ' ')} on threads`);
    }
  }
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

/**
 * Refuse what could wait for ever: a lock that is never released, or is taken in a branch or inside another lock; a
 * nested grace period.
 */
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
  const used = lockLocations(test);
  const observed = places.map((place): LitmusPlace => {
    if (place.kind === 'register') return { thread: place.thread, reg: place.register };
    if (test.locations[place.location]?.kind !== 'data' || used.has(place.location)) {
      throw new NotOnThreads('the value of a lock is observed');
    }
    return { location: place.location };
  });
  const mixed = mixedLockAccess(test);
  if (mixed !== undefined) {
    const { line, column } = mixed.at;
    throw new NotOnThreads('an ordinary access to a lock', `${test.file}:${line}:${column}: `);
  }
  const flow = pointerFlow(test);
  const threads = test.threads.map(({ registers, body }, thread) => {
    const translator = new Translator(test, flow, thread);
    const initial = registers.map(({ init }) => translator.number(init));
    if (!hasJumps(body)) return { registers: initial, body: translator.body(body) };
    const cut = registers.length;
    return { registers: [...initial, 0], body: translator.flow(stepsOf(test, thread), cut) };
  });
  const cuts = threads.flatMap(({ body }, thread): LitmusPlace[] =>
    body.flatMap((o) => (o.kind === 'flow' ? [{ thread, reg: o.cut }] : [])),
  );
  const trylock = threads.some(({ body }) => usesTrylock(body));
  const lock = threads.some(({ body }) => body.some(({ kind }) => kind === 'lock'));
  if (trylock && lock) throw new NotOnThreads('spin_trylock() beside spin_lock()');
  if (!trylock) for (const { body } of threads) requireProgress(body);
  const initial = new Translator(test, flow, -1);
  const locations = test.locations.map(({ kind, init }) => {
    if (kind === 'lock' && init !== 0) throw new NotOnThreads('a lock that is held at the start');
    return initial.number(init);
  });
  const hasPointers = flow.inMemory || flow.registers.some(({ size }) => size > 0);
  const program = { locations, threads, observed: [...observed, ...cuts] };
  return { program, places, hasPointers };
}

/** A final value of a thread, as the test's own number or address. */
export function testValue(test: LitmusTest, { hasPointers }: ThreadTest, value: number): number {
  const location = value - POINTER_BASE;
  const points = hasPointers && location >= 0 && location < test.locations.length;
  return points ? addressIn(test.locations, location) : value;
}
