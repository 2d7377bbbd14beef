import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { parse } from 'acorn';
import * as api from '../../src/index.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { readPlan } from '../../src/campaign/plan/read-plan.js';
import { runMain } from '../cli/child.js';
import { blocksOf, pages, textOf } from './pages.js';
import { ROOT } from './rooms.js';

const all = pages();
const blocks = all.flatMap(blocksOf);

test('the README has 150 lines at most', (t) => {
  t.true(textOf('README.md').split('\n').length <= 151);
});

for (const page of all) {
  test(`links of ${page} lead somewhere`, (t) => {
    const links = [...textOf(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!);
    for (const link of links.filter((to) => !/^https?:/.test(to))) {
      t.true(existsSync(join(ROOT, dirname(page), link)), link);
    }
    t.pass();
  });
}

test('every command that the documentation names exists, with each of its options', async (t) => {
  const lines = all.flatMap((page) =>
    [...textOf(page).matchAll(/klp-smp ([a-z-]+)((?: [^`\n|]*)?)/g)].map(([, name, rest]) => ({
      page,
      name: name!,
      rest: rest!,
    })),
  );
  const names = new Set(COMMANDS.map(({ name }) => name));
  const commands = lines.filter(({ name }) => names.has(name));
  t.true(commands.length > 30);
  const helps = new Map<string, string>();
  for (const { page, name, rest } of commands) {
    const sub = name === 'campaign' || name === 'bench' ? (/^ ([a-z]+)/.exec(rest)?.[1] ?? '') : '';
    const key = `${name} ${sub}`.trim();
    if (!helps.has(key)) helps.set(key, (await runMain(...key.split(' '), '--help')).stdout);
    for (const [, option] of rest.split(/ {2,}|#/)[0]!.matchAll(/ (--[a-z-]+)/g)) {
      t.true(helps.get(key)!.includes(option!), `${page}: klp-smp ${key} ${option}`);
    }
  }
});

test('code blocks parse, and what they import from klp-smp exists', (t) => {
  const code = blocks.filter(({ language }) => language === 'js');
  t.true(code.length >= 3);
  const exported = new Set(Object.keys(api));
  for (const { page, text } of code) {
    t.notThrows(() => parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), page);
    for (const [, names] of text.matchAll(/import \{([^}]*)\} from 'klp-smp'/g)) {
      for (const name of names!.split(',').map((it) => it.trim().split(' as ')[0]!)) {
        t.true(name === '' || exported.has(name), `${page}: ${name}`);
      }
    }
  }
});

test('what exit statuses mean stands on one page, and every other page refers to it', (t) => {
  const tables = all.filter((page) => /^\| 130 /m.test(textOf(page)));
  t.deepEqual([...new Set(tables)], ['docs/exit-status.md']);
  for (const page of ['README.md', 'docs/command-line.md', 'docs/explorer.md']) {
    t.regex(textOf(page), /\(((docs\/)?exit-status\.md)\)/, page);
  }
});

test('a code block with the name of an example is that example', (t) => {
  let compared = 0;
  for (const page of all) {
    const text = textOf(page);
    for (const [, file, code] of text.matchAll(
      /<!-- (examples\/[\w./-]+) -->\n+```js\n(.*?)```/gs,
    )) {
      t.is(code, readFileSync(join(ROOT, file!), 'utf8'), `${page}: ${file}`);
      compared++;
    }
  }
  t.true(compared >= 2);
});

test('the campaign file of the documentation is one', (t) => {
  const yaml = blocks.filter(({ language }) => language === 'yaml');
  t.true(yaml.length > 0);
  for (const { text } of yaml) {
    const file = join(mkdtempSync(join(tmpdir(), 'klp-docs-')), 'plan.yaml');
    writeFileSync(file, text);
    t.notThrows(() => readPlan(file));
  }
});

/** Each example: what its scenarios show, and what they must not be rid of. */
const EXAMPLES: Readonly<Record<string, { clean: boolean; sees: readonly string[] }>> = {
  'mailbox.js#mailbox': { clean: false, sees: ['letter 0'] },
  'message.js#message': { clean: true, sees: ['no flag', 'message 1'] },
  'ring-buffer.js#ring-buffer': { clean: true, sees: ['1,2,3'] },
  'ring-buffer.js#ring-buffer-broken': { clean: false, sees: ['1,0,3'] },
  'seqlock.js#seqlock': { clean: true, sees: ['0, 0', '5, 5'] },
  'seqlock.js#seqlock-one-look': { clean: false, sees: ['0, 5', '5, 0'] },
  'disable.js#disable': { clean: true, sees: ['f_a, pending'] },
  'callbacks.js#callbacks': { clean: true, sees: ['1 begun, 0 unfinished'] },
};

for (const [scenario, { clean, sees }] of Object.entries(EXAMPLES)) {
  test(`example ${scenario} ${clean ? 'is clean' : 'has its finding'}`, async (t) => {
    const executions = scenario.startsWith('callbacks') ? 300 : 1000;
    const { outcomes } = await api.explore({
      scenario: join(ROOT, 'examples', scenario),
      executions,
      budgetMs: 60_000,
      threads: 1,
      minimise: false,
    });
    const forbidden = outcomes.filter(({ grade }) => grade === 'forbidden');
    t.is(forbidden.length === 0, clean, JSON.stringify(forbidden));
    for (const key of sees)
      t.true(
        outcomes.some((it) => it.key === key),
        key,
      );
  });
}

test('every example is tested', async (t) => {
  const names = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.js'));
  const tested = new Set(Object.keys(EXAMPLES).map((key) => key.split('#')[0]));
  // Replaced kernel code has a test of its own: changed-kernel-code.
  t.deepEqual(names.filter((name) => !tested.has(name) && name !== 'no-wmb.js').sort(), []);
  for (const name of tested) {
    const module = (await import(pathToFileURL(join(ROOT, 'examples', name!)).href)) as object;
    const scenarios = Object.values(module) as { name?: string }[];
    for (const { name: scenario } of scenarios) {
      t.true(`${name}#${scenario}` in EXAMPLES, `${name}#${scenario}`);
    }
  }
});

test('every row on the kernels has tests of the titles that its page names, one for each release', (t) => {
  const [, table = ''] = textOf('docs/kernels.md').split('## Where each row is tested');
  const titles = [...table.matchAll(/^\|[^|]*\| +(.*?) +\|$/gm)]
    .map(([, title]) => title!.replaceAll('\\_', '_'))
    .filter((title) => title !== 'Test' && !title.startsWith('---'));
  const sources = ['livepatch/versions', 'livepatch/versions-seen', 'shell/first-attempt']
    .map((name) => textOf(`test/${name}.test.ts`))
    .join('\n');
  t.true(titles.length >= 30);
  for (const title of titles) {
    const literal = new RegExp(
      `(each\\(\\s*['"]|\\{version\\}: )${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`],`,
    );
    t.regex(sources, literal, title);
  }
});
