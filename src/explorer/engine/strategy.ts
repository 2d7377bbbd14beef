/** The one seam where nondeterminism enters: which CPU goes on, for how long, and every answer of the memory. */

/** Besides the choices of a memory: whether a CPU that could go on takes a pending interrupt first; 0 is no. */
export const CHOOSE_INTERRUPT = 4;
/** Which of the CPUs that sleep on a word is woken: 0 is the one that sleeps longest. */
export const CHOOSE_SLEEPER = 5;
/** Whether a sleep ends without a wake-up, by its time-out or for no reason: 0 is no. */
export const CHOOSE_EARLY = 6;
/** Which write supplies a part of a load that several may supply: unlike a whole load, it is not the same as an earlier one. */
export const CHOOSE_PART = 7;
/** Which randomness a program gets in this execution: 0 is the same each time. An exhaustive search does not branch here. */
export const CHOOSE_SEED = 8;
/** Index under which taking an interrupt is recorded, and a program's randomness; no operation has so many choices. */
export const INTERRUPT_INDEX = 7;

/** What a strategy is told about the operation that was just executed. */
export interface Step {
  readonly cpu: number;
  /** One of the `ACCESS_*` constants. */
  readonly access: number;
  readonly addr: number;
  /** A second word that the same access touches; missing or 0: none. */
  readonly also?: number;
  /** The operation included a strong fence, whose order among all strong fences matters. */
  readonly strong: boolean;
}

/** How far a CPU has come. */
export interface Position {
  /** Operations executed, ends of code included. */
  readonly count: number;
  /** Where in its own code the CPU was when the last decision about it was taken: see `ExplorerCpu.position`. */
  readonly decidedAt: number;
}

/** Chooses; lives across executions. */
export interface Strategy {
  /** How many operations the CPU that {@link next} returned may execute before the strategy is asked again. */
  readonly fuel: number;
  /** Whether it wants {@link observe} to be called; it must then leave {@link fuel} at 1. */
  readonly observes: boolean;
  /**
   * For each word what an operation on it takes of {@link fuel}; missing: every operation takes 1. So turns can be counted
   * in operations on the words that matter. Changes between executions only; a machine whose time passes while it is busy counts
   * every operation.
   */
  readonly weights?: Uint8Array | undefined;
  /** Whether {@link next} changes and draws nothing when one CPU alone can go on, and so need not be asked then. */
  readonly restsAlone: boolean;
  /** Start execution number `run` (from 0); false when nothing is left to try. */
  begin(run: number): boolean;
  /**
   * Choose the CPU to go on.
   *
   * @param runnable bit mask of the CPUs that can, never 0
   * @param last the CPU that executed last, or -1
   * @param cpus how far each CPU has come
   * @returns a CPU of the mask, or -1 to abandon this execution as redundant
   */
  next(runnable: number, last: number, cpus: readonly Position[]): number;
  /**
   * Choose one of `n` (at least 2) answers of the memory; 0 is the sequentially consistent one.
   *
   * @param kind one of the `CHOOSE_*` constants, the memory's or {@link CHOOSE_INTERRUPT}
   * @param cpu the CPU that executes
   * @param addr the word it accesses
   * @param step position of that CPU
   * @param index number of choices in this operation before
   */
  choose(n: number, kind: number, cpu: number, addr: number, step: number, index: number): number;
  /** An operation was executed. */
  observe(step: Step): void;
  /** The execution has ended. */
  end(): void;
}

/** Lowest CPU in a mask. */
export function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** Number of CPUs in a mask. */
export function countOf(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/** The `index`-th CPU of a mask, from 0, ascending. */
export function nth(mask: number, index: number): number {
  let rest = mask;
  for (let i = 0; i < index; i++) rest &= rest - 1;
  return lowest(rest);
}
