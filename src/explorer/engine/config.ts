/** What an exploration is asked to do, as plain data that crosses threads and checkpoints. */

import type { ScenarioReference } from '../../scenario/reference.js';
import type { MemoryKind } from './explorer-memory.js';

/** How schedules and memory choices are found. */
export type StrategyConfig =
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'pct'; readonly seed: number; readonly depth: number }
  | { readonly kind: 'pos' | 'surw' | 'feedback' | 'portfolio'; readonly seed: number }
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
export const DRAWING = ['random', 'pct', 'pos', 'surw', 'pctwm', 'feedback', 'portfolio'] as const;

/** Those of them whose executions depend on no other execution: any number of threads shares them. */
export const SHARING = ['random', 'pct', 'pos', 'surw', 'pctwm', 'portfolio'] as const;

/** A strategy of a portfolio. */
export type PortfolioMember = 'random' | 'pct' | 'pos' | 'surw' | 'pctwm';

/**
 * The strategies that a portfolio takes in turn.
 *
 * @param memory that of kernel code; undefined for programs, of which it is not known what they share
 */
export function portfolioOf(memory: MemoryKind | undefined): readonly PortfolioMember[] {
  if (memory === undefined) return ['random', 'pct'];
  return memory === 'sc'
    ? ['random', 'pct', 'surw', 'pos']
    : ['random', 'pct', 'surw', 'pos', 'pctwm'];
}

/** With a portfolio, the strategy that made an execution, in a field of its own. */
export function foundBy(
  { kind }: StrategyConfig,
  memory: MemoryKind | undefined,
  run: number,
): { readonly by?: PortfolioMember } {
  if (kind !== 'portfolio') return {};
  const members = portfolioOf(memory);
  return { by: members[run % members.length] as PortfolioMember };
}

/** What a strategy may be told besides its name; each takes what it knows. */
interface Told {
  readonly seed: number;
  readonly depth: number;
  readonly history: number;
  readonly preemptions?: number | undefined;
  readonly choices?: number | undefined;
}

/** The configuration of a strategy by its name. */
export function configOf(kind: StrategyConfig['kind'], told: Told): StrategyConfig {
  const { seed, depth, history, preemptions, choices } = told;
  if (kind === 'pct') return { kind, seed, depth };
  if (kind === 'pctwm') return { kind, seed, depth, history };
  if (kind !== 'dfs') return { kind, seed };
  return {
    kind,
    ...(preemptions === undefined ? {} : { preemptions }),
    ...(choices === undefined ? {} : { choices }),
  };
}

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
