/** The real bash of this machine, which our shell is compared with. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Output and status of a script in the real bash, in a folder of its own. */
export function bash(script: string): { stdout: string; exitCode: number } {
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
