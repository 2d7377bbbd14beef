/** `npm run conformance`: every engine and model against all recorded verdicts of the folders given, as tables. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** Run one comparison with its table on our output; its exit status. */
function run(...args: readonly string[]): number {
  console.log(`\n$ klp-smp conformance ${args.join(' ')}`);
  return (
    spawnSync(process.execPath, [main, 'conformance', ...args], { stdio: 'inherit' }).status ?? 3
  );
}

const statuses = process.argv.slice(2).flatMap((dir) => {
  const later = join(dir, 'verdicts-7.3.jsonl');
  const all = [run(dir)];
  if (!existsSync(later)) return all;
  // Nothing is recorded for 6.12: but for one flag, 7.3 says the same.
  return [...all, run(dir, '--model', '6.12', '--verdicts', later), run(dir, '--model', '7.3')];
});
if (statuses.length === 0) console.error('give folders with verdicts.jsonl');
process.exitCode = statuses.length === 0 ? 2 : Math.max(...statuses);
