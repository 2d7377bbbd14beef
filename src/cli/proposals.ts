/** `klp-smp proposals`: runs changes that are debated on the mailing list, and says which races fail with them. */

import type { Command } from 'commander';
import {
  proposals,
  PROPOSALS_OPTIONS,
  type ProposalRow,
  type ProposalsResult,
  type VariantResult,
} from '../campaign/proposals.js';
import { proposalSource } from '../catalog/proposals.js';
import { meaningOf } from '../check/findings.js';
import { addCommand, JSON_OPTION } from './command.js';
import { runUseCase } from './use-case.js';

/** Columns of a mail. */
const WIDTH = 72;

/** Break a text into lines as mails have them. @param first indent of the first line */
function wrap(text: string, indent: string, first = indent): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((l, i) => (i === 0 ? first : indent) + l).join('\n');
}

/** A command as it can be copied out of a mail: a long one goes on in the next line. A token is never broken. */
function commandLines(replay: string): string {
  const indent = '        ';
  const lines = wrap(replay, indent, '      ').split('\n');
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line)).join('\n');
}

function variantText({
  what,
  verdict,
  scenarios,
  executions,
  findings,
  file,
}: VariantResult): string {
  const races = `${scenarios.length} ${scenarios.length === 1 ? 'race' : 'races'}`;
  return [
    wrap(`- ${what}: ${verdict} (${executions} executions of ${races})`, '    ', '  '),
    ...findings.flatMap(({ scenario, key, count, executions: of, replay }) => {
      const meaning = meaningOf(key);
      const found = meaning === undefined ? key : `${key} (${meaning})`;
      return [
        wrap(`${scenario}: ${found}, ${count} of ${of} executions`, '      ', '    '),
        commandLines(replay),
      ];
    }),
    wrap(`code: ${proposalSource(file)}`, '      ', '    '),
  ].join('\n');
}

/** One proposal, as it can be pasted into a mail. */
export function proposalText(row: ProposalRow): string {
  return [
    wrap(`${row.id}  ${row.title} (${row.state})`, '     ', ''),
    '',
    wrap(row.changes, '  '),
    '',
    ...row.variants.map(variantText),
    '',
    wrap(row.sense, '  '),
  ].join('\n');
}

/** Add the command to a program. */
export function registerProposals(program: Command): void {
  addCommand(program, {
    name: 'proposals',
    description: 'run changes of livepatch that are debated, and say which races fail with them',
    table: { ...PROPOSALS_OPTIONS, ...JSON_OPTION },
    run: async ({ json, ...options }) => {
      const { rows } = await runUseCase(
        {
          ...{ label: 'running', json },
          text: ({ rows: done }: ProposalsResult) =>
            done.length === 0 ? 'no proposal was run' : done.map(proposalText).join('\n\n'),
        },
        (watching) => proposals({ ...options, ...watching }),
      );
      const variants = rows.flatMap((row) => row.variants);
      if (variants.some(({ asExpected }) => !asExpected)) process.exitCode = 1;
    },
  });
}
