/** `klp-smp stress`: patch a busy machine at random on real threads, and check everything all the while. */

import type { Command } from 'commander';
import { isFinding } from '../campaign/outcomes.js';
import { stress, STRESS_OPTIONS, type StressResult } from '../campaign/stress.js';
import { flag } from '../campaign/rules.js';
import type { Timeline } from '../report/events.js';
import { renderOutcomes } from '../report/outcomes.js';
import { addCommand, JSON_OPTION } from './command.js';
import { paint } from './paint.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

/** What led to the finding; undefined: nothing was found. */
function timelineOf({ outcomes, events }: StressResult): Timeline | undefined {
  if (events.length === 0) return undefined;
  const found = outcomes.filter(isFinding);
  const notes = found.map(({ name, reason }) => `${name}: ${reason}`);
  return { title: `stress: ${found[0]?.name ?? ''}`, notes, events };
}

/** Register `stress`. */
export function registerStress(program: Command): void {
  addCommand(program, {
    name: 'stress',
    description: 'patch a busy machine at random on real threads, and check it all the while',
    table: {
      ...STRESS_OPTIONS,
      all: { rule: flag, about: 'also list the outcomes that never occurred', not: ['json'] },
      ...JSON_OPTION,
      ...REPORTS,
      trace: { ...TRACE.trace, about: "write the last events before a finding in Perfetto's JSON" },
    },
    run: async ({ json, all = false, ...given }) => {
      const { asked, options } = splitReports(given);
      const reporting = {
        ...{ command: 'stress', asked, timeline: timelineOf },
        tables: (result: StressResult) => [result],
      };
      const text = (result: StressResult): string => renderOutcomes(result, { all, paint });
      const { outcomes } = await runUseCase(
        { label: 'stress', json, text, reporting },
        (watching) => stress({ ...options, ...watching }),
      );
      if (outcomes.some(isFinding)) process.exitCode = 1;
    },
  });
}
