import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runMain } from './child.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A copy of this project's ports and tests, without `lines` of transition.ts that contain `without`. */
function checkout(without: string): string {
  const root = mkdtempSync(join(tmpdir(), 'klp-coverage-'));
  for (const folder of ['src/livepatch', 'src/kernel', 'test']) {
    mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  }
  const path = join(root, 'src/livepatch/transition.ts');
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, lines.filter((line) => !line.includes(without)).join('\n'));
  return root;
}

test('every function of transition.c has a port, and every port a test', async (t) => {
  const ended = await runMain('kernel-coverage', '--root', ROOT, '--json');
  t.is(ended.exitCode, 0, ended.stderr);
  const { rows, missing } = JSON.parse(ended.stdout) as { rows: unknown[]; missing: string[] };
  t.deepEqual(missing, []);

  // Each of its options has its effect beside the others.
  const ofOne = await runMain('kernel-coverage', '--root', ROOT, '--kernel', '6.1', '--json');
  t.true((JSON.parse(ofOne.stdout) as { rows: unknown[] }).rows.length < rows.length);
});

test('a function of transition.c without its port ends with 1 and its name', async (t) => {
  const root = checkout('@kernel klp_send_signals,');
  const ended = await runMain('kernel-coverage', '--root', root);
  rmSync(root, { recursive: true });
  t.is(ended.exitCode, 1);
  t.is(ended.stderr, 'port coverage: klp_send_signals has no port\n');
  t.true(ended.stdout.includes('missing: klp_send_signals has no port'));
});

test('without tests every function is missing one', async (t) => {
  const root = checkout('nothing at all');
  rmSync(join(root, 'test'), { recursive: true });
  mkdirSync(join(root, 'test'));
  const ended = await runMain('kernel-coverage', '--root', root, '--json');
  rmSync(root, { recursive: true });
  t.is(ended.exitCode, 1);
  const { rows, missing } = JSON.parse(ended.stdout) as { rows: unknown[]; missing: string[] };
  t.is(missing.length, rows.length);
});

test('a folder that is no checkout is wrong usage', async (t) => {
  const ended = await runMain('kernel-coverage', '--root', tmpdir());
  t.is(ended.exitCode, 2);
  t.regex(ended.stderr, /^klp-smp: --root: '.*' has no src\/livepatch; give a checkout[^\n]*\n$/);
});
