import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Command } from 'commander';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { loadScenarios } from '../../src/explorer/engine/session.js';
import { indexedScenarios } from '../../src/campaign/scenarios/scenario-index.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { MAIN, runMain } from './child.js';

test('the help says of each command what the command says of itself', async (t) => {
  for (const { name, usage, description, load } of COMMANDS) {
    const program = new Command();
    (await load())(program);
    const [command] = program.commands;
    t.deepEqual(
      [command?.name(), command?.usage(), command?.description()],
      [name, usage, description],
    );
  }
});

test('no command is loaded before it is wanted', async (t) => {
  const hook =
    "data:text/javascript,export async function load(u,c,n){process._rawDebug('L '+u);return n(u,c)}";
  const register = `data:text/javascript,import{register}from'node:module';register(${JSON.stringify(hook)})`;
  const loaded = async (...args: string[]): Promise<string[]> => {
    const child = await promisify(execFile)(process.execPath, [
      ...['--import', register, MAIN],
      ...args,
    ]);
    return [...child.stderr.matchAll(/^L .*\/dist\/src\/(.*)\.js$/gm)].map(([, file]) => file!);
  };
  const rooms = (files: readonly string[]): string[] =>
    [...new Set(files.map((file) => file.replace(/\/.*/, '')))].sort();
  t.deepEqual(rooms(await loaded('--help')), ['cli', 'errors']);
  const list = await loaded('explore', '--list');
  t.false(list.some((file) => /^catalog\/(races|systems|history|latent)\b/.test(file)));
});

test('the index of scenarios says what the scenarios say', async (t) => {
  const index = indexedScenarios();
  t.true(index.length > 40);
  for (const module of ['disable-protocol', 'hook-module', 'system-enable-disable']) {
    const loaded = await loadScenarios(catalogModule(module));
    t.deepEqual(
      index.filter((info) => info.module === module),
      loaded.map(({ scenario: { name, kind, description }, fingerprint }) => ({
        ...{ module, name, kind, description, fingerprint },
      })),
    );
  }
});

/** Options that do nothing beside the others given. */
const idle: readonly (readonly [args: string, says: RegExp])[] = [
  ['explore --list disable-switch', /scenario has no effect beside --list/],
  ['explore --list --seed 3', /--seed has no effect beside --list/],
  ['explore disable-switch --strategy dfs --depth 4', /--depth has no effect with --strategy dfs/],
  ['explore disable-switch --strategy dfs --seed 4', /--seed has no effect with --strategy dfs/],
  ['explore disable-switch --strategy dfs --threads 2', /--threads has no effect with/],
  ['explore disable-switch --strategy dfs --checkpoint x', /--checkpoint has no effect with/],
  ['explore disable-switch --preemptions 2', /--preemptions has no effect with --strategy random/],
  ['explore disable-switch --depth 2', /--depth has no effect with --strategy random/],
  ['ablate O-04 --all', /--all has no effect beside sites/],
  ['ablate O-04 --on threads --seeds 2', /--seeds has no effect with --on threads/],
  ['ablate O-04 --on threads --shrink', /--shrink has no effect with --on threads/],
  ['ablate O-26 --harmless 3s', /--harmless has no effect: each of these rows finds something/],
  ['orderings --litmus', /--litmus has no effect without site/],
  ['orderings O-04 --readme README.md', /site has no effect beside --readme/],
  ['history R-26 --budget 3s', /--budget has no effect: a script shows this bug/],
  ['history R-26 --seed 3', /--seed has no effect: a script shows this bug/],
  ['history --json --readme README.md', /--json has no effect beside --readme/],
  ['latent L-3 --budget 1s --readme README.md', /has no effect beside --readme/],
  ['verify disable-switch --broken', /--broken has no effect beside scenarios/],
  ['verify disable-call --budget 5s', /--budget has no effect without --exhaust/],
  ['verify disable-switch --system-runs 3', /--system-runs has no effect: no whole machine/],
  ['replay klp1.x --step --json', /--step has no effect beside --json/],
  ['replay klp1.x --until 3 --json', /--until has no effect beside --json/],
  ['replay klp1.x --full --json', /--full has no effect beside --json/],
  ['stress --all --tap', /--all has no effect beside --tap/],
  ['stress --kernel 6.1 --latent L-1', /--latent has no effect: 6\.1 has no hook/],
  ['stress --on explorer --kernel 6.1 --latent L-1', /--latent has no effect: 6\.1 has no hook/],
  ['conformance . --list --json', /--list has no effect beside --json/],
  ['conformance . --on axioms --runs 3', /--runs has no effect: the axioms do not sample/],
  ['conformance . --model 7.3 --seed 3', /--seed has no effect: the axioms do not sample/],
  ['conformance . --on axioms --seek 3', /--seek has no effect: only the machine searches/],
  ['bench dispatch --against . --chart x.svg', /--chart has no effect beside --against/],
  // The second of two equal items, and the first of two lists.
  ['bench dispatch --only handler,handler', /--only: 'handler' is given twice/],
  ['bench dispatch --only handler --only dispatch', /--only is given twice; give all its items/],
  ['ablate O-04,O-4', /sites: 'O-4' is given twice/],
  ['explore disable-switch --ablate O-04,O-05,O-04', /--ablate: 'O-04' is given twice/],
  ['explore disable-switch --ablate O-04 --ablate O-05', /--ablate is given twice/],
  ['compare disable-switch --ablate O-04,O-04', /--ablate: 'O-04' is given twice/],
  ['stress --ablate O-04,O-04', /--ablate: 'O-04' is given twice/],
  ['stress --latent L-1,L-1', /--latent: 'L-1' is given twice/],
  ['stress --mix enable=1,enable=2', /--mix: 'enable' is given twice/],
  ['conformance . --on axioms,axioms', /--on: 'axioms' is given twice/],
  ['litmus --on threads --shapes SB,SB', /--shapes: 'SB' is given twice/],
  ['litmus x.litmus --models 6.1,6.1', /--models: '6\.1' is given twice/],
  ['verify shadow-get shadow-get', /scenarios: 'shadow-get' is given twice/],
  ['verify --exhaust shadow-get shadow-get', /scenarios: 'shadow-get' is given twice/],
  ['shell -c true --patch package.json,package.json', /--patch: 'package\.json' is given twice/],
  ['explore shadow-get --junit x --html ./x', /--junit and --html both write to '\.\/x'/],
];

