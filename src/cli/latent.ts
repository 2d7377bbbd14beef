/** `klp-smp latent`: looks for suspected bugs in the subsystem as it is, and says what was found and what was searched. */

import { join } from 'node:path';
import { makeFolder, writeTextFile } from '../campaign/options/files.js';
import type { Command } from 'commander';
import {
  latent,
  LATENT_OPTIONS,
  type AttemptResult,
  type LatentResult,
  type LatentRow,
} from '../campaign/latent.js';
import { existingFile, writableFolder } from '../campaign/options/rules.js';
import { LATENT } from '../catalog/latent.js';
import { latentPage } from '../report/latent-page.js';
import { renderTable } from '../report/table.js';
import type { LatentIssue } from '../scenario/latent.js';
import { latentTables } from '../report/tables/catalogue.js';
import { addCommand, JSON_OPTION } from './command.js';
import { markdownTable, writeSection } from './readme.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

function extent({ found, searched, unit, seconds }: AttemptResult): string {
  const where = `${searched} ${unit}, ${seconds.toFixed(1)} s`;
  return found ? `after ${where}` : `not found within ${where}`;
}

function table(results: readonly LatentRow[]): string {
  const rows = results.flatMap(({ id, title, absent, attempts }) =>
    absent !== undefined
      ? [[id, 'absent', '', absent, '', title]]
      : attempts.map((a, i) => [
          i === 0 ? id : '',
          a.found ? a.findings.map(({ key }) => key).join(', ') : 'not found',
          a.kind === 'race' ? a.what : 'script',
          extent(a),
          a.control === undefined
            ? ''
            : a.control.findings.map(({ key }) => key).join(', ') ||
              `clean, ${a.control.executions}`,
          i === 0 ? title : '',
        ]),
  );
  const titles = ['issue', 'found', 'by', 'searched', 'control', 'title'];
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

function attemptLines(a: AttemptResult): string[] {
  return [
    `${a.kind} ${a.what}: ${extent(a)}`,
    ...a.findings.map(({ key, detail }) => `  ${key}: ${detail}`),
    ...(a.token === undefined ? [] : [`  replay: klp-smp replay ${a.token}`]),
    ...(a.control === undefined
      ? []
      : [
          `  ${a.control.what} (${a.control.scenario}): ` +
            (a.control.findings.map(({ key, detail }) => `${key}: ${detail}`).join('; ') ||
              `clean in ${a.control.executions} executions`),
        ]),
  ];
}

function story(result: LatentRow): string {
  return [
    `${result.id}  ${result.title}: ${result.result} in ${result.kernel}`,
    result.claim,
    ...(result.absent === undefined ? [] : [`absent: ${result.absent}`]),
    ...(result.steps.length === 0 ? [] : ['how it happens:']),
    ...result.steps.map((step) => `  ${step}`),
    ...result.attempts.flatMap(attemptLines),
    `what that means: ${result.meaning}`,
    ...(result.absent === undefined
      ? [`candidate fix: ${result.fix}`, `what makes it likely: ${result.likely}`]
      : []),
  ].join('\n');
}

/** The table of the README. */
export function readmeTable(): string {
  const by = (issue: LatentIssue): string =>
    issue.attempts
      .map((a) => (a.kind === 'race' ? `${a.scenario}: ${a.shows}` : `script: ${a.what}`))
      .join('; ');
  return markdownTable(
    ['Issue', 'Suspicion', 'Result', 'By', 'What that means'],
    LATENT.map((i) => [i.id, `${i.title}. ${i.claim}`, i.expected, by(i), i.meaning]),
  );
}

/** Write the page of each issue. */
function writePages(folder: string): void {
  makeFolder('folder of pages', folder);
  for (const issue of LATENT) {
    writeTextFile('page', join(folder, `${issue.id}.md`), `${latentPage(issue)}\n`);
  }
}

const TABLE = {
  ...LATENT_OPTIONS,
  readme: {
    rule: existingFile,
    about: 'write the table into a marked section of a file',
    flags: '--readme <file>',
    only: [],
  },
  pages: {
    rule: writableFolder,
    about: 'write a page for each issue into a folder',
    flags: '--pages <folder>',
    only: [],
  },
  ...JSON_OPTION,
  ...REPORTS,
  ...TRACE,
} as const;

/** Add the command to a program. */
export function registerLatent(program: Command): void {
  addCommand(program, {
    name: 'latent',
    description: 'look for suspected bugs in the subsystem as it is, and say what was searched',
    table: TABLE,
    run: async ({ json, readme, pages, ...given }) => {
      const { asked, options } = splitReports(given);
      if (pages !== undefined) {
        writePages(pages);
        return;
      }
      if (readme !== undefined) {
        writeSection(readme, 'latent', readmeTable());
        return;
      }
      const isTable = options.issue === undefined;
      const { rows } = await runUseCase(
        {
          ...{ label: 'looking', json },
          reporting: { command: 'latent', asked, tables: latentTables },
          text: (result: LatentResult) =>
            isTable ? table(result.rows) : result.rows.map(story).join('\n\n'),
        },
        (watching) => latent({ ...options, ...watching }),
      );
      if (rows.some(({ asExpected }) => !asExpected)) process.exitCode = 1;
    },
  });
}
