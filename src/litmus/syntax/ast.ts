/** What a litmus test is once parsed: locations, threads of elementary instructions, and the condition asked about its final states. */

import type { LitmusOperator } from '../on-threads/program.js';

/** Index into {@link LitmusTest.locations}. */
export type LocationId = number;

/** Index into {@link LitmusThread.registers}. */
export type RegisterId = number;

/** Where a statement stands in its file; lines and columns count from 1. */
export interface SourceSpan {
  readonly line: number;
  readonly column: number;
  /** The statement as written, on one line. */
  readonly text: string;
}

/** What a location is used for: plain and marked data, a spinlock, or an SRCU domain. */
export type LocationKind = 'data' | 'lock' | 'srcu';

/** A shared variable. */
export interface LitmusLocation {
  readonly name: string;
  readonly kind: LocationKind;
  /** Value before any thread runs; see values.ts. */
  readonly init: number;
  /** Elements of the array that begins here; an object of its own otherwise. */
  readonly size?: number;
  /** Place in the array that this is an element of; 0 otherwise. */
  readonly index?: number;
}

/** Operators of pure expressions; comparisons and logical operators give 0 or 1. */
export type BinaryOperator = LitmusOperator | '/' | '%';

/** A pure expression: reads registers, never memory. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'register'; readonly register: RegisterId }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Ordering of a load: `plain` is a C access, `once` READ_ONCE and rcu_dereference, `acquire` smp_load_acquire. */
export type LoadOrder = 'plain' | 'once' | 'acquire';

/** Ordering of a store: `release` is smp_store_release and rcu_assign_pointer. */
export type StoreOrder = 'plain' | 'once' | 'release';

/** Ordering of a read-modify-write: `full` stands between two smp_mb(), `void` is an atomic without result, whose read smp_rmb() does not order. */
export type RmwOrder = 'full' | 'acquire' | 'release' | 'relaxed' | 'void';

/** Fences that stand alone; `barrier` stops the compiler only. */
export type FenceKind =
  | 'mb'
  | 'rmb'
  | 'wmb'
  | 'barrier'
  | 'before-atomic'
  | 'after-atomic'
  | 'after-spinlock'
  | 'after-unlock-lock'
  | 'after-srcu-read-unlock';

/** How a read-modify-write computes what it stores; `set` is xchg. */
export type RmwOperation = 'set' | 'add' | 'sub' | 'and' | 'or' | 'xor' | 'andnot';

interface At {
  readonly at: SourceSpan;
}

/** `into = *address`. */
export interface LoadInstruction extends At {
  readonly kind: 'load';
  readonly order: LoadOrder;
  readonly address: Expression;
  readonly into: RegisterId;
}

/** `*address = value`. */
export interface StoreInstruction extends At {
  readonly kind: 'store';
  readonly order: StoreOrder;
  readonly address: Expression;
  readonly value: Expression;
}

/** A fence that stands alone. */
export interface FenceInstruction extends At {
  readonly kind: 'fence';
  readonly fence: FenceKind;
}

/** `old = *address; *address = operation(old, operand)` in one step. */
export interface RmwInstruction extends At {
  readonly kind: 'rmw';
  readonly operation: RmwOperation;
  readonly order: RmwOrder;
  readonly address: Expression;
  readonly operand: Expression;
  /** Which value reaches `into`: the one read, the one stored, or none. */
  readonly result: 'old' | 'new' | 'none';
  /** Receiving register; -1 when `result` is `none`. */
  readonly into: RegisterId;
}

/** `into = *address; if (into == expected) *address = replacement` in one step; a failure is a relaxed read and nothing else. */
export interface CmpxchgInstruction extends At {
  readonly kind: 'cmpxchg';
  readonly order: RmwOrder;
  readonly address: Expression;
  readonly expected: Expression;
  readonly replacement: Expression;
  readonly into: RegisterId;
}

/** `into = *address != unless; if (into) *address += addend`, fully ordered when it adds, a relaxed read when it does not. */
export interface AddUnlessInstruction extends At {
  readonly kind: 'add-unless';
  readonly address: Expression;
  readonly addend: Expression;
  readonly unless: Expression;
  readonly into: RegisterId;
}

