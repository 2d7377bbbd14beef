/** Scripts of the folder `as-bash` give in our shell what the real bash gives: output and status. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { bash } from './bash.js';
import { startShell } from './machine.js';

const FOLDER = 'test/shell/as-bash';

const shell = await startShell();

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
