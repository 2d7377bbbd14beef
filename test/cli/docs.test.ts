import { mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runEntry } from './child.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the program of docs/programs.md runs as printed', async (t) => {
  const page = readFileSync(join(ROOT, 'docs/programs.md'), 'utf8');
  const [, code = ''] = /```js\n([^]*?)```/.exec(page) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/klp-smp'));
  const file = join(folder, 'program.mjs');
  writeFileSync(file, code);
  const { exitCode, stdout } = await runEntry(file, []);
  rmSync(folder, { recursive: true });
  t.is(exitCode, 0);
  t.regex(stdout, /^warn klp-smp replay klp\d+\.\S+\n$/);
});
