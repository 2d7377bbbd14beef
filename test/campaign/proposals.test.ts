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

test('P-1: a forked task runs old after new code when the transition is reversed, and the command replays it; one that inherits is missed by a loop', async (t) => {
  const { rows } = await proposals({ ...SMALL, proposal: 'P-1' });
  const [variant, inheriting] = rows[0]?.variants ?? [];
  // Nothing else: who finds a child in a read section sees all that was written to it before.
  t.deepEqual([...new Set(variant?.findings.map(({ key }) => key))], ['mixed']);
  t.deepEqual([...new Set(inheriting?.findings.map(({ key }) => key))], ['WARN 35']);
  t.true(inheriting?.asExpected);
  const found = variant?.findings.find(({ key }) => key === 'mixed');
  t.is(found?.scenario, 'fork-reverse');
  const [, token = '', file = ''] =
    /^klp-smp replay (\S+) --with (\S+)$/.exec(found?.replay ?? '') ?? [];
  t.is(file, 'proposal:rcu-task-loops');
  t.is((await replay({ token, replace: file })).verdict.key, 'mixed');
  const mail = proposalText(rows[0]!);
  t.regex(mail, /^ {4}code: src\/catalog\/proposals\/rcu-task-loops\.ts$/m);
  t.false(mail.includes(process.cwd()), mail);
  // Only a word that cannot be broken, as a token or a path, may be longer.
  const long = mail.split('\n').filter((line) => line.length > 75);
  t.deepEqual(
    long.filter((line) => /\S \S/.test(line.trim().replace(/ \\$/, ''))),
    [],
    mail,
  );
  t.true(mail.replaceAll(/ \\\n\s+/g, ' ').includes(`      ${found?.replay ?? '?'}\n`), mail);
});

test('P-3: without stopping the CPU a task is switched in the middle of a system call', async (t) => {
  const { rows } = await proposals({ ...SMALL, systemExecutions: 1, proposal: 'P-3' });
  const [variant] = rows[0]?.variants ?? [];
  t.true(variant?.asExpected);
  t.deepEqual(
    variant?.findings.map(({ scenario, key }) => [scenario, key]),
    [['enter-kernel', 'mixed']],
  );
});

test('a finding by its number is told in words', (t) => {
  const facts = { id: 'P-0', title: 'title', changes: 'changes', state: 'open', sense: 'sense' };
  const found = { scenario: 'race', count: 1, executions: 2, replay: 'klp-smp replay x' };
  const findings = ['WARN 41', 'I-5', 'mixed'].map((key) => ({ ...found, key }));
  const variant = {
    verdict: 'fails',
    ...{ what: 'as proposed', file: 'proposal:x', scenarios: ['race'] },
    ...{ executions: 2, findings, asExpected: true },
  } as const;
  const mail = proposalText({ ...facts, variants: [variant] }).replaceAll(/\n +/g, ' ');
  t.true(mail.includes("race: WARN 41 (klp_init_transition: a task's patch_state is not "), mail);
  t.true(mail.includes('race: I-5 (a transition completes although a task has not switched), '));
  t.true(mail.includes('race: mixed, 1 of 2 executions'));
});

test('--with proposal:NAME that names none of them is refused', async (t) => {
  await t.throwsAsync(replay({ token: 'klp2.x', replace: 'proposal:nosuch' }), {
    code: 'ERR_USAGE',
    message: /proposal:NAME/,
  });
});

test('a proposal that is not there is wrong usage', async (t) => {
  await t.throwsAsync(proposals({ proposal: 'P-9' }), {
    code: 'ERR_USAGE',
    message: /'P-9' is not in the catalogue; it has P-1, P-2/,
  });
});
