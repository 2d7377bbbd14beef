/** The primitives of the kernel model's linux-kernel.def and the elementary instructions they stand for. */
import type {
  Expression,
  FenceKind,
  Instruction,
  RegisterId,
  RmwOperation,
  RmwOrder,
  SourceSpan,
} from './ast.js';

/** How an argument is written: a pointer, the place `*pointer`, or a value. */
export type ParameterKind = 'pointer' | 'place' | 'value';

/** Where a primitive's instructions go. */
export interface InstructionSink {
  readonly at: SourceSpan;
  emit(instruction: Instruction): void;
  /** The register meant to receive the result, or a fresh temporary. */
  result(): RegisterId;
  /** A fresh temporary. */
  temporary(): RegisterId;
  /** What srcu_read_lock() returns here. */
  cookie(): number;
}

/** A primitive: its parameters and its translation; `build` returns the value of the call, or null for a statement. */
export interface Primitive {
  readonly parameters: readonly ParameterKind[];
  build(args: readonly Expression[], sink: InstructionSink): Expression | null;
}

const ZERO: Expression = { kind: 'constant', value: 0 };
const ONE: Expression = { kind: 'constant', value: 1 };

function value(register: RegisterId): Expression {
  return { kind: 'register', register };
}

function load(order: 'once' | 'acquire', parameter: ParameterKind): Primitive {
  return {
    parameters: [parameter],
    build([address = ZERO], sink) {
      const into = sink.result();
      sink.emit({ kind: 'load', order, address, into, at: sink.at });
      return value(into);
    },
  };
}

function store(order: 'once' | 'release', parameter: ParameterKind, thenMb = false): Primitive {
  return {
    parameters: [parameter, 'value'],
    build([address = ZERO, stored = ZERO], sink) {
      sink.emit({ kind: 'store', order, address, value: stored, at: sink.at });
      if (thenMb) sink.emit({ kind: 'fence', fence: 'mb', at: sink.at });
      return null;
    },
  };
}

function fence(kind: FenceKind): Primitive {
  return {
    parameters: [],
    build(_args, sink) {
      sink.emit({ kind: 'fence', fence: kind, at: sink.at });
      return null;
    },
  };
}

function rcu(kind: 'rcu-lock' | 'rcu-unlock' | 'synchronize-rcu'): Primitive {
  return {
    parameters: [],
    build(_args, sink) {
      sink.emit({ kind, at: sink.at });
      return null;
    },
  };
}

function onAddress(kind: 'lock' | 'unlock' | 'synchronize-srcu'): Primitive {
  return {
    parameters: ['pointer'],
    build([address = ZERO], sink) {
      sink.emit({ kind, address, at: sink.at });
      return null;
    },
  };
}

function lockTest(kind: 'trylock' | 'is-locked'): Primitive {
  return {
    parameters: ['pointer'],
    build([address = ZERO], sink) {
      const into = sink.result();
      sink.emit({ kind, address, into, at: sink.at });
      return value(into);
    },
  };
}

/** Orders of value-returning atomics, by the suffix of their name. */
const SUFFIXES: readonly (readonly [string, RmwOrder])[] = [
  ['', 'full'],
  ['_relaxed', 'relaxed'],
  ['_acquire', 'acquire'],
  ['_release', 'release'],
];

function exchange(order: RmwOrder): Primitive {
  return {
    parameters: ['pointer', 'value'],
    build([address = ZERO, operand = ZERO], sink) {
      const into = sink.result();
      const at = sink.at;
      sink.emit({
        kind: 'rmw',
        operation: 'set',
        order,
        address,
        operand,
        result: 'old',
        into,
        at,
      });
      return value(into);
    },
  };
}

function compareExchange(order: RmwOrder): Primitive {
  return {
    parameters: ['pointer', 'value', 'value'],
    build([address = ZERO, expected = ZERO, replacement = ZERO], sink) {
      const into = sink.result();
      const at = sink.at;
      sink.emit({ kind: 'cmpxchg', order, address, expected, replacement, into, at });
      return value(into);
    },
  };
}

interface ArithmeticShape {
  readonly operation: RmwOperation;
  /** True when the operand is the first argument, false when it is 1. */
  readonly takesOperand: boolean;
  readonly order: RmwOrder;
  readonly result: 'old' | 'new' | 'none';
  /** Comparison of the stored value with 0 that the call returns instead of it. */
  readonly test?: '==' | '<';
}

function arithmetic({ operation, takesOperand, order, result, test }: ArithmeticShape): Primitive {
  return {
    parameters: takesOperand ? ['value', 'pointer'] : ['pointer'],
    build(args, sink) {
      const operand = takesOperand ? (args[0] ?? ONE) : ONE;
      const address = (takesOperand ? args[1] : args[0]) ?? ZERO;
      const plainResult = test === undefined ? sink.result.bind(sink) : sink.temporary.bind(sink);
      const into = result === 'none' ? -1 : plainResult();
      sink.emit({ kind: 'rmw', operation, order, address, operand, result, into, at: sink.at });
      if (result === 'none') return null;
      if (test === undefined) return value(into);
      return { kind: 'binary', operator: test, left: value(into), right: ZERO };
    },
  };
}

const addUnless: Primitive = {
  parameters: ['pointer', 'value', 'value'],
  build([address = ZERO, addend = ONE, unless = ZERO], sink) {
    const into = sink.result();
    sink.emit({ kind: 'add-unless', address, addend, unless, into, at: sink.at });
    return value(into);
  },
};