/** Spinlock operations; `into` receives 1 (taken, or held) or 0. */
export type LockInstruction =
  | (At & { readonly kind: 'lock' | 'unlock'; readonly address: Expression })
  | (At & {
      readonly kind: 'trylock' | 'is-locked';
      readonly address: Expression;
      readonly into: RegisterId;
    });

/** RCU read-side marks and grace periods. */
export interface RcuInstruction extends At {
  readonly kind: 'rcu-lock' | 'rcu-unlock' | 'synchronize-rcu';
}

/** SRCU read-side marks and grace periods of the domain at `address`. */
export type SrcuInstruction =
  | (At & {
      readonly kind: 'srcu-lock';
      readonly address: Expression;
      readonly into: RegisterId;
      /** What srcu_read_lock() returns here; differs between the locks of a test. */
      readonly cookie: number;
      /** True for srcu_down_read(), which another thread may undo. */
      readonly acrossThreads?: boolean;
    })
  | (At & {
      readonly kind: 'srcu-unlock';
      readonly address: Expression;
      readonly cookie: Expression;
      /** True for srcu_up_read(). */
      readonly acrossThreads?: boolean;
    })
  | (At & { readonly kind: 'synchronize-srcu'; readonly address: Expression });

/** `into = value`: registers only. */
export interface AssignInstruction extends At {
  readonly kind: 'assign';
  readonly into: RegisterId;
  readonly value: Expression;
}

/** `if (condition) then else otherwise`; writes in either branch depend on `condition`, those after it do not. */
export interface IfStatement extends At {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

/** A place that jumps lead to. */
export interface LabelStatement extends At {
  readonly kind: 'label';
  readonly label: number;
}

/** A jump: what goto, break, continue, return and the end of a loop's body become. */
export interface GotoStatement extends At {
  readonly kind: 'goto';
  readonly label: number;
}

/** One elementary instruction: at most one memory access (or one read-modify-write). */
export type Instruction =
  | LoadInstruction
  | StoreInstruction
  | FenceInstruction
  | RmwInstruction
  | CmpxchgInstruction
  | AddUnlessInstruction
  | LockInstruction
  | RcuInstruction
  | SrcuInstruction
  | AssignInstruction;

/** An instruction, a branch, or a jump and where it leads; loops and switches are made of these, see steps.ts. */
export type Statement = Instruction | IfStatement | LabelStatement | GotoStatement;

/** A private variable of a thread; parameters hold the address of the location they name. */
export interface LitmusRegister {
  readonly name: string;
  readonly init: number;
  /** True for the intermediate results of nested expressions, which no condition can name. */
  readonly temporary: boolean;
}

/** One `Pn`. */
export interface LitmusThread {
  readonly registers: readonly LitmusRegister[];
  readonly body: readonly Statement[];
}

/** Something with a final value: a register of a thread, or a location. */
export type Place =
  | { readonly kind: 'register'; readonly thread: number; readonly register: RegisterId }
  | { readonly kind: 'location'; readonly location: LocationId };

/** A statement about one final state. */
export type Proposition =
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'equal'; readonly left: Place; readonly right: Place | number }
  | { readonly kind: 'not'; readonly operand: Proposition }
  | {
      readonly kind: 'and' | 'or' | 'implies';
      readonly left: Proposition;
      readonly right: Proposition;
    };

/** What the test asks: is there a state, is there none, or do all states satisfy `proposition`. */
export interface Condition {
  readonly quantifier: 'exists' | 'not-exists' | 'forall';
  readonly proposition: Proposition;
  /** The proposition as herd prints it. */
  readonly text: string;
}

/** One litmus test. */
export interface LitmusTest {
  readonly name: string;
  /** Path, or another name of the source for messages. */
  readonly file: string;
  readonly locations: readonly LitmusLocation[];
  readonly threads: readonly LitmusThread[];
  /** How often a loop goes back at most where what was read decides; see steps.ts for the default. */
  readonly unroll?: number;
  readonly condition: Condition;
  /** Executions that do not satisfy it are dropped; null keeps all. */
  readonly filter: Proposition | null;
  /** What a final state shows, in print order: what the condition and `locations` name, registers by thread first. */
  readonly observed: readonly Place[];
}
