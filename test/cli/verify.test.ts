import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  differences,
  findingsOf,
  type VerifiedScenario,
} from '../../src/campaign/verify/verified.js';
import { runMain } from './child.js';

const SCENARIOS = ['shadow-get', 'switch-self'];

/** Rows of what --json prints, or of what --save writes. */
function rowsOf(json: string): VerifiedScenario[] {
  const found = JSON.parse(json) as VerifiedScenario[] | { readonly rows: VerifiedScenario[] };
  return Array.isArray(found) ? found : found.rows;
}

test('scenarios are executed twice, with equal traces and nothing forbidden', async (t) => {
  const { exitCode, stdout } = await runMain(
    'verify',
    ...SCENARIOS,
    '--runs',
    '300',
    '--twice',
    '--json',
  );
  t.is(exitCode, 0);
  const rows = rowsOf(stdout);
  t.deepEqual(
    rows.map(({ scenario, executions }) => [scenario, executions]),
    SCENARIOS.map((name) => [name, 300]),
  );
  for (const row of rows) {
    t.is(row.again, row.digest);
    t.is(row.expected, 'clean');
  }
  t.deepEqual(findingsOf(rows), []);
});

test('what an older kernel shows is no finding there, and would be one elsewhere', async (t) => {
  const { exitCode, stdout } = await runMain('verify', 'shadow-old', '--runs', '300', '--json');
  t.is(exitCode, 0);
  const rows = rowsOf(stdout);
  t.deepEqual(findingsOf(rows), []);
  const findings = findingsOf(rows.map((row) => ({ ...row, expected: 'clean' as const })));
  t.deepEqual([...new Set(findings.map(({ key }) => key))], ['two variables']);
});

test('progress is saved, and a run that goes on ends like one that was not interrupted', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-'));
  const saved = join(folder, 'saved.json');
  const once = await runMain('verify', ...SCENARIOS, '--runs', '400', '--save', saved);
  t.is(once.exitCode, 0);
  const checkpoint = join(folder, 'progress');
  const verify = (...args: string[]) =>
    runMain('verify', ...SCENARIOS, '--checkpoint', checkpoint, ...args);
  t.is((await verify('--runs', '150')).exitCode, 0);
  const { exitCode, stderr } = await verify('--runs', '400', '--compare', saved);
  t.is(stderr, '');
  t.is(exitCode, 0);
});

test('equal runs whose traces differ are our own fault, unequal ones the caller’s', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-'));
  const saved = join(folder, 'saved.json');
  const verify = (...args: string[]) => runMain('verify', 'shadow-get', ...args);
  t.is((await verify('--runs', '50', '--save', saved)).exitCode, 0);
  const rows = rowsOf(readFileSync(saved, 'utf8'));
  t.deepEqual(differences(rows, rows), []);

  const short = await verify('--runs', '40', '--compare', saved);
  t.is(short.exitCode, 2);
  t.regex(short.stderr, /shadow-get: the saved report has executions 50, this run 40/);

  writeFileSync(saved, JSON.stringify(rows.map((row) => ({ ...row, digest: '00000000' }))));
  const other = await verify('--runs', '50', '--compare', saved);
  t.is(other.exitCode, 3);
  t.regex(other.stderr, /equal runs differ: shadow-get: trace hash [0-9a-f]{8}, saved 00000000/);
});

test('unknown scenarios and files that are no reports are refused by name', async (t) => {
  const unknown = await runMain('verify', 'nonsense');
  t.is(unknown.exitCode, 2);
  t.regex(unknown.stderr, /there is no scenario nonsense/);
  const file = join(mkdtempSync(join(tmpdir(), 'klp-smp-')), 'other.json');
  writeFileSync(file, '{}');
  const other = await runMain('verify', 'shadow-get', '--runs', '1', '--compare', file);
  t.is(other.exitCode, 2);
  t.regex(other.stderr, /is not what verify --save writes/);
});
