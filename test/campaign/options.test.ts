import test from 'ava';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as api from '../../src/index.js';

type UseCase = (options: object) => Promise<unknown>;

/** Every use case, with options that are right. */
const USE_CASES: readonly (readonly [keyof typeof api, object])[] = [
  ['ablate', { sites: ['O-01'] }],
  ['benchDispatch', {}],
  ['checkLitmus', { source: 'C x' }],
  ['compare', { scenario: 'disable-protocol-1' }],
  ['conformance', { dir: '.' }],
  ['exhaust', {}],
  ['explore', { scenario: 'disable-protocol-1' }],
  ['history', {}],
  ['latent', {}],
  ['litmusShapes', {}],
  ['recordFinding', { token: 'x' }],
  ['replay', { token: 'x' }],
  ['runCampaign', {}],
  ['stress', {}],
  ['stressInExplorer', {}],
  ['verify', {}],
  ['weaken', { scenario: 'x.js' }],
];

for (const [name, right] of USE_CASES) {
  const useCase = api[name] as unknown as UseCase;

  test(`${name}() refuses what are no options, and names the option that is none and those that are`, async (t) => {
    for (const wrong of [null, 5, 'x', []]) {
      await t.throwsAsync(useCase(wrong as unknown as object), {
        code: 'ERR_USAGE',
        message: new RegExp(`^${name}: options are an object, not `),
      });
    }
    await t.throwsAsync(useCase({ ...right, nonsense: 1 }), {
      code: 'ERR_USAGE',
      message: new RegExp(`^${name}: there is no option 'nonsense'. Accepted are .*`),
    });
  });
}

const WRONG: readonly (readonly [keyof typeof api, object, string])[] = [
  ['explore', { scenario: 'disable-protocol-1', executions: 0 }, 'executions'],
  ['explore', { scenario: 'disable-protocol-1', executions: NaN }, 'executions'],
  ['explore', { scenario: 'disable-protocol-1', memory: 'tso' }, 'memory'],
  ['verify', { executions: 0 }, 'executions'],
  ['stress', { cpus: 65 }, 'cpus'],
  ['stressInExplorer', { operations: 0 }, 'operations'],
  ['stressInExplorer', { sabotage: 'everything' }, 'sabotage'],
  ['exhaust', { budgetMs: 0 }, 'budgetMs'],
  ['weaken', { scenario: 'x.js', executions: 0 }, 'executions'],
  ['stress', { durationMs: NaN }, 'durationMs'],
  ['compare', { scenario: 'disable-protocol-1', backend: 'lkmm' }, 'backend'],
  ['ablate', { sites: ['O-99'] }, 'sites'],
  ['litmusShapes', { trials: 0 }, 'trials'],
  ['benchDispatch', { rounds: 1 }, 'rounds'],
  ['recordFinding', { token: 'x', steps: 0 }, 'steps'],
  ['recordFinding', { token: 5 }, 'token'],
];

for (const [name, options, key] of WRONG) {
  test(`${name}() names '${key}' of ${JSON.stringify(options)} and what is accepted`, async (t) => {
    await t.throwsAsync((api[name] as unknown as UseCase)(options), {
      code: 'ERR_USAGE',
      message: new RegExp(`^${name}: ${key}.* is not accepted; give .+`),
    });
  });
}

const UNKNOWN: readonly (readonly [keyof typeof api, object])[] = [
  ['explore', { scenario: 'disable-cal' }],
  ['compare', { scenario: 'disable-cal' }],
  ['verify', { scenarios: ['disable-cal'] }],
  ['ablate', { sites: ['O-01'], scenario: 'disable-cal' }],
];

for (const [name, options] of UNKNOWN) {
  test(`${name}() says which names of scenarios are nearest to one that there is not`, async (t) => {
    await t.throwsAsync((api[name] as unknown as UseCase)(options), {
      code: 'ERR_USAGE',
      message: /^there is no scenario disable-cal; the nearest are disable-call, /,
    });
  });
}

test('ablate() without sites, and a race that does not show the sites, are told apart', async (t) => {
  const ways = [
    [{ sites: [] }, /^give the ordering sites to remove/],
    [{ sites: ['O-01'], scenario: 'fork-switch' }, /^fork-switch does not show the removal/],
  ] as const;
  for (const [options, message] of ways) {
    await t.throwsAsync(api.ablate(options), { code: 'ERR_USAGE', message });
  }
});

test('a scenario whose file explores itself is told so at once', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'options-')), 'itself.js');
  writeFileSync(
    file,
    `import { claimLocal, explore, MemoryMap, race, struct } from 'klp-smp';
const map = new MemoryMap();
const localBase = claimLocal(map, 1);
const flag = map.claim('flag', struct('flag', { value: 1 }));
function set(cpu) {
  cpu.writeOnce(flag, 1);
}
export const flags = race({
  name: 'flags',
  description: 'one store',
  build: () => ({ ctx: {}, map, localBase, bodies: [set] }),
  observe: () => 'done',
  outcomes: { done: { grade: 'acceptable', reason: 'always' } },
});
await explore({ scenario: import.meta.filename, executions: 10 });
`,
  );
  await t.throwsAsync(api.explore({ scenario: file, executions: 10 }), {
    code: 'ERR_USAGE',
    message: /explore\(\) is called by the file of a scenario itself.*file of its own/,
  });
});

test('a file that imports both kinds of scenario is refused, with its line', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'options-')), 'both.mjs');
  writeFileSync(
    file,
    `import { program } from 'klp-smp/javascript';
import { race } from 'klp-smp';
export const both = program({});
`,
  );
  await t.throwsAsync(api.explore({ scenario: file, executions: 10 }), {
    code: 'ERR_USAGE',
    message:
      /both\.mjs:2: imports 'klp-smp': of klp-smp, a program imports klp-smp\/javascript only/,
  });
});

test('the address of a server may hold a password: it is refused without being shown', async (t) => {
  for (const redis of ['http://user:secret@x', 'redis://user:secret@x:port', 'user:secret@x']) {
    const error = await t.throwsAsync(api.runCampaign({ plan: 'x', redis }), {
      code: 'ERR_USAGE',
      message: /redis: the value is not accepted; give the address of a Redis server/,
    });
    t.false(String(error.stack).includes('secret'));
  }
});