for (const [args, says] of idle) {
  test(`what has no effect is refused: ${args}`, async (t) => {
    const { exitCode, stdout, stderr } = await runMain(...args.split(' '));
    t.regex(stderr, says);
    t.deepEqual([exitCode, stdout, stderr.trim().split('\n').length], [2, '', 1]);
  });
}

test('races of kernel code are always findings: --races is for programs', async (t) => {
  const { exitCode, stderr } = await runMain('explore', 'disable-call', '--races', 'warn');
  t.is(exitCode, 2);
  t.regex(stderr, /--races has no effect: disable-call is kernel code/);
  const weaken = await runMain('weaken', 'disable-call');
  t.is(weaken.exitCode, 2);
  t.regex(
    weaken.stderr,
    /^klp-smp: weaken is for programs over SharedArrayBuffers; disable-call is/,
  );
});

test('a path that cannot even be looked at is refused like one that is not there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'paths-'));
  const loop = join(folder, 'loop');
  symlinkSync('loop', loop);
  for (const path of [loop, join(loop, 'x.js'), `./${'x'.repeat(5000)}`]) {
    for (const args of [
      ['litmus'],
      ['conformance'],
      ['explore'],
      ['selftests'],
      ['campaign', 'run'],
      ['verify', '--checkpoint'],
      ['latent', '--pages'],
      ['explore', 'disable-call', '--checkpoint'],
      ['explore', 'disable-call', '--with'],
    ]) {
      const { exitCode, stdout, stderr } = await runMain(...args, path);
      t.deepEqual([exitCode, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
      t.regex(stderr, /^klp-smp: .*(cannot be read|is not accepted)/);
    }
  }
});

test('nothing tested is no success', async (t) => {
  const zero = 'enable=0,disable=0,reverse=0,force=0,remove=0,target=0,hotplug=0,ftrace=0';
  const none = await runMain('stress', '--mix', zero);
  t.is(none.exitCode, 2);
  t.regex(none.stderr, /--mix: .* is not accepted; give weights .*, one of them above 0/);
  const short = await runMain(
    'stress',
    '--cpus',
    '2',
    '--tasks',
    '8',
    '--duration',
    '1ms',
    // Nothing is ever in transition, so there is nothing to reverse.
    '--mix',
    zero.replace('reverse=0', 'reverse=1'),
    '--json',
  );
  t.is(short.exitCode, 2);
  t.regex(short.stderr, /stress: nothing was observed in 1 ms/);
  t.regex((JSON.parse(short.stdout) as { failure: string }).failure, /nothing was observed/);
});

test('output that cannot be written is said, and ends with 2', async (t) => {
  const full = fileURLToPath(new URL('file:///dev/full'));
  const args = ['-c', `"$0" "$@" > ${full}`, process.execPath, MAIN, 'explore', '--list'];
  const child = spawn('sh', args);
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 2);
  t.regex(err, /^klp-smp: the output cannot be written: .*ENOSPC/);
});

