/** Options of every use case that runs litmus tests. */

import { duration, integerIn } from '../options/rules.js';

/** How long one test may take. */
export const TEST_LIMIT = {
  rule: duration,
  about: 'time limit of each test',
  fallback: 30_000,
  shown: '30s',
  flags: '--limit <time>',
} as const;

/** How often an engine that samples runs a test. */
export const TEST_RUNS = {
  rule: integerIn({ min: 1, max: 1e9 }),
  about: 'runs of each test, for engines that sample',
  fallback: 2500,
  flags: '--runs <n>',
} as const;
