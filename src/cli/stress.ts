/** `klp-smp stress`: patch a busy machine at random on real threads, and check everything all the while. */

import type { Command } from 'commander';
import { isFinding } from '../campaign/outcomes.js';
import { stress, STRESS_OPTIONS, type StressResult } from '../campaign/stress.js';
import { renderOutcomes } from '../report/outcomes.js';
import { addCommand, JSON_OPTION } from './command.js';
import { REPORTS, splitReports } from './reporting.js';
import { runUseCase } from './use-case.js';

/** Register `stress`. */
export function registerStress(program: Command): void {
  addCommand(program, {
    name: 'stress',
    description: 'patch a busy machine at random on real threads, and check it all the while',
    table: { ...STRESS_OPTIONS, ...JSON_OPTION, ...REPORTS },
    run: async ({ json, ...given }) => {
      const { asked, options } = splitReports(given);
      const reporting = { command: 'stress', asked, tables: (result: StressResult) => [result] };
      const { outcomes } = await runUseCase(
        { label: 'stress', json, text: renderOutcomes, reporting },
        (watching) => stress({ ...options, ...watching }),
      );
      if (outcomes.some(isFinding)) process.exitCode = 1;
    },
  });
}