function srcuLock(acrossThreads: boolean): Primitive {
  return {
    parameters: ['pointer'],
    build([address = ZERO], sink) {
      const into = sink.result();
      const cookie = sink.cookie();
      sink.emit({ kind: 'srcu-lock', address, into, cookie, acrossThreads, at: sink.at });
      return value(into);
    },
  };
}

function srcuUnlock(acrossThreads: boolean): Primitive {
  return {
    parameters: ['pointer', 'value'],
    build([address = ZERO, cookie = ZERO], sink) {
      sink.emit({ kind: 'srcu-unlock', address, cookie, acrossThreads, at: sink.at });
      return null;
    },
  };
}

/** A guess of what a condition will be. */
const hint: Primitive = { parameters: ['value'], build: ([guessed = ZERO]) => guessed };

/** Names of arithmetic atomics: the verb in the name, the operation, and whether an operand is written. */
const ARITHMETIC: readonly (readonly [string, RmwOperation, boolean])[] = [
  ['add', 'add', true],
  ['sub', 'sub', true],
  ['inc', 'add', false],
  ['dec', 'sub', false],
  ['and', 'and', true],
  ['or', 'or', true],
  ['xor', 'xor', true],
  ['andnot', 'andnot', true],
];

function* arithmeticFamily(): Generator<[string, Primitive]> {
  for (const [verb, operation, takesOperand] of ARITHMETIC) {
    const shape = { operation, takesOperand };
    yield [`atomic_${verb}`, arithmetic({ ...shape, order: 'void', result: 'none' })];
    for (const [suffix, order] of SUFFIXES) {
      yield [`atomic_fetch_${verb}${suffix}`, arithmetic({ ...shape, order, result: 'old' })];
      if (operation !== 'add' && operation !== 'sub') continue;
      yield [`atomic_${verb}_return${suffix}`, arithmetic({ ...shape, order, result: 'new' })];
    }
  }
}

function* exchangeFamily(): Generator<[string, Primitive]> {
  for (const [suffix, order] of SUFFIXES) {
    for (const prefix of ['', 'atomic_']) {
      yield [`${prefix}xchg${suffix}`, exchange(order)];
      yield [`${prefix}cmpxchg${suffix}`, compareExchange(order)];
    }
  }
}

function test(
  operation: 'add' | 'sub',
  takesOperand: boolean,
  against: '==' | '<',
  order: RmwOrder = 'full',
): Primitive {
  return arithmetic({ operation, takesOperand, order, result: 'new', test: against });
}

/** Every primitive by its name in litmus sources. */
export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  ['READ_ONCE', load('once', 'place')],
  ['WRITE_ONCE', store('once', 'place')],
  ['smp_store_release', store('release', 'pointer')],
  ['smp_load_acquire', load('acquire', 'pointer')],
  ['rcu_assign_pointer', store('release', 'place')],
  ['rcu_dereference', load('once', 'place')],
  ['smp_store_mb', store('once', 'place', true)],
  ['smp_mb', fence('mb')],
  ['smp_rmb', fence('rmb')],
  ['smp_wmb', fence('wmb')],
  ['smp_mb__before_atomic', fence('before-atomic')],
  ['smp_mb__after_atomic', fence('after-atomic')],
  ['smp_mb__after_spinlock', fence('after-spinlock')],
  ['smp_mb__after_unlock_lock', fence('after-unlock-lock')],
  ['smp_mb__after_srcu_read_unlock', fence('after-srcu-read-unlock')],
  ['barrier', fence('barrier')],
  ...exchangeFamily(),
  ['spin_lock', onAddress('lock')],
  ['spin_unlock', onAddress('unlock')],
  ['spin_trylock', lockTest('trylock')],
  ['spin_is_locked', lockTest('is-locked')],
  ['rcu_read_lock', rcu('rcu-lock')],
  ['rcu_read_unlock', rcu('rcu-unlock')],
  ['synchronize_rcu', rcu('synchronize-rcu')],
  ['synchronize_rcu_expedited', rcu('synchronize-rcu')],
  ['srcu_read_lock', srcuLock(false)],
  ['srcu_read_unlock', srcuUnlock(false)],
  ['srcu_down_read', srcuLock(true)],
  ['srcu_up_read', srcuUnlock(true)],
  ['synchronize_srcu', onAddress('synchronize-srcu')],
  ['synchronize_srcu_expedited', onAddress('synchronize-srcu')],
  ['atomic_read', load('once', 'pointer')],
  ['atomic_set', store('once', 'pointer')],
  ['atomic_read_acquire', load('acquire', 'pointer')],
  ['atomic_set_release', store('release', 'pointer')],
  ...arithmeticFamily(),
  ['atomic_sub_and_test', test('sub', true, '==')],
  ['atomic_dec_and_test', test('sub', false, '==')],
  ['atomic_inc_and_test', test('add', false, '==')],
  ...SUFFIXES.map(([suffix, order]): [string, Primitive] => [
    `atomic_add_negative${suffix}`,
    test('add', true, '<', order),
  ]),
  ['atomic_add_unless', addUnless],
]);

/** What kernel code says to compilers and processors, which is in no model's file. */
export const HINTS: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  ['cpu_relax', fence('barrier')],
  ['likely', hint],
  ['unlikely', hint],
]);
