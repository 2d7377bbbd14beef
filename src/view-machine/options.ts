/** Options of a view machine: its size, its bounds, how it finds dependencies, and which rules a test removes. */

import { UsageError } from '../errors.js';

/**
 * The rules a test may switch off, to show that the trace validator notices: each is an ordering of LKMM, and a machine
 * without it shows outcomes that LKMM forbids.
 */
export const RULES = {
  'V-1': 'retro: a new event that is overtaken by what an older one knew happens before that one',
  'V-2':
    'prop-int: an access overtaken by a write that is propagated before a message happens before its read',
  'V-3': "return-edge: a message that knows this CPU's own write brings that write's summary back",
  'V-4': 'read-only-part: what smp_rmb() taught reaches the summaries of later reads',
  'V-5': 'dep-rfi: a read of an own write is ordered after what the write depended on',
  'V-6': "same-location: a write is ordered after the CPU's earlier accesses of the word",
  'V-7': 'wmb: smp_wmb()',
  'V-8': 'release-reads: a release is cumulative over reads',
  'V-9': 'rcu-unlock: a section that ends before a grace period does is seen by it',
  'V-10': 'rcu-lock: a section that starts after a grace period did sees what the grace period saw',
  'V-11': 'rmw-gap: nothing comes between a read-modify-write and the write it took',
  'V-12': "unlock-lock-other: the previous holder's writes are propagated before the next one's",
  'V-13':
    'unlock-lock-own: an own unlock before a lock propagates earlier writes before later ones',
  'V-14':
    'unlock-lock-order: an own unlock before a lock orders everything before it before everything after',
} as const;

/** Id of a removable rule. */
export type Rule = keyof typeof RULES;

/** Sizes and bounds of a view machine. The bounds may only hide behaviours, never add one. */
export interface ViewMachineOptions {
  /** Number of CPUs. */
  readonly cpus: number;
  /** Size of the memory, in words. */
  readonly words: number;
  /** Messages a word keeps before all CPUs execute a spontaneous fence, halved; default 8. */
  readonly maxHistory?: number;
  /** Accesses of a CPU that stay unordered at a time; default 16. */
  readonly windowCap?: number;
  /** Locations in a CPU's sparse views before it executes a spontaneous fence; default {@link DEFAULT_VIEW_CAP}. */
  readonly viewCap?: number;
  /**
   * Where dependencies come from. `conservative`, the default and for kernel code: every read orders later writes,
   * `LOAD_DEPENDENT` orders later reads, and a marked load orders a later load whose address lies within
   * {@link pointerSpan} words above the value it returned. `exact`: only what {@link ViewMachine.depend} tells.
   */
  readonly dependencies?: 'conservative' | 'exact';
  /** Words that an object reached through a pointer spans at most; default 64. 0 recognises no pointers. */
  readonly pointerSpan?: number;
  /** Keep a log of the execution for the trace validator; default false. */
  readonly log?: boolean;
  /** Rules removed: for tests only. */
  readonly without?: readonly Rule[];
}

/** Locations in a CPU's sparse views, unless an option says otherwise. */
export const DEFAULT_VIEW_CAP = 16;

const atLeast = (name: string, value: number, least: number): number => {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${name} is ${value}; accepted is an integer from ${least}`);
};

/** Checked options, with the defaults filled in. */
export class MachineOptions {
  readonly cpus: number;
  readonly words: number;
  readonly maxHistory: number;
  readonly windowCap: number;
  readonly viewCap: number;
  readonly exact: boolean;
  readonly pointerSpan: number;
  readonly log: boolean;
  readonly retro: boolean;
  readonly propInt: boolean;
  readonly returnEdge: boolean;
  readonly readOnlyPart: boolean;
  readonly depRfi: boolean;
  readonly sameLocation: boolean;
  readonly wmb: boolean;
  readonly releaseReads: boolean;
  readonly rcuUnlock: boolean;
  readonly rcuLock: boolean;
  readonly rmwGap: boolean;
  readonly unlockLockOther: boolean;
  readonly unlockLockOwn: boolean;
  readonly unlockLockOrder: boolean;

  /** @throws UsageError when a size is not an integer in range */
  constructor(options: ViewMachineOptions) {
    this.cpus = atLeast('cpus', options.cpus, 1);
    this.words = atLeast('words', options.words, 1);
    this.maxHistory = atLeast('maxHistory', options.maxHistory ?? 8, 1);
    this.windowCap = atLeast('windowCap', options.windowCap ?? 16, 1);
    this.viewCap = atLeast('viewCap', options.viewCap ?? DEFAULT_VIEW_CAP, 1);
    this.exact = options.dependencies === 'exact';
    this.pointerSpan = this.exact ? 0 : atLeast('pointerSpan', options.pointerSpan ?? 64, 0);
    this.log = options.log ?? false;
    const has = (rule: Rule): boolean => !(options.without ?? []).includes(rule);
    this.retro = has('V-1');
    this.propInt = has('V-2');
    this.returnEdge = has('V-3');
    this.readOnlyPart = has('V-4');
    this.depRfi = has('V-5');
    this.sameLocation = has('V-6');
    this.wmb = has('V-7');
    this.releaseReads = has('V-8');
    this.rcuUnlock = has('V-9');
    this.rcuLock = has('V-10');
    this.rmwGap = has('V-11');
    this.unlockLockOther = has('V-12');
    this.unlockLockOwn = has('V-13');
    this.unlockLockOrder = has('V-14');
  }
}
