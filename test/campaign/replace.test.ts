import test from 'ava';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ablate, explore, replay, stress, verify } from '../../src/index.js';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import { noWmb as noWmbCode } from './no-wmb.js';

/** Folder far from any package: files there import from 'klp-smp' all the same. */
const folder = mkdtempSync(join(tmpdir(), 'replace-'));

function write(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

const noWmb = write('no-wmb.js', noWmbCode);
const wrapped = write(
  'wrapped.js',
  `import {
  klpInitTransition as original,
  NULL,
} from 'klp-smp';
export function klpInitTransition(cpu, patch, state) {
  cpu.trace(4711, patch === NULL ? 0 : 1, state);
  original(cpu, patch, state);
}
`,
);

test.serial(
  'verify finds WARN 34 in disable-call without the smp_wmb() of klpInitTransition(), and the token replays',
  async (t) => {
    const { rows } = await verify({
      scenarios: ['disable-call'],
      replace: noWmb,
      executions: 400,
      threads: 1,
    });
    const [row] = rows;
    const warn = row?.outcomes.find(({ grade }) => grade === 'forbidden');
    t.is(warn?.key, 'WARN 34');
    t.is(warn?.replay, `klp-smp replay ${warn?.token} --with ${noWmb}`);
    const replayed = await replay({ token: warn?.token ?? '', replace: noWmb });
    t.is(replayed.verdict.key, 'WARN 34');
    t.is(replayed.changed, null);
  },
);

test.serial(
  'a token of changed kernel code says which file is missing, and that another one is other code',
  async (t) => {
    const { findings } = await explore({
      scenario: 'disable-call',
      replace: noWmb,
      executions: 400,
      budgetMs: 200_000,
      threads: 1,
    });
    const token = findings[0]?.token ?? '';
    await t.throwsAsync(replay({ token }), {
      code: 'ERR_USAGE',
      message:
        'the token was made with changed kernel code, in which klpInitTransition was replaced: give the file that did so, --with FILE',
    });
    const { token: clean } = (
      await explore({ scenario: 'disable-call', executions: 10, budgetMs: 200_000, threads: 1 })
    ).outcomes[0]!;
    t.regex(
      (await replay({ token: clean, replace: wrapped })).changed ?? '',
      /^the code has changed/,
    );
  },
);

test.serial(
  'a replacement calls the original under its own name, and changes nothing else',
  async (t) => {
    const options = {
      scenario: 'disable-call',
      executions: 200,
      budgetMs: 200_000,
      threads: 1,
    } as const;
    const plain = await explore(options);
    const changed = await explore({ ...options, replace: wrapped });
    t.deepEqual(changed.replaced, ['klpInitTransition']);
    t.deepEqual(
      changed.outcomes.map(({ key, count }) => [key, count]),
      plain.outcomes.map(({ key, count }) => [key, count]),
    );
    t.not(changed.fingerprint, plain.fingerprint);
  },
);

test.serial(
  'ablate takes a replacement: without O-10 the wrapper finds what the original does',
  async (t) => {
    const { rows } = await ablate({
      sites: ['O-10'],
      scenario: 'disable-call',
      replace: wrapped,
      budgetMs: 60_000,
      threads: 1,
    });
    t.deepEqual(
      rows.map(({ found }) => found),
      [['WARN 34']],
    );
  },
);

for (const [name, code, message] of [
  [
    'misspelt.js',
    'export function klpInitTransitoin(cpu) {}',
    /exports klpInitTransitoin, which is no ported kernel function; the nearest are klpInitTransition, /,
  ],
  [
    'constant.js',
    'export const klpInitTransition = (cpu) => {};',
    /constant\.js:1: exports klpInitTransition, which is no function with a parameter `cpu`/,
  ],
  [
    'no-cpu.js',
    '\nexport function klpInitTransition(patch) {}',
    /no-cpu\.js:2: exports klpInitTransition, which is no function with a parameter `cpu`/,
  ],
  [
    'no-such-name.js',
    "import { klpIniTransition } from 'klp-smp';\nexport function klpInitTransition(cpu) {}",
    /no-such-name\.js:1: imports klpIniTransition, which klp-smp does not export; the nearest are klpInitTransition, /,
  ],
  ['empty.js', 'function klpInitTransition(cpu) {}', /empty\.js exports nothing/],
  [
    'elsewhere.js',
    "export { klpInitTransition } from './no-wmb.js';",
    /exports klpInitTransition from another module/,
  ],
  [
    'ambiguous.js',
    'export function unlink(cpu) {}',
    /exports unlink: there are two functions of that name/,
  ],
] as const) {
  test.serial(`refused as a replacement: ${name}`, async (t) => {
    const replace = write(name, code);
    await t.throwsAsync(explore({ scenario: 'disable-call', replace, executions: 1 }), {
      code: 'ERR_USAGE',
      message,
    });
  });
}

test.serial('a replacement of what a scenario does not contain is refused', async (t) => {
  const scenario = 'disable-protocol-1';
  await t.throwsAsync(explore({ scenario, replace: noWmb, executions: 1 }), {
    code: 'ERR_USAGE',
    message: /has no effect: disable-protocol-1 contains no function that it replaces$/,
  });
});

test.serial(
  'on real threads the replacement is what every CPU executes, whatever the memory',
  async (t) => {
    const replace = write(
      'crashes.js',
      'export function klpInitTransition(cpu) {\n  cpu.read(3);\n}\n',
    );
    for (const memory of MEMORY_KINDS) {
      const { outcomes } = await stress({
        replace,
        memory,
        cpus: 2,
        tasks: 16,
        durationMs: 60_000,
      });
      const bad = outcomes.filter(({ grade, count }) => grade === 'forbidden' && count > 0);
      t.is(bad.length, 1, memory);
      t.regex(bad[0]?.name ?? '', /^oops on CPU [01]$/, memory);
    }
  },
);

for (const [what, code, message] of [
  ['no ordering site', "cpu.smpWmb('O-99')", /'O-99' is no ordering site: .*\(.*:2\)$/],
  ['no value', 'cpu.writeOnce(cpu.ctx.klp.targetState, 1.5)', /1\.5 is no value of .*:2\)$/],
  ['what it does not declare', 'nope()', /its code throws: ReferenceError: nope .*:2\)$/],
] as const) {
  test.serial(
    `on real threads a replacement that uses ${what} is told with its line`,
    async (t) => {
      const name = `${what.replaceAll(' ', '-')}.js`;
      const replace = write(name, `export function klpInitTransition(cpu) {\n  ${code};\n}\n`);
      const run = stress({ replace, memory: 'atomics', cpus: 2, tasks: 16, durationMs: 20_000 });
      const error = await t.throwsAsync(run, { code: 'ERR_USAGE', message });
      t.true(error.message.includes(`(${replace}:2)`));
    },
  );
}
