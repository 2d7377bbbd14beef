/**
 * A finding as plain data: every operation with the step it read from and the words it changed. Pages and traces are
 * made from it.
 */

/** What an operation does to its word. */
export type StepKind =
  'read' | 'write' | 'update' | 'lock' | 'unlock' | 'fence' | 'wait' | 'event' | 'local';

/** One operation, or one event that kernel code traced. */
export interface RecordedStep {
  readonly cpu: number;
  /** Position of the CPU in its own code, as in schedules. */
  readonly position: number;
  readonly kind: StepKind;
  /** Name of the operation as in the source, or of the event. */
  readonly name: string;
  /** The word; 0 where the operation has none. */
  readonly addr: number;
  /** What was read or written; what an update found. */
  readonly value: number;
  /** Newest value of the word afterwards. */
  readonly newest: number;
  /** Step that wrote what was read; -1: the initial value; undefined: the operation reads nothing. */
  readonly from?: number;
  /** A stale read: the newest store of the word, which it did not see. */
  readonly missed?: number;
  /** What the memory chose that a sequentially consistent one would not do. */
  readonly weak?: string;
  /** Ordering sites whose removal took effect here. */
  readonly ablated: readonly number[];
  /** Arguments of an event, for people. */
  readonly detail?: string;
  /** Number of an event, and its arguments. */
  readonly event?: readonly [number, number, number, number];
  /** Task that the CPU executes; -1: none known. Index into {@link Recording.tasks}. */
  readonly task: number;
  /** Index into {@link Recording.stacks}. */
  readonly stack: number;
  /** One of those that the finding rests on. */
  readonly isDecisive: boolean;
}

/** Lines of a source file around those that the finding executes. */
export interface SourceExcerpt {
  readonly file: string;
  /** Line number, from 1, and text. */
  readonly lines: readonly (readonly [number, string])[];
}

/** A removed ordering site that a finding needs. */
export interface MissingOrder {
  /** `O-01`. */
  readonly site: string;
  /** The kernel function that holds it. */
  readonly kernel: string;
  /** What it orders, in one sentence. */
  readonly claim: string;
}

/** A complete record of one execution. */
export interface Recording {
  readonly scenario: string;
  readonly description: string;
  readonly memory: string;
  readonly token: string;
  /** Command that shows the same. */
  readonly command: string;
  readonly verdict: {
    readonly key: string;
    readonly grade: string;
    readonly detail: string;
  };
  readonly cpus: number;
  /** Names of tasks. */
  readonly tasks: readonly { readonly name: string; readonly addr: number }[];
  /** Names of all tasks that execute, or that events are about, by their address. */
  readonly named: Readonly<Record<number, string>>;
  /** Names of the words that were touched, and the values they began with. */
  readonly words: Readonly<Record<number, { readonly name: string; readonly initial: number }>>;
  /** Stacks of kernel code, innermost first: `function file:line`. */
  readonly stacks: readonly (readonly string[])[];
  readonly steps: readonly RecordedStep[];
  readonly sources: readonly SourceExcerpt[];
  /** Removed sites that took effect, those that the finding needs first. */
  readonly missing: readonly MissingOrder[];
  /** Kernel code in which CPUs are blocked at the end. */
  readonly blocked: readonly { readonly cpu: number; readonly stack: readonly string[] }[];
}
