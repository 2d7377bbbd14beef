/** Turns the operations of a litmus thread into a list of functions, one for each, bound to the words of the test. */

import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import {
  POINTER_BASE,
  type LitmusExpression,
  type LitmusFlow,
  type LitmusFlowStep,
  type LitmusOperation,
  type LitmusOperator,
} from './program.js';
import { LitmusRcu } from './rcu.js';

/** One operation: `regs` are the thread's registers, `slot` the word offset of the trial from each location's base. */
export type LitmusStep = (cpu: Cpu, regs: Int32Array, slot: number) => void;

type Evaluate = (regs: Int32Array) => number;
type Locate = (regs: Int32Array, slot: number) => Addr;

const OPERATORS: Record<LitmusOperator, (a: number, b: number) => number> = {
  '+': (a, b) => (a + b) | 0,
  '-': (a, b) => (a - b) | 0,
  '*': (a, b) => Math.imul(a, b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** Value of an expression without registers, or undefined. */
function constant(expression: LitmusExpression): number | undefined {
  if (typeof expression === 'number') return expression;
  return 'loc' in expression ? POINTER_BASE + expression.loc : undefined;
}

/** Compile an expression to a function of the registers. */
export function compileExpression(expression: LitmusExpression): Evaluate {
  const value = constant(expression);
  if (value !== undefined) return () => value;
  if (typeof expression === 'number' || 'loc' in expression) throw new TypeError('unreachable');
  if ('reg' in expression) {
    const { reg } = expression;
    return (regs) => regs[reg] as number;
  }
  const apply = OPERATORS[expression.op];
  const left = compileExpression(expression.left);
  const right = compileExpression(expression.right);
  return (regs) => apply(left(regs), right(regs));
}

/** Whether an address is computed from registers, other than being one: an address dependency no backend can see. */
function isComputed(expression: LitmusExpression): boolean {
  return typeof expression === 'object' && 'op' in expression;
}

class Compiler {
  readonly #bases: readonly Addr[];
  readonly #rcu: LitmusRcu;

  constructor(bases: readonly Addr[], rcu: LitmusRcu) {
    this.#bases = bases;
    this.#rcu = rcu;
  }

  body(operations: readonly LitmusOperation[]): LitmusStep[] {
    return operations.map((operation) => this.#step(operation));
  }

  #locate(at: LitmusExpression): Locate {
    const bases = this.#bases;
    const pointer = constant(at);
    if (pointer !== undefined) {
      const base = bases[pointer - POINTER_BASE] ?? 0;
      return (_regs, slot) => base + slot;
    }
    const evaluate = compileExpression(at);
    // An address that is no pointer of this test becomes the null pointer, which every backend refuses.
    return (regs, slot) => {
      const base = bases[evaluate(regs) - POINTER_BASE];
      return base === undefined ? 0 : base + slot;
    };
  }

  #step(operation: LitmusOperation): LitmusStep {
    switch (operation.kind) {
      case 'load':
        return this.#load(operation);
      case 'store':
        return this.#store(operation);
      case 'fence':
        return fence(operation.fence);
      case 'rmw':
        return this.#rmw(operation);
      case 'cmpxchg':
        return this.#cmpxchg(operation);
      case 'bit':
        return this.#bit(operation);
      case 'lock':
      case 'unlock':
        return this.#lock(operation.kind, operation.at);
      case 'trylock': {
        const { into } = operation;
        const a = this.#locate(operation.at);
        return (cpu, regs, slot) => void (regs[into] = Number(cpu.spinTrylock(a(regs, slot))));
      }
      case 'rcu-lock':
        return (cpu) => this.#rcu.readLock(cpu);
      case 'rcu-unlock':
        return (cpu) => this.#rcu.readUnlock(cpu);
      case 'synchronize-rcu':
        return (cpu) => this.#rcu.synchronize(cpu);
      case 'let': {
        const { into } = operation;
        const value = compileExpression(operation.value);
        return (_cpu, regs) => void (regs[into] = value(regs));
      }
      case 'if':
        return this.#branch(operation);
      case 'flow':
        return this.#flow(operation);
    }
  }

  #load({ order, at, into }: LitmusOperation & { kind: 'load' }): LitmusStep {
    const a = this.#locate(at);
    const step = ((): LitmusStep => {
      switch (order) {
        case 'plain':
          return (cpu, regs, slot) => void (regs[into] = cpu.read(a(regs, slot)));
        case 'once':
          return (cpu, regs, slot) => void (regs[into] = cpu.readOnce(a(regs, slot)));
        case 'acquire':
          return (cpu, regs, slot) => void (regs[into] = cpu.loadAcquire(a(regs, slot)));
        case 'dependent':
          return (cpu, regs, slot) => void (regs[into] = cpu.rcuDereference(a(regs, slot)));
      }
    })();
    if (!isComputed(at)) return step;
    return (cpu, regs, slot) => {
      cpu.smpRmb();
      step(cpu, regs, slot);
    };
  }

  #store({ order, at, value }: LitmusOperation & { kind: 'store' }): LitmusStep {
    const a = this.#locate(at);
    const operand = compileExpression(value);
    switch (order) {
      case 'plain':
        return (cpu, regs, slot) => cpu.write(a(regs, slot), operand(regs));
      case 'once':
        return (cpu, regs, slot) => cpu.writeOnce(a(regs, slot), operand(regs));
      case 'release':
        return (cpu, regs, slot) => cpu.storeRelease(a(regs, slot), operand(regs));
    }
  }

  #rmw({ what, order, at, operand, into }: LitmusOperation & { kind: 'rmw' }): LitmusStep {
    const locate = this.#locate(at);
    const valueOf = compileExpression(operand);
    const keep = (regs: Int32Array, old: number): void => {
      if (into >= 0) regs[into] = old;
    };
    if (what === 'xchg') {
      switch (order) {
        case 'full':
          return (cpu, regs, slot) => keep(regs, cpu.xchg(locate(regs, slot), valueOf(regs)));
        case 'acquire':
          return (cpu, regs, slot) =>
            keep(regs, cpu.xchgAcquire(locate(regs, slot), valueOf(regs)));
        case 'release':
          return (cpu, regs, slot) =>
            keep(regs, cpu.xchgRelease(locate(regs, slot), valueOf(regs)));
        default:
          return (cpu, regs, slot) =>
            keep(regs, cpu.xchgRelaxed(locate(regs, slot), valueOf(regs)));
      }
    }
    switch (order) {
      case 'full':
        return (cpu, regs, slot) => keep(regs, cpu.fetchAdd(locate(regs, slot), valueOf(regs)));
      case 'acquire':
        return (cpu, regs, slot) =>
          keep(regs, cpu.fetchAddAcquire(locate(regs, slot), valueOf(regs)));
      case 'release':
        return (cpu, regs, slot) =>
          keep(regs, cpu.fetchAddRelease(locate(regs, slot), valueOf(regs)));
      case 'relaxed':
        return (cpu, regs, slot) =>
          keep(regs, cpu.fetchAddRelaxed(locate(regs, slot), valueOf(regs)));
      case 'void':
        return (cpu, regs, slot) => cpu.atomicAdd(locate(regs, slot), valueOf(regs));
    }
  }

  #cmpxchg(operation: LitmusOperation & { kind: 'cmpxchg' }): LitmusStep {
    const { order, into } = operation;
    const a = this.#locate(operation.at);
    const expected = compileExpression(operation.expected);
    const operand = compileExpression(operation.value);
    const method = (
      { full: 'cmpxchg', acquire: 'cmpxchgAcquire', release: 'cmpxchgRelease' } as const
    )[order as 'full'];
    const name = order === 'relaxed' ? 'cmpxchgRelaxed' : method;
    return (cpu, regs, slot) =>
      void (regs[into] = cpu[name](a(regs, slot), expected(regs), operand(regs)));
  }

  #bit({ what, at, bit, into }: LitmusOperation & { kind: 'bit' }): LitmusStep {
    const a = this.#locate(at);
    switch (what) {
      case 'set':
        return (cpu, regs, slot) => cpu.setBit(a(regs, slot), bit);
      case 'clear':
        return (cpu, regs, slot) => cpu.clearBit(a(regs, slot), bit);
      case 'testAndSet':
        return (cpu, regs, slot) =>
          void (regs[into] = Number(cpu.testAndSetBit(a(regs, slot), bit)));
      case 'testAndClear':
        return (cpu, regs, slot) =>
          void (regs[into] = Number(cpu.testAndClearBit(a(regs, slot), bit)));
    }
  }

  #lock(kind: 'lock' | 'unlock', at: LitmusExpression): LitmusStep {
    const a = this.#locate(at);
    if (kind === 'lock') return (cpu, regs, slot) => cpu.spinLock(a(regs, slot));
    return (cpu, regs, slot) => cpu.spinUnlock(a(regs, slot));
  }

  #flow({ steps, cut }: LitmusFlow): LitmusStep {
    const runs = steps.map((step) => (step.kind === 'run' ? this.body(step.body) : []));
    const tests = steps.map((step) =>
      step.kind === 'branch' ? compileExpression(step.condition) : (): number => 0,
    );
    const taken = new Int32Array(steps.length);
    return (cpu, regs, slot) => {
      taken.fill(0);
      for (let at = 0; at < steps.length;) {
        const step = steps[at] as LitmusFlowStep;
        if (step.kind === 'run') {
          for (const run of runs[at] as readonly LitmusStep[]) run(cpu, regs, slot);
          at++;
        } else if (step.kind === 'branch') {
          at = (tests[at] as Evaluate)(regs) === 0 ? step.target : at + 1;
        } else if (goesBack(step, at, taken)) at = step.target;
        else {
          regs[cut] = 1;
          return;
        }
      }
    };
  }

  #branch({ condition, then, otherwise }: LitmusOperation & { kind: 'if' }): LitmusStep {
    const test = compileExpression(condition);
    const yes = this.body(then);
    const no = this.body(otherwise);
    return (cpu, regs, slot) => {
      for (const step of test(regs) !== 0 ? yes : no) step(cpu, regs, slot);
    };
  }
}

/** Count a jump; false if its loop may go back no more. Loops inside begin anew. */
function goesBack(
  { target, rounds }: LitmusFlowStep & { kind: 'jump' },
  at: number,
  taken: Int32Array,
): boolean {
  if (target > at) return true;
  taken[at] = (taken[at] as number) + 1;
  if (taken[at] > rounds) return false;
  taken.fill(0, target, at);
  return true;
}

function fence(kind: 'mb' | 'rmb' | 'wmb'): LitmusStep {
  switch (kind) {
    case 'mb':
      return (cpu) => cpu.smpMb();
    case 'rmb':
      return (cpu) => cpu.smpRmb();
    case 'wmb':
      return (cpu) => cpu.smpWmb();
  }
}

/**
 * Compile the body of a thread.
 *
 * @param operations what the thread does
 * @param bases word address of each location in the first trial
 * @param sections word of each thread that says which RCU section it is in
 * @param thread number of the thread
 */
export function compileThread(
  operations: readonly LitmusOperation[],
  bases: readonly Addr[],
  sections: readonly Addr[] = [],
  thread = 0,
): LitmusStep[] {
  return new Compiler(bases, new LitmusRcu(sections, thread)).body(operations);
}
