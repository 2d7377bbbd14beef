/** What differs between releases inside kernel/livepatch: one table of facts, next to each other. */

import type { KernelVersion } from '../kernel/versions.js';

/** Files of `/sys/kernel/livepatch/<patch>`. */
export type PatchFile = 'enabled' | 'transition' | 'force' | 'replace' | 'stack_order';

/** What one release does differently from another. */
export interface KlpFacts {
  /** How the states of a task are called: -1, 0 and 1. */
  readonly stateNames: readonly [undefinedState: string, unpatched: string, patched: string];
  /** Where klp_check_stack() puts a trace: one buffer under klp_mutex, or one for each CPU without preemption (O-32). */
  readonly stackBuffer: 'one' | 'per CPU';
  /** Whether a task that switches itself goes through task_call_func() like any other. */
  readonly pinsCurrent: boolean;
  /** klp_reverse_transition(): the direction flips first, or after everybody who switches was waited for (O-05, O-06). */
  readonly reverse: 'flip first' | 'flip after waiting';
  /** How often __klp_sched_try_switch() reads TIF_PATCH_PENDING: once, or a second time with preemption disabled. */
  readonly hookFlagReads: 1 | 2;
  /** How klp_find_func() compares symbol positions: as they are, or with 0 and 1 equal (also in late stable releases). */
  readonly sympos: 'exact' | '0 is 1';
  /** Whether klp_check_patch() looks at objects, functions and names of the whole patch before anything is made of it. */
  readonly checksUpFront: boolean;
  /** Whether the relocations of an object are cleared when its module goes. */
  readonly clearsRelocations: boolean;
  /** Files of a patch, in the order of the kernel's table. */
  readonly files: readonly PatchFile[];
}

const UNDEFINED_NAMES = ['KLP_UNDEFINED', 'KLP_UNPATCHED', 'KLP_PATCHED'] as const;
const TRANSITION_NAMES = [
  'KLP_TRANSITION_IDLE',
  'KLP_TRANSITION_UNPATCHED',
  'KLP_TRANSITION_PATCHED',
] as const;

/** The facts of each release. Source: the trees of 6.1.192, 6.5 (transition.c) and 6.12.117, and changes up to 7.3. */
export const KLP_FACTS: Readonly<Record<KernelVersion, KlpFacts>> = {
  '6.1': {
    stateNames: UNDEFINED_NAMES,
    stackBuffer: 'one',
    pinsCurrent: true,
    reverse: 'flip first',
    hookFlagReads: 2,
    sympos: 'exact',
    checksUpFront: false,
    clearsRelocations: false,
    files: ['enabled', 'transition', 'force'],
  },
  '6.5': {
    stateNames: UNDEFINED_NAMES,
    stackBuffer: 'per CPU',
    pinsCurrent: false,
    reverse: 'flip after waiting',
    hookFlagReads: 2,
    sympos: 'exact',
    checksUpFront: false,
    clearsRelocations: true,
    files: ['enabled', 'transition', 'force'],
  },
  '6.12': {
    stateNames: TRANSITION_NAMES,
    stackBuffer: 'per CPU',
    pinsCurrent: false,
    reverse: 'flip after waiting',
    hookFlagReads: 2,
    sympos: 'exact',
    checksUpFront: false,
    clearsRelocations: true,
    files: ['enabled', 'transition', 'force', 'replace'],
  },
  '7.3': {
    stateNames: TRANSITION_NAMES,
    stackBuffer: 'per CPU',
    pinsCurrent: false,
    reverse: 'flip after waiting',
    hookFlagReads: 1,
    sympos: '0 is 1',
    checksUpFront: true,
    clearsRelocations: true,
    files: ['enabled', 'transition', 'force', 'replace', 'stack_order'],
  },
};

const CONSTANT = /\bKLP_(UNDEFINED|UNPATCHED|PATCHED)\b/g;

/** A text that speaks of task states by the names of 6.5, in the words of a release. */
export function inWordsOf(version: KernelVersion, text: string): string {
  const names = KLP_FACTS[version].stateNames;
  return text.replace(
    CONSTANT,
    (name) => names[UNDEFINED_NAMES.findIndex((n) => n === name)] ?? name,
  );
}

/** Name of a task's patch state or of `klp_target_state` in that release. */
export function stateName(version: KernelVersion, state: number): string {
  return KLP_FACTS[version].stateNames[state + 1] ?? String(state);
}
