import test from 'ava';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runMain } from '../cli/child.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Comparison {
  readonly rows: readonly {
    readonly outcome: string;
    readonly grade: string;
    readonly explorer: number;
    readonly threads: number;
  }[];
  readonly exhausted: boolean;
}

function compare(name: string, runs: number): Promise<Comparison> {
  const args = [main, 'compare', name, '--runs', String(runs), '--budget', '1s', '--json'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout) as Comparison);
    });
  });
}

const SCENARIOS = [
  ['a bare race', 'disable-protocol-1', 200, true],
  ['a race over the booted kernel, with its interrupts and its clock', 'disable-switch', 50, false],
  ['a whole machine', 'system-enable-disable', 4, false],
] as const;

for (const [what, name, runs, exhausted] of SCENARIOS) {
  test.serial(`${what} comes to its end on threads too, every time as it may`, async (t) => {
    const found = await compare(name, runs);
    t.is(found.exhausted, exhausted);
    t.is(
      found.rows.reduce((sum, row) => sum + row.threads, 0),
      runs,
    );
    for (const { outcome, grade } of found.rows) t.not(grade, 'forbidden', outcome);
  });
}

test.serial(
  'a scenario in a folder without node_modules finds the package on threads too',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'klp-smp-compare-'));
    const file = join(folder, 'mailbox.js');
    const example = fileURLToPath(new URL('../../../examples/mailbox.js', import.meta.url));
    copyFileSync(example, file);
    const { exitCode, stdout, stderr } = await runMain('compare', file, '--runs', '200', '--json');
    rmSync(folder, { recursive: true });
    t.is(stderr, '');
    t.is(exitCode, 1);
    const { rows } = JSON.parse(stdout) as Comparison;
    t.is(
      rows.reduce((sum, row) => sum + row.threads, 0),
      200,
    );
  },
);