test('a file that cannot be written is said after everything is printed', async (t) => {
  const args = ['verify', 'shadow-get', '--runs', '20', '--save', '/dev/full'];
  const { exitCode, stdout, stderr } = await runMain(...args);
  t.is(exitCode, 2);
  t.regex(stdout, /shadow-get +20/);
  t.regex(stderr, /^klp-smp: report '\/dev\/full' cannot be written: ENOSPC[^\n]*\n$/);
});

test('drawings and tables that cannot be written are no bugs of ours', async (t) => {
  const shape = 'test/litmus/shapes/MP+locks.litmus';
  for (const [what, ...args] of [
    ['drawing', 'litmus', shape, '--svg', '/dev/full'],
    ['graph', 'litmus', shape, '--dot', '/dev/full'],
  ]) {
    const { exitCode, stderr } = await runMain(...args);
    t.is(exitCode, 2, stderr);
    t.regex(stderr, new RegExp(`^klp-smp: ${what} '/dev/full' cannot be written: ENOSPC[^\n]*\n$`));
  }
});

/** Each option that names what is written, on commands that would run for long. */
const WRITING: readonly string[] = [
  'explore disable-call --html',
  'explore disable-call --junit',
  'explore disable-call --trace',
  'explore disable-call --ftrace',
  'explore disable-call --checkpoint',
  'stress --html',
  'stress --junit',
  'stress --record',
  'verify --html',
  'verify --save',
  'verify --checkpoint',
  'ablate --all --html',
  'ablate --all --save',
  'history --html',
  'latent --html',
  'latent --pages',
  'compare disable-switch --html',
  'weaken ./x.js --html',
  'replay klp2.x --html',
  'replay klp2.x --trace',
  'litmus test/litmus/shapes --html',
  'litmus test/litmus/shapes/MP+locks.litmus --svg',
  'litmus test/litmus/shapes/MP+locks.litmus --dot',
  'conformance ../shared/litmus --html',
  'campaign run ./plan.yaml --html',
  'bench dispatch --save',
  'bench dispatch --chart',
];

for (const args of WRITING) {
  test(`where nothing can be written is refused before the run: ${args}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'writing-'));
    symlinkSync('loop', join(folder, 'loop'));
    const odd = args.startsWith('explore') ? [join(folder, 'loop'), `${MAIN}/x.html`] : [];
    for (const path of ['/proc/klp-smp/x.html', ...odd]) {
      const { exitCode, stdout, stderr } = await runMain(...args.split(' '), path);
      t.deepEqual([exitCode, stdout], [2, ''], stderr);
      t.regex(stderr, /^klp-smp: [^\n]*--\w+: '[^\n]*' is not accepted; give [^\n]*\n$/);
    }
    t.deepEqual(readdirSync(folder), ['loop']);
  });
}

test('what could not be written keeps no other file from being written, with its results', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'partly-'));
  const [junit, html] = [join(folder, 'a.xml'), join(folder, 'pages', 'a.html')];
  const args = ['verify', 'shadow-get', '--runs', '20', '--save', '/dev/full', '--junit', junit];
  const { exitCode, stderr } = await runMain(...args, '--html', html);
  t.is(exitCode, 2);
  t.regex(stderr, /^klp-smp: report '\/dev\/full' cannot be written: ENOSPC[^\n]*\n$/);
  t.regex(readFileSync(junit, 'utf8'), /shadow-get/);
  t.regex(readFileSync(html, 'utf8'), /shadow-get/);
});

test('a checkpoint folder that is a file is refused', async (t) => {
  const { exitCode, stderr } = await runMain('verify', 'shadow-get', '--checkpoint', MAIN);
  t.is(exitCode, 2);
  t.regex(stderr, /--checkpoint: '.*' is not accepted; give the path of a folder/);
});
