/**
 * The package as its users get it: packed, installed into an empty folder, used under AVA, node:test and Vitest, by `npx`, and by
 * the TypeScript compiler without lib DOM and with its library checks on. Prints what was done; ends with 1 when something is not
 * as it must be. Needs the npm registry. `npm run test:package`.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BREAKERS } from '../explorer/fixtures/breakers.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const VERSIONS = ['ava@7', 'vitest@3', 'typescript@5.9', '@types/node@20'];

/** A mailbox whose sender forgets its fence when it is told so. */
const SCENARIO = `
import { claimLocal, MemoryMap, race, struct } from 'klp-smp';

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const message = map.claim('message', struct('message', { value: 1 }));
const full = map.claim('full', struct('full', { value: 1 }));

function send(cpu) {
  cpu.write(message, 7);
  cpu.smpWmb();
  cpu.writeOnce(full, 1);
}
function sendUnfenced(cpu) {
  cpu.write(message, 7);
  cpu.writeOnce(full, 1);
}
function receive(cpu) {
  if (cpu.readOnce(full) === 0) return;
  cpu.smpRmb();
  cpu.trace(1, cpu.read(message));
}
const mailbox = (name, sender) => race({
  name,
  description: 'One CPU sends a message, the other looks once.',
  build: () => ({ ctx: {}, map, localBase, bodies: [sender, receive] }),
  observe({ events }) {
    const [received] = events;
    if (received === undefined) return 'empty';
    return received.a === 7 ? 'received' : 'torn';
  },
  outcomes: {
    empty: { grade: 'acceptable', reason: 'the receiver looked too early' },
    received: { grade: 'acceptable', reason: 'the message arrived whole' },
    torn: { grade: 'forbidden', reason: 'the mailbox is full, but the message is not in it' },
  },
});
export const fenced = mailbox('fenced', send);
export const unfenced = mailbox('unfenced', sendUnfenced);
`;

/** Tests of one runner: three that pass, and three that must fail when `BROKEN` is set. */
const tests = (runner: string, from: string, skip: string): string => `
import test from '${runner}';
import { raceTest } from 'klp-smp/${from}';

const file = new URL("./it's a mailbox.scenario.js", import.meta.url);
test('whole messages', raceTest(file, { scenario: 'fenced', executions: 500 }));
test('in a time', raceTest(file, { scenario: 'fenced', budgetMs: 200 }));
test('torn without the fence', raceTest(file, { scenario: 'unfenced', finds: 'torn' }));
${skip}('a failing race', raceTest(file, { scenario: 'unfenced' }));
${skip}('nothing executed', raceTest(file, { scenario: 'fenced', executions: 0 }));
${skip}('misspelt', raceTest(file, { scenario: 'fenced', executons: 10 }));
`;

const TYPED = `
import * as api from 'klp-smp';
import * as ava from 'klp-smp/ava';
import * as nodeTest from 'klp-smp/node-test';
import * as vitest from 'klp-smp/vitest';

const result: Promise<api.ExploreResult> = api.explore({ scenario: 'disable-protocol-1', executions: 3 });
const options: ava.RaceTestOptions = { executions: 10 };
export const all = [result, ava.raceTest('x', options), nodeTest.raceTest('x'), vitest.raceTest('x')];
// @ts-expect-error a misspelt option
void api.explore({ scenario: 'disable-protocol-1', executons: 3 });
`;

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** A folder with the package in it, and what is done there. */
class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'klp-smp-package-'));
  #failures = 0;

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  run(command: string, env: NodeJS.ProcessEnv = {}): Ended {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      cwd: this.path,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    });
    return { code: status ?? -1, text: `${stdout}\n${stderr}` };
  }

  expect(what: string, isGood: boolean, { code, text }: Ended): void {
    process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'}  ${what}\n`);
    if (isGood) return;
    this.#failures++;
    const lines = text.trim().split('\n').slice(-30);
    process.stdout.write(`exit status ${code}\n${lines.join('\n').slice(-4000)}\n`);
  }

  end(): void {
    rmSync(this.path, { recursive: true, force: true });
    process.exitCode = this.#failures === 0 ? 0 : 1;
  }
}

function pack(folder: Folder): string {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder.path];
  const packed = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  const [first] = JSON.parse(packed) as { filename: string; size: number }[];
  if (first === undefined) throw new Error('npm pack packed nothing');
  process.stdout.write(`packed ${first.filename}, ${Math.round(first.size / 1024)} KB\n`);
  return join(folder.path, first.filename);
}

