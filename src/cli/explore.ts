/** `klp-smp explore`: run a scenario under a strategy and report every outcome, with a token for each finding. */

import type { Command } from 'commander';
import { explore, EXPLORE_OPTIONS } from '../campaign/explore.js';
import { flag } from '../campaign/options/rules.js';
import { listScenarios } from '../campaign/scenarios/scenario-index.js';
import { UsageError } from '../errors.js';
import { exploredTables, sessionsOf } from '../report/tables/explored.js';
import { addCommand, JSON_OPTION } from './command.js';
import { exploreLines } from './explore-report.js';
import { emit } from './output.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

const TABLE = {
  ...EXPLORE_OPTIONS,
  scenario: { ...EXPLORE_OPTIONS.scenario, flags: '[scenario]', required: false },
  minimise: { ...EXPLORE_OPTIONS.minimise, flags: '--no-minimise' },
  list: { rule: flag, about: 'list the scenarios of the catalogue', only: ['json'] },
  ...JSON_OPTION,
  ...REPORTS,
  ...TRACE,
} as const;

/** Add the command to a program. */
export function registerExplore(program: Command): void {
  addCommand(program, {
    name: 'explore',
    description: 'explore the interleavings and reorderings of a scenario, deterministically',
    table: TABLE,
    run: async ({ list, json, scenario, ...given }) => {
      if (list === true) {
        emit({ json: json ?? false }, listScenarios(), (all) =>
          all.map(({ name, description }) => `${name.padEnd(24)} ${description}`).join('\n'),
        );
        return;
      }
      if (scenario === undefined) throw new UsageError('name a scenario, or give --list');
      const { asked, options } = splitReports(given);
      // The start of the command counts towards its time, unless it would use most of that time.
      const wanted = options.budgetMs ?? EXPLORE_OPTIONS.budgetMs.fallback;
      const budgetMs = Math.round(Math.max(wanted / 2, wanted - performance.now()));
      const reporting = { command: 'explore', asked, tables: exploredTables, explored: sessionsOf };
      const shown = { label: 'exploring', json, text: exploreLines, reporting };
      const result = await runUseCase(shown, (watching) =>
        explore({ ...options, ...watching, scenario, budgetMs }),
      );
      if (result.outcomes.some(({ grade }) => grade === 'forbidden')) process.exitCode = 1;
    },
  });
}
