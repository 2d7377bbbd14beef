/** If output and errors go to one place, errors appear where they happen, as the real bash prints them. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startShell } from './machine.js';

const shell = await startShell('6.5', true);

/** What a script prints in the real bash, errors included; the program that reports an error is called bash. */
function bash(script: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'klp-together-')), 'script.sh');
  writeFileSync(file, script);
  const printed = execFileSync('bash', ['-c', `bash ${file} 2>&1; true`], { encoding: 'utf8' });
  return printed.replace(/^.*: line \d+: /gm, 'bash: ');
}

const F = 'f() { echo before; ls /nowhere; echo after; }\n';

const SCRIPTS: Readonly<Record<string, string>> = {
  'between commands': 'echo a\nls /nowhere\necho b',
  'in a function': `${F}f\necho end`,
  'in a function whose errors are thrown away': `${F}f 2>/dev/null\necho end`,
  'in a function whose output goes into a file': `o=$(mktemp)\n${F}f > "$o"\necho end\ncat "$o"`,
  'in a function all of which goes into a file': `o=$(mktemp)\n${F}f > "$o" 2>&1\necho end\ncat "$o"`,
  'in a function all of which goes into a pipe': `${F}f 2>&1 | sed 's/^/> /'\necho end`,
  'in a function whose output alone is captured': `${F}x=$(f)\necho "x is $x"`,
  'in a function all of which is captured': `${F}x=$(f 2>&1)\necho "x is $x"`,
  'in a group whose errors go into a file': `o=$(mktemp)\n${F}{ echo in; f; } 2>"$o"\necho end\ncat "$o"`,
  'in loops':
    'for i in 1 2; do echo $i; cat /nowhere$i; done\nn=0\nwhile [ $n -lt 2 ]; do ls /n; n=$((n+1)); done',
  'in conditions':
    'if ls /nowhere; then echo yes; else echo no; fi\nls /n || echo or\nls / >/dev/null && ls /m',
  'in subshells': '(echo in; ls /nowhere; echo out)\necho end',
  'of what is not there': 'echo a\nno_such_command\necho "$?"\ncd /nowhere\necho b',
  'of what is read': 'echo a\ncat < /nowhere\necho "$?"',
  'of what is written where no folder is': 'echo a\necho x > /nowhere/file\necho "$?"',
  'that are printed': 'echo a\necho b >&2\necho c',
  'before an end': 'f() { echo in; ls /n; exit 3; }\nf\necho never',
  'in a trap': 'trap "echo bye; ls /n" EXIT\necho a\nexit 1',
  'with a status after a function': 'f() { ls /n; return 7; }\nf\necho "$?"\nf || echo "or $?"',
};

for (const [title, script] of Object.entries(SCRIPTS)) {
  test.serial(`errors ${title} stand where they happen`, async (t) => {
    const { stdout, stderr } = await shell.script(script, 'script.sh', '/root');
    t.is(stdout + stderr, bash(script));
  });
}