/** Each runner, how it is called, and how its tests are written. */
const RUNNERS = [
  {
    name: 'AVA',
    file: 'race.test.mjs',
    text: tests('ava', 'ava', '(process.env.BROKEN ? test : test.skip)'),
    command: 'npx ava race.test.mjs --timeout=60s',
  },
  {
    name: 'node:test',
    file: 'node.spec.mjs',
    text: tests('node:test', 'node-test', '(process.env.BROKEN ? test : test.skip)'),
    command: 'node --test --test-reporter=tap node.spec.mjs',
  },
  {
    name: 'Vitest',
    file: 'vitest.race.mjs',
    text: tests('vitest', 'vitest', '(process.env.BROKEN ? test : test.skip)').replace(
      'import test from',
      'import { test } from',
    ),
    command: 'npx vitest run vitest.race.mjs --testTimeout 60000',
  },
] as const;

function checkRunners(folder: Folder): void {
  folder.write("it's a mailbox.scenario.js", SCENARIO);
  folder.write('vitest.config.mjs', "export default { test: { include: ['*.race.mjs'] } };\n");
  for (const { name, file, text, command } of RUNNERS) {
    folder.write(file, text);
    const passing = folder.run(command);
    folder.expect(`${name}: what must pass passes`, passing.code === 0, passing);
    const failing = folder.run(command, { BROKEN: '1' });
    const says = (pattern: RegExp): boolean => failing.code !== 0 && pattern.test(failing.text);
    folder.expect(
      `${name}: a finding fails with its outcome`,
      says(/torn: the mailbox is full/),
      failing,
    );
    folder.expect(
      `${name}: and its story`,
      says(/read message\.value → 0.* newest is 7.* receive .*it's a mailbox\.scenario\.js:\d+/),
      failing,
    );
    folder.expect(`${name}: 0 executions fail`, says(/executions: 0 is not accepted/), failing);
    folder.expect(`${name}: a misspelt option fails`, says(/Did you mean 'executions'/), failing);
    const replay = /npx klp-smp replay klp\d+\.[^\n]*mailbox\.scenario\.js'?/.exec(
      failing.text,
    )?.[0];
    const again = replay === undefined ? failing : folder.run(replay);
    const isSame = replay !== undefined && again.code === 1 && /forbidden: torn/.test(again.text);
    folder.expect(`${name}: its command line replays as printed`, isSame, again);
  }
}

