/**
 * The tests under other versions of Node, whose binaries come from the npm registry.
 * `npm run test:nodes -- [VERSION…] [FILE…]`: versions such as 20.19 or 26 (default 20.19, 22, 24 and 26), compiled test files
 * (default all). Then each version searches all states of a few races, and has to come to the same ones as this Node does. Prints a
 * line per version; ends with 1 when a test fails under one, or states differ.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const AVA = join(ROOT, 'node_modules/ava/entrypoints/cli.mjs');
const DEFAULT_VERSIONS = ['20.19', '22', '24', '26'];
const MAIN = join(ROOT, 'dist/src/cli/main.js');
/** Races whose states are compared. */
const RACES = ['disable-call', 'fork-switch', 'complete-patched', 'shadow-alloc'];
const isVersion = (text: string): boolean => /^\d+(\.\d+)*$/.test(text);

/** Install the binary of a version; returns its path. */
function install(version: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-save', `${name}@${version}`];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, 'node_modules', name, 'bin', 'node');
}

/** Result of searching all states of the races under one Node version. */
function statesUnder(node: string): string {
  const args = [MAIN, 'verify', ...RACES, '--exhaust', '--json'];
  const { rows } = JSON.parse(execFileSync(node, args, { encoding: 'utf8' })) as {
    rows: { scenario: string; says: string; states: number; digest: string | null }[];
  };
  return rows
    .map(({ scenario, says, states, digest }) => `${scenario} ${says} ${states} ${digest}`)
    .join('\n');
}

const expected = statesUnder(process.execPath);

function runUnder(version: string, files: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-node-'));
  try {
    const node = install(version, folder);
    const exact = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    process.stdout.write(`\n== Node ${exact}\n`);
    const PATH = `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH };
    const { status } = spawnSync(node, [AVA, ...files], { cwd: ROOT, stdio: 'inherit', env });
    const states = statesUnder(node);
    const isSame = states === expected;
    if (!isSame) process.stdout.write(`states searched here:\n${expected}\nthere:\n${states}\n`);
    const passed = status === 0 && isSame;
    process.stdout.write(`== Node ${exact}: ${passed ? 'passed' : 'FAILED'}\n`);
    return passed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const given = process.argv.slice(2);
const versions = given.filter(isVersion);
const files = given.filter((text) => !isVersion(text));
const passed = (versions.length === 0 ? DEFAULT_VERSIONS : versions).map((version) =>
  runUnder(version, files),
);
process.exitCode = passed.every(Boolean) ? 0 : 1;
