/** What an exploration is asked to do, as plain data that crosses threads and checkpoints. */

import type { ScenarioReference } from '../../scenario/reference.js';
import type { MemoryKind } from './explorer-memory.js';

/** How schedules and memory choices are found. */
export type StrategyConfig =
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'pct'; readonly seed: number; readonly depth: number }
  | { readonly kind: 'pos' | 'surw' | 'feedback'; readonly seed: number }
  | {
      readonly kind: 'pctwm';
      readonly seed: number;
      readonly depth: number;
      readonly history: number;
    }
  | {
      readonly kind: 'dfs';
      readonly preemptions?: number;
      readonly choices?: number;
      /** Explore a part: the executions whose first so many steps are taken by the CPUs that the digits of `index` name. */
      readonly prefix?: { readonly steps: number; readonly index?: number };
    };

/** Strategies that draw from a seed. */
export const DRAWING = ['random', 'pct', 'pos', 'surw', 'pctwm', 'feedback'] as const;

/** Those of them whose executions depend on no other execution: any number of threads shares them. */
export const SHARING = ['random', 'pct', 'pos', 'surw', 'pctwm'] as const;

/** Whether the executions of a strategy depend on those before: one thread makes them all, in their order. */
export function isSearch({ kind }: StrategyConfig): boolean {
  return kind === 'dfs' || kind === 'feedback';
}

/** A session: everything that executions have in common, however their schedules are found. */
export interface SessionConfig {
  readonly scenario: ScenarioReference;
  readonly memory: MemoryKind;
  /** Ids of ablated ordering sites. */
  readonly ablated: readonly number[];
  /** Overrides the scenario's bound on operations. */
  readonly steps?: number;
  /** Programs: a data race is a finding. */
  readonly racesAreErrors?: boolean;
  /** Keep the memory's log, and ask the axioms of LKMM about every execution. Default false. */
  readonly axioms?: true;
}
