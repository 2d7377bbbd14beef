/** The page on models: its transcript is what the command prints, and its table has every rule. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { MODEL_RULES } from '../../src/litmus/model.js';
import { runMain } from './child.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(`${root}docs/litmus-models.md`, 'utf8');

test('the transcript of docs/litmus-models.md is what the command prints', async (t) => {
  const [, path = '', expected = ''] =
    /\$ klp-smp litmus (\S+) --models all\n([^]*?)```/.exec(page) ?? [];
  const { exitCode, stdout } = await runMain('litmus', `${root}${path}`, '--models', 'all');
  t.is(exitCode, 0);
  const bare = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  t.deepEqual(bare(stdout.replace(/\nTime .*\n$/, '')), bare(expected));
});

test('docs/litmus-models.md has a row for every rule, with the version that brought it', (t) => {
  for (const [rule, { since }] of Object.entries(MODEL_RULES)) {
    t.regex(page, new RegExp(`\\| \`${rule}\` +\\| ${since} `), rule);
  }
});