/** The compiled breakers, as their user would have written them. */
function breakersFile(): string {
  const code = readFileSync(join(ROOT, 'dist/test/explorer/fixtures/breakers.js'), 'utf8');
  return code
    .replaceAll(/from '(?:\.\.\/)+src\/[^']*'/g, "from 'klp-smp'")
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

/** Tests of every breaker, which must fail, or of their repaired twins. */
const breakerTests = (imports: string, from: string, suffix: string): string => `
${imports}
import { raceTest } from 'klp-smp/${from}';

const file = new URL('./breakers.scenario.js', import.meta.url);
for (const name of ${JSON.stringify([...BREAKERS.keys()])}) {
  test(name, raceTest(file, { scenario: name + '${suffix}', executions: ${suffix === '' ? 1000 : 100} }));
}
`;

/** Every breaker fails under every runner, with its finding, its steps and a line; its twin passes. */
function checkBreakers(folder: Folder): void {
  folder.write('breakers.scenario.js', breakersFile());
  for (const { name, from, imports, command } of BREAKER_RUNS) {
    for (const suffix of ['', '-repaired']) {
      const file = `breakers${suffix}.race.mjs`;
      folder.write(file, breakerTests(imports, from, suffix));
      const ended = folder.run(command.replace('{}', file));
      const missing = [...BREAKERS].filter(([breaker, finds]) => {
        const said = new RegExp(
          `${finds}: [^]*?of ${breaker}, seed [^]*?decisive steps[^]*?breakers\\.scenario\\.js:\\d+`,
        );
        return !said.test(ended.text);
      });
      const isGood = suffix === '' ? ended.code !== 0 && missing.length === 0 : ended.code === 0;
      const what = suffix === '' ? 'fails with its decisive steps' : 'passes once repaired';
      const named = suffix === '' ? missing.map(([breaker]) => ` ${breaker}`).join() : '';
      folder.expect(`${name}: each of ${BREAKERS.size} breakers ${what}${named}`, isGood, ended);
    }
  }
}

const BREAKER_RUNS = [
  {
    name: 'AVA',
    from: 'ava',
    imports: "import test from 'ava';",
    command: 'npx ava {} --timeout=60s',
  },
  {
    name: 'node:test',
    from: 'node-test',
    imports: "import test from 'node:test';",
    command: 'node --test --test-reporter=tap {}',
  },
  {
    name: 'Vitest',
    from: 'vitest',
    imports: "import { test } from 'vitest';",
    command: 'npx vitest run {} --testTimeout 60000',
  },
] as const;

function checkCommand(folder: Folder): void {
  const version = folder.run('npx klp-smp --version');
  folder.expect('npx klp-smp --version', /^\d+\.\d+\.\d+/.test(version.text), version);
  const list = folder.run('npx klp-smp explore --list');
  folder.expect('npx klp-smp explore --list', /disable-protocol-1/.test(list.text), list);
  const explored = folder.run('npx klp-smp explore disable-protocol-1 --strategy dfs');
  const isWhole = explored.code === 0 && /exhausted: .* in 5 executions/.test(explored.text);
  folder.expect('npx klp-smp explore: an exhaustive search', isWhole, explored);
  const stress = folder.run('npx klp-smp stress --cpus 2 --tasks 16 --duration 2s');
  folder.expect('npx klp-smp stress', stress.code === 0, stress);
  const bench = folder.run('npx klp-smp bench dispatch --only handler --rounds 3 --time 2ms');
  folder.expect('npx klp-smp bench dispatch', bench.code === 0, bench);
}

/** The examples and the code of the README, as they are in the package. */
function checkVerbatim(folder: Folder): void {
  folder.run('cp -r node_modules/klp-smp/examples .');
  const runners = [
    'npx ava examples/runners/ring-buffer.ava.js --timeout=60s',
    'node --test examples/runners/ring-buffer.node.js',
    'npx vitest run --config {} --testTimeout 60000 examples/runners/ring-buffer.vitest.js',
  ];
  folder.write(
    'all.config.mjs',
    "export default { test: { include: ['examples/**/*.vitest.js'] } };\n",
  );
  for (const runner of runners) {
    const ended = folder.run(runner.replace('{}', 'all.config.mjs'));
    folder.expect(`as it stands: ${runner}`, ended.code === 0, ended);
  }
  const readme = readFileSync(join(folder.path, 'node_modules/klp-smp/README.md'), 'utf8');
  const [mailbox = '', program = ''] = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(
    ([, code]) => code,
  );
  folder.write('mailbox.js', mailbox);
  const torn = folder.run('npx klp-smp explore ./mailbox.js');
  folder.expect('README: the race finds its letter 0', /forbidden +letter 0/.test(torn.text), torn);
  folder.write('program.js', program);
  const found = folder.run('node program.js');
  folder.expect('README: the program prints its finding', /WARN 34/.test(found.text), found);
}

/** A changed kernel function in a file of its own: found, replayed, missed, and refused under a wrong name. */
function checkReplacement(folder: Folder): void {
  folder.run('cp node_modules/klp-smp/examples/no-wmb.js .');
  const found = folder.run('npx klp-smp verify --with no-wmb.js disable-call --runs 1000');
  const finds = /WARN 34: (klp-smp replay (klp2\.\S+) --with no-wmb\.js)/.exec(found.text);
  folder.expect('verify --with finds WARN 34', found.code === 1 && finds !== null, found);
  const [, replay = '', token = ''] = finds ?? [];
  const again = folder.run(`npx ${replay}`);
  folder.expect('its token replays', again.code === 1 && /WARN 34/.test(again.text), again);
  const missing = folder.run(`npx klp-smp replay ${token}`);
  const says = missing.code === 2 && /klpInitTransition/.test(missing.text);
  folder.expect('replay without the file says what is missing', says, missing);
  folder.run('sed s/klpInitTransition/klpInitTransitoin/ no-wmb.js > misnamed.js');
  const misnamed = folder.run('npx klp-smp verify --with misnamed.js disable-call');
  const names = /nearest are klpInitTransition,/.test(misnamed.text);
  folder.expect('a misnamed export is refused', misnamed.code === 2 && names, misnamed);
}

function checkTypes(folder: Folder): void {
  folder.write('typed.mts', TYPED);
  const flags =
    '--noEmit --strict --target es2023 --lib es2023 --types node --module nodenext --skipLibCheck false --exactOptionalPropertyTypes';
  const typed = folder.run(`npx tsc ${flags} typed.mts`);
  folder.expect('types without lib DOM, library checks on', typed.code === 0, typed);
}

function checkManifest(folder: Folder, tarball: string): void {
  const run = (command: string): Ended => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    return { code: status ?? -1, text: `${stdout}\n${stderr}` };
  };
  const publint = run(`npx publint run '${tarball}' --strict`);
  folder.expect('publint', publint.code === 0, publint);
  const attw = run(`npx attw '${tarball}' --profile esm-only --no-color`);
  folder.expect('attw', attw.code === 0, attw);
}

const folder = new Folder();
try {
  const tarball = pack(folder);
  folder.write('package.json', '{ "name": "fresh", "private": true, "type": "module" }\n');
  const installed = folder.run(
    `npm install --no-audit --no-fund '${tarball}' ${VERSIONS.join(' ')}`,
  );
  folder.expect('npm install of the tarball', installed.code === 0, installed);
  checkCommand(folder);
  checkRunners(folder);
  checkBreakers(folder);
  checkVerbatim(folder);
  checkReplacement(folder);
  checkTypes(folder);
  checkManifest(folder, tarball);
} finally {
  folder.end();
}
