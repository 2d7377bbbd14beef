import { existsSync } from 'node:fs';
import test from 'ava';
import { PROPOSALS, proposalFile } from '../../src/catalog/proposals.js';
import { proposalText } from '../../src/cli/proposals.js';
import { proposals, replay } from '../../src/index.js';

const SMALL = { executions: 150, threads: 1 };

test('every variant has its file, and every proposal says in which sense it is clean', (t) => {
  t.deepEqual(
    PROPOSALS.map(({ id }) => id),
    ['P-1', 'P-2', 'P-3', 'P-4', 'P-5'],
  );
  for (const { id, sense, variants } of PROPOSALS) {
    t.true(variants.length > 0 && sense.length > 100, id);
    for (const { file } of variants) t.true(existsSync(proposalFile(file)), file);
  }
});

test('P-4: sets are kept apart, and forcing that marks the own patch is found', async (t) => {
  const { rows } = await proposals({ ...SMALL, proposal: 'p-4' });
  const [row] = rows;
  t.deepEqual(
    row?.variants.map(({ verdict, asExpected }) => [verdict, asExpected]),
    [
      ['clean', true],
      ['fails', true],
    ],
  );
});

test('P-1: a forked task runs old after new code when the transition is reversed, and the command replays it', async (t) => {
  const { rows } = await proposals({ ...SMALL, proposal: 'P-1' });
  const [variant] = rows[0]?.variants ?? [];
  const found = variant?.findings.find(({ key }) => key === 'mixed');
  t.is(found?.scenario, 'fork-reverse');
  const [, token = '', file = ''] =
    /^klp-smp replay (\S+) --with (\S+)$/.exec(found?.replay ?? '') ?? [];
  t.is((await replay({ token, replace: file })).verdict.key, 'mixed');
  const mail = proposalText(rows[0]!);
  // Only a word that cannot be broken, as a token or a path, may be longer.
  const long = mail.split('\n').filter((line) => line.length > 75);
  t.deepEqual(
    long.filter((line) => /\S \S/.test(line.trim().replace(/ \\$/, ''))),
    [],
    mail,
  );
  t.true(mail.replaceAll(/ \\\n\s+/g, ' ').includes(`      ${found?.replay ?? '?'}\n`), mail);
});

test('a proposal that is not there is wrong usage', async (t) => {
  await t.throwsAsync(proposals({ proposal: 'P-9' }), {
    code: 'ERR_USAGE',
    message: /'P-9' is not in the catalogue; it has P-1, P-2/,
  });
});
