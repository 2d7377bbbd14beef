/**
 * The tests under other versions of Node, whose binaries come from the npm registry.
 * `npm run test:nodes -- [VERSION…] [FILE…]`: versions such as 20.19 or 26 (default 20.19, 22, 24 and 26), compiled test files
 * (default all). Prints a line per version; ends with 1 when a test fails under one.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const AVA = join(ROOT, 'node_modules/ava/entrypoints/cli.mjs');
const DEFAULT_VERSIONS = ['20.19', '22', '24', '26'];
const isVersion = (text: string): boolean => /^\d+(\.\d+)*$/.test(text);

/** Install the binary of a version; returns its path. */
function install(version: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-save', `${name}@${version}`];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, 'node_modules', name, 'bin', 'node');
}

function runUnder(version: string, files: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-node-'));
  try {
    const node = install(version, folder);
    const exact = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    process.stdout.write(`\n== Node ${exact}\n`);
    const PATH = `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH };
    const { status } = spawnSync(node, [AVA, ...files], { cwd: ROOT, stdio: 'inherit', env });
    process.stdout.write(`== Node ${exact}: ${status === 0 ? 'passed' : 'FAILED'}\n`);
    return status === 0;
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
