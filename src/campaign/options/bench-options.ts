/** What benchmarks are asked to do, by a program or on a command line. */

import type { OptionTable } from './option-table.js';
import { WATCHING, type Watching } from './progress.js';
import { duration, integerIn, listOf, textOf } from './rules.js';

/** What benchmarks draw from if nobody says, and what reports of those that draw nothing hold. */
export const DEFAULT_SEED = 1;

/** How long benchmarks measure, and which. */
export interface BenchOptions extends Watching {
  /** Rounds over all tasks, at least 3: fewer have no spread. Default 7. */
  readonly rounds?: number;
  /** Time given to each task in each round, in ms. Default 200. */
  readonly timeMs?: number;
  /** Names of benchmarks. Default all. */
  readonly only?: readonly string[];
}

/** The options that all benchmarks have. */
export const BENCH_OPTIONS = {
  ...WATCHING,
  rounds: {
    rule: integerIn({ min: 3, max: 1000 }),
    about: 'rounds',
    fallback: 7,
    flags: '--rounds <n>',
  },
  timeMs: {
    rule: duration,
    about: 'a round of a task',
    fallback: 200,
    shown: '200ms',
    flags: '--time <time>',
  },
  only: {
    rule: listOf(textOf('the name of a benchmark')),
    about: 'benchmarks to run',
    flags: '--only <names>',
  },
} as const satisfies OptionTable<BenchOptions>;
