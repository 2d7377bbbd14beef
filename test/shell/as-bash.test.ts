/** Scripts of the folder `as-bash` give in our shell what the real bash gives: output and status. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startShell } from './machine.js';

const FOLDER = 'test/shell/as-bash';

const shell = await startShell();

/** Output and status of a script in the real bash, in a folder of its own. */
function bash(script: string): { stdout: string; exitCode: number } {
  const cwd = mkdtempSync(join(tmpdir(), 'klp-as-bash-'));
  writeFileSync(join(cwd, 'script.sh'), script);
  // The shell of the machine has no language set either.
  const env = { PATH: process.env['PATH'], HOME: '/root' };
  try {
    const stdout = execFileSync('bash', ['./script.sh'], {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { stdout, exitCode: 0 };
  } catch (error) {
    const { stdout, status } = error as { stdout: string; status: number };
    return { stdout, exitCode: status };
  }
}

for (const file of readdirSync(FOLDER)) {
  const sections = readFileSync(join(FOLDER, file), 'utf8').split(/^@@ /m).slice(1);
  for (const section of sections) {
    const [title = '', ...lines] = section.split('\n');
    const script = `cd "$(mktemp -d)"\n${lines.join('\n')}`;
    test.serial(`as in bash, ${file.replace('.txt', '')}: ${title}`, async (t) => {
      const { stdout, exitCode } = await shell.script(script, './script.sh', '/root');
      t.deepEqual({ stdout, exitCode }, bash(script));
    });
  }
}
