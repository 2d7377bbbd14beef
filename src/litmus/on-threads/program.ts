/** What a litmus test on real threads executes: small programs as data, so that they can be sent to workers. */

/** A pure expression over registers. `loc` is the address of a location; comparisons give 0 or 1. */
export type LitmusExpression =
  | number
  | { readonly reg: number }
  | { readonly loc: number }
  | {
      readonly op: LitmusOperator;
      readonly left: LitmusExpression;
      readonly right: LitmusExpression;
    };

/** Operators of {@link LitmusExpression}; all work on 32-bit integers. */
export type LitmusOperator =
  | '+'
  | '-'
  | '*'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||';

/** Ordering of a value-returning read-modify-write; `void` is one that returns nothing and orders nothing. */
export type LitmusRmwOrder = 'full' | 'acquire' | 'release' | 'relaxed' | 'void';

/** One operation of a thread; `at` is an address, `into` the number of the register that receives the result. */
export type LitmusOperation =
  | {
      readonly kind: 'load';
      readonly order: 'plain' | 'once' | 'acquire' | 'dependent';
      readonly at: LitmusExpression;
      readonly into: number;
    }
  | {
      readonly kind: 'store';
      readonly order: 'plain' | 'once' | 'release';
      readonly at: LitmusExpression;
      readonly value: LitmusExpression;
    }
  | { readonly kind: 'fence'; readonly fence: 'mb' | 'rmb' | 'wmb' }
  | {
      readonly kind: 'rmw';
      readonly what: 'xchg' | 'add';
      readonly order: LitmusRmwOrder;
      readonly at: LitmusExpression;
      readonly operand: LitmusExpression;
      /** Register for the old value; -1 drops it. */
      readonly into: number;
    }
  | {
      readonly kind: 'cmpxchg';
      readonly order: Exclude<LitmusRmwOrder, 'void'>;
      readonly at: LitmusExpression;
      readonly expected: LitmusExpression;
      readonly value: LitmusExpression;
      readonly into: number;
    }
  | {
      readonly kind: 'bit';
      readonly what: 'set' | 'clear' | 'testAndSet' | 'testAndClear';
      readonly at: LitmusExpression;
      readonly bit: number;
      readonly into: number;
    }
  | { readonly kind: 'lock' | 'unlock'; readonly at: LitmusExpression }
  | { readonly kind: 'trylock'; readonly at: LitmusExpression; readonly into: number }
  | { readonly kind: 'rcu-lock' | 'rcu-unlock' | 'synchronize-rcu' }
  | { readonly kind: 'let'; readonly into: number; readonly value: LitmusExpression }
  | {
      readonly kind: 'if';
      readonly condition: LitmusExpression;
      readonly then: readonly LitmusOperation[];
      readonly otherwise: readonly LitmusOperation[];
    }
  | LitmusFlow;

/** A step of {@link LitmusFlow}: operations, a branch to `target` if the condition is 0, or a jump, which may be taken
 * `rounds` times if it leads back. */
export type LitmusFlowStep =
  | { readonly kind: 'run'; readonly body: readonly LitmusOperation[] }
  | { readonly kind: 'branch'; readonly condition: LitmusExpression; readonly target: number }
  | { readonly kind: 'jump'; readonly target: number; readonly rounds: number };

/** Code with jumps. Register `cut` becomes 1, and the code ends, where a loop would go back more often than it may. */
export interface LitmusFlow {
  readonly kind: 'flow';
  readonly steps: readonly LitmusFlowStep[];
  readonly cut: number;
}

/** One thread: the initial values of its registers, and what it does. */
export interface LitmusThreadProgram {
  readonly registers: readonly LitmusExpression[];
  readonly body: readonly LitmusOperation[];
}

/** Something whose final value is observed. */
export type LitmusPlace =
  { readonly thread: number; readonly reg: number } | { readonly location: number };

/** A whole test. */
export interface LitmusProgram {
  /** Initial value of each location. */
  readonly locations: readonly LitmusExpression[];
  readonly threads: readonly LitmusThreadProgram[];
  readonly observed: readonly LitmusPlace[];
}

/**
 * Pointers inside a test are tokens: this number plus the location's index, equal in every trial. A token is a valid
 * address of the shared memory, so a backend that derives address dependencies from values sees a pointer.
 */
export const POINTER_BASE = 4096;

/** Numbers of a test must be below this, in magnitude: above it, what a test computes could be taken for a pointer. */
export const NUMBER_LIMIT = 1024;
