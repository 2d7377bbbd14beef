import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { COMMANDS } from '../../src/cli/commands.js';
import { parseXml } from '../report/well-formed.js';
import { MAIN, runMain } from './child.js';
import { traceFileFaults } from '../report/trace-event-format.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'klp-reports-'));
const BROKEN = ['disable-switch', '--ablate', 'O-04', '--runs', '300', '--budget', '120s'];

test('one run writes every report at once, and standard output stays TAP', async (t) => {
  const to = folder();
  const files = [
    ...['--junit', join(to, 'r.xml'), '--html', join(to, 'page.html')],
    ...['--trace', join(to, 'trace.json'), '--ftrace', join(to, 'trace.txt')],
  ];
  const { exitCode, stdout, stderr } = await runMain(
    'explore',
    ...BROKEN,
    ...files,
    ...['--tap', '--github', '--jsonl'],
  );
  t.is(exitCode, 1);
  t.regex(stdout, /^TAP version 14\nnot ok 1 - disable-switch: freed\n/);
  t.regex(stdout, /\n1\.\.\d+\n$/);
  const lines = stderr.trimEnd().split('\n');
  const events = lines.filter((line) => line.startsWith('{')).map((line) => eventOf(line));
  t.is(events[0], 'begin');
  t.true(['outcome', 'progress', 'finding'].every((name) => events.includes(name)));
  t.is(events.at(-1), 'end');
  t.true(lines.some((line) => /^::error file=.*disable-switch.*,line=\d+,title=/.test(line)));
  const suite = parseXml(readFileSync(join(to, 'r.xml'), 'utf8')).children[0]!;
  t.is(suite.attributes['failures'], '1');
  t.regex(suite.children.find((it) => it.name === 'testcase')!.attributes['file']!, /\.[jt]s$/);
  const trace = JSON.parse(readFileSync(join(to, 'trace.json'), 'utf8')) as {
    traceEvents: object[];
  };
  t.true(trace.traceEvents.length > 100);
  t.deepEqual(traceFileFaults(JSON.stringify(trace)), []);
  t.regex(readFileSync(join(to, 'trace.txt'), 'utf8'), /\[001\] .* \w+ <-\w+\n/);
  const page = readFileSync(join(to, 'page.html'), 'utf8');
  const [, link] = /<a href="([^"]+)">freed in disable-switch/.exec(page)!;
  t.is(link, 'page-finding-1-freed.html');
  t.regex(readFileSync(join(to, link!), 'utf8'), /freed in disable-switch/);
  t.regex(page, /reads-from pairs across CPUs/);
  t.regex(page, /ordering sites: [^<]*O-04/);
  t.regex(page, /src\/livepatch\/transition\.ts/);
});

const eventOf = (line: string): string => (JSON.parse(line) as { event: string }).event;

test('a folder gets an index, and nothing found is no trace', async (t) => {
  const to = folder();
  const args = ['verify', 'shadow-get', '--runs', '20', '--html', `${to}/pages/`];
  const { exitCode, stderr } = await runMain(
    ...args,
    '--trace',
    join(to, 't.json'),
    '--ftrace',
    join(to, 't.txt'),
  );
  t.is(exitCode, 0);
  t.deepEqual(readdirSync(join(to, 'pages')), ['index.html']);
  t.regex(readFileSync(join(to, 'pages/index.html'), 'utf8'), /Nothing forbidden\./);
  t.false(existsSync(join(to, 't.json')));
  t.regex(
    stderr,
    /nothing was found that a trace could show: .*t\.json' and '.*t\.txt' are not written/,
  );
});

test('events come as they happen, and an interrupted run still writes what it has', async (t) => {
  const junit = join(folder(), 'r.xml');
  const args = ['explore', 'disable-switch', '--budget', '5m', '--jsonl', '--junit', junit];
  const child = spawn(process.execPath, [MAIN, ...args]);
  let out = '';
  let told = false;
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    // Once: the second ends it at once.
    if (!told && out.includes('"event":"outcome"')) told = child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 130);
  const last = JSON.parse(out.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
  t.like(last, { event: 'end', interrupted: true });
  const root = parseXml(readFileSync(junit, 'utf8'));
  t.is(root.attributes['errors'], '1');
  t.is(root.children[0]?.attributes['name'], 'disable-switch');
});

test('a mistake of a scenario is an annotation at its file and line', async (t) => {
  const file = join(folder(), 'race.js');
  writeFileSync(file, "import { race } from 'klp-smp';\nexport const x = race({ nme: 'x' });\n");
  const junit = `${file}.xml`;
  const { exitCode, stdout } = await runMain('explore', file, '--github', '--junit', junit);
  t.is(exitCode, 2);
  t.regex(stdout, /^::error .*title=klp-smp explore::/);
  t.is(parseXml(readFileSync(junit, 'utf8')).attributes['errors'], '1');
});

test('whatever can find something takes every report', async (t) => {
  const finders = [
    ...['stress', 'explore', 'replay', 'compare', 'weaken', 'verify', 'ablate'],
    ...['history', 'latent', 'litmus', 'conformance'],
  ];
  for (const name of [...finders, 'campaign']) {
    const program = new Command();
    (await COMMANDS.find((it) => it.name === name)!.load())(program);
    const command =
      name === 'campaign'
        ? program.commands[0]!.commands.find((it) => it.name() === 'run')!
        : program.commands[0]!;
    const flags = command.options.map(({ long }) => long);
    for (const flag of ['--junit', '--html', '--tap', '--github', '--jsonl', '--json']) {
      t.true(flags.includes(flag), `${name} ${flag}`);
    }
  }
});

for (const [args, says] of [
  ['explore --list --junit r.xml', /--junit has no effect beside --list/],
  ['verify --tap --json', /--tap has no effect beside --json/],
  ['stress --jsonl --json', /--jsonl has no effect beside --json/],
  ['ablate O-04 --on threads --trace t.json', /--trace has no effect with --on threads/],
  ['latent --readme README.md --html x', /--html has no effect beside --readme/],
  ['replay klp2.x --step --tap', /--step has no effect beside --tap/],
] as const) {
  test(`a report without effect is refused: ${args}`, async (t) => {
    const { exitCode, stderr } = await runMain(...args.split(' '));
    t.is(exitCode, 2);
    t.regex(stderr, says);
  });
}
