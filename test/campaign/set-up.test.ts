import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ablate } from '../../src/campaign/ablate/ablate.js';
import { explore } from '../../src/campaign/explore.js';
import { SetUps } from '../../src/campaign/scenarios/set-up.js';
import { partialResult } from '../../src/errors.js';
import { checkRace } from '../../src/testing/check-race.js';

const folder = mkdtempSync(join(tmpdir(), 'klp-set-up-'));

interface Parts {
  readonly top?: string;
  readonly build?: string;
  readonly init?: string;
  readonly value?: string;
  readonly observe?: string;
}

/** A race with code of the user's in its places. */
function written(name: string, parts: Parts): string {
  const { top = '', build = '', init = '', value = '1', observe = "'done'" } = parts;
  const file = join(folder, `${name.replaceAll(/\W/g, '-')}.mjs`);
  writeFileSync(
    file,
    `import { claimLocal, MemoryMap, race } from 'klp-smp';
${top}
const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const X = map.claimWords('x', 1);
const writer = (cpu) => cpu.writeOnce(X, ${value});
const reader = (cpu) => cpu.trace(1, cpu.readOnce(X));
export const it = race({
  name: 'it',
  description: 'A race.',
  build: () => { ${build}; return { ctx: {}, map, localBase, bodies: [writer, reader], init: (image) => { ${init} } }; },
  observe: () => ${observe},
  outcomes: { done: { grade: 'acceptable', reason: 'fine' }, other: { grade: 'acceptable', reason: 'fine' } },
  ablations: [{ sites: [4], finds: 'other', why: 'a test' }],
});
`,
  );
  return file;
}

const SET_UP = {
  code: 'ERR_USAGE',
  message: /^scenario it is not deterministic: set up twice, it is not the same\. Modules, build/,
};

/** What is not the same the second time, in places that no schedule reaches. */
const SECOND: Readonly<Record<string, Parts>> = {
  'chance in build()': { top: 'let v;', build: 'v = Math.random() < 0.5 ? 1 : 2', value: 'v' },
  'chance in init()': { init: 'image[X] = Math.random() < 0.03 ? 7 : 0' },
  'a slow clock in init()': { init: 'image[X] = new Date().getDay()' },
  'a check that asks the clock': { observe: `Date.now() < ${Date.now() + 1e9} ? 'done' : 'other'` },
  'Date as a function': { value: 'Number(Date().slice(11, 15))' },
  'the time since the start': { init: 'image[X] = Math.floor(performance.now() / 3e5)' },
  'the uptime': { init: 'image[X] = process.uptime() >> 10' },
  'a slow process clock': { value: 'process.hrtime()[0] >> 12' },
  'a counter of builds': { top: 'let n = 0;', build: 'n++', init: 'image[X] = n' },
  'a set that grows': { top: 'const s = new Set();', build: 's.add({})', value: '[...s].length' },
};

for (const [what, parts] of Object.entries(SECOND)) {
  test(`a scenario that is set up by ${what} is refused`, async (t) => {
    const file = written(what, parts);
    await t.throwsAsync(new SetUps().check({ file, name: 'it' }), SET_UP);
  });
}

test('what is thrown away, or given no time or chance, is no difference', async (t) => {
  const build = 'Math.random(); new Date(5).getDay(); Date.UTC(1); Date.now() instanceof Date';
  const file = written('harmless', { top: 'const at = new Date(7);', build, value: '+at' });
  await t.notThrowsAsync(new SetUps().check({ file, name: 'it' }));
  await t.notThrowsAsync(explore({ scenario: file, executions: 10, threads: 1 }));
});

const LOADED = written('module', { top: 'const R = Math.random() < 0.5 ? 1 : 2;', value: 'R' });

test('a module that gives something else each time it is loaded is refused', async (t) => {
  const error = await t.throwsAsync(explore({ scenario: LOADED, executions: 10 }), SET_UP);
  t.true(error.message.endsWith(`; ${LOADED}:2 uses Math.random`), error.message);
  await t.throwsAsync(checkRace('a title', LOADED, { executions: 10 }), SET_UP);
});

test('every command that explores refuses it, and ablate has a result all the same', async (t) => {
  const scenario = written('counted', { top: 'let n = 0;', build: 'n++', init: 'image[X] = n' });
  await t.throwsAsync(explore({ scenario, strategy: 'dfs', budgetMs: 1000 }), SET_UP);
  await t.throwsAsync(checkRace('a title', scenario, { executions: 10 }), SET_UP);
  const error = await t.throwsAsync(ablate({ all: true, scenario }), SET_UP);
  t.deepEqual(partialResult(error), { rows: [], threadRows: [], interrupted: false });
});
