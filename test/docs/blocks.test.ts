/**
 * Every fenced block of the documentation: executed, or compared with what it stands for. A block that nothing here or in the
 * test named beside it accounts for fails.
 */

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import ts from 'typescript';
import { MAIN } from '../cli/child.js';
import { blocksOf, pages, textOf, type Block } from './pages.js';
import { ROOT } from './rooms.js';

interface Ended {
  readonly exitCode: number;
  readonly text: string;
}

function run(args: readonly string[], cwd: string, input = ''): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  return new Promise((resolve) => {
    const settings = { cwd, env, maxBuffer: 1 << 28 };
    const child = execFile(process.execPath, args, settings, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, text: `${stdout}${stderr}` }),
    );
    child.stdin?.end(input);
  });
}

/** A folder in which `klp-smp` can be imported, with the examples and what the commands of the pages name. */
function inFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'klp-smp-blocks-'));
  symlinkSync(ROOT, join(parent, 'before'));
  const folder = join(parent, 'here');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/klp-smp'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const name of ['no-wmb.js', 'disable.js']) {
    copyFileSync(join(ROOT, 'examples', name), join(folder, name));
  }
  mkdirSync(join(folder, 'examples'));
  symlinkSync(join(ROOT, 'examples/litmus'), join(folder, 'examples/litmus'));
  symlinkSync(join(ROOT, 'test'), join(folder, 'test'));
  writeFileSync(join(folder, 'script.sh'), 'uname -r\n');
  const scenario = readFileSync(join(ROOT, 'dist/test/testing/mailbox.scenario.js'), 'utf8');
  const own = scenario.replaceAll(/from '\.\.\/\.\.\/src\/[^']+'/g, "from 'klp-smp'");
  writeFileSync(join(folder, 'mailbox.scenario.js'), own);
  return folder;
}

const folder = inFolder();
test.after.always(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const klpSmp = (args: string, input?: string): Promise<Ended> =>
  run([MAIN, ...words(args)], folder, input);

/** The words of a command line as a shell sees them. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

async function program(name: string, code: string): Promise<Ended> {
  writeFileSync(join(folder, name), code);
  return run([name], folder);
}

const plain = (code: string): string =>
  ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ESNext } }).outputText;

/** A command of a page: what is added so that it ends soon, how it ends, and what it prints. */
interface Line {
  readonly add?: string;
  readonly input?: string;
  readonly ends?: readonly number[];
  readonly prints: RegExp;
}

/** Commands that the pages show in blocks of nothing but commands. */
const COMMANDS: Readonly<Record<string, Line>> = {
  'klp-smp verify --with no-wmb.js': {
    add: 'disable-call --runs 300',
    ends: [1],
    prints: /WARN 34: klp-smp replay klp2\.\S+ --with no-wmb\.js/,
  },
  'klp-smp explore disable-call --with no-wmb.js': {
    add: '--runs 300 --budget 120s',
    ends: [1],
    prints: /forbidden +WARN 34/,
  },
  'klp-smp stress --with no-wmb.js': {
    add: '--duration 2s',
    ends: [0, 1],
    prints: /changed by no-wmb\.js/,
  },
  'klp-smp explore ./disable.js': {
    add: '--runs 50 --budget 120s',
    prints: /acceptable +f_a, pending +50/,
  },
  'klp-smp explore ./disable.js --kernel 7.3': {
    add: '--runs 50 --budget 120s',
    prints: /acceptable +f_a, pending +50/,
  },
  'klp-smp ablate --scenario ./disable.js': { prints: /O-01 .* WARN 34 +WARN 34 \(1\/1\)/ },
  'klp-smp verify ./disable.js --exhaust': { prints: /1 of 1 races proved/ },
  'klp-smp explore ./disable.js --with no-wmb.js': {
    add: '--runs 300 --budget 120s',
    ends: [1],
    prints: /replay: klp-smp replay \S+ --file \.\/disable\.js --with no-wmb\.js/,
  },
  'klp-smp compare ./disable.js': {
    add: '--runs 50 --budget 5s',
    prints: /f_a, pending +acceptable/,
  },
  'npx klp-smp verify --exhaust disable-call': { prints: /1 of 1 races proved under sc/ },
  'npx klp-smp verify --exhaust --memory lkmm disable-call': {
    prints: /1 of 1 races proved under lkmm/,
  },
  'klp-smp bench dispatch --only dispatch --rounds 5 --time 50ms --against ../before': {
    add: '--rounds 3 --time 1ms',
    ends: [0, 1], // 1: a row is slower, which a busy machine can bring about
    prints: /patched, stack of 1/,
  },
  'klp-smp shell': { input: 'uname -r\nexit 0\n', prints: /^\d+\.\d+\.\d+/m },
  "klp-smp shell -c 'insmod test_klp_livepatch; dmesg'": { prints: /livepatch: enabling patch/ },
  'klp-smp shell script.sh --kernel 6.12 --memory weak': { prints: /^6\.12/m },
};

/** Lines that prepare a command, and who executes them instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm test': '.ci/run',
  'npm ci && npm start': 'package.json: start is the command line, whose stress is tested',
  'git worktree add ../before v0.1.0 && (cd ../before && npm ci && npm run build)': 'git and npm',
  'apt-get download linux-source-6.12': '.ci/selftests',
  'dpkg-deb --fsys-tarfile linux-source-6.12_*.deb | tar xO --wildcards': '.ci/selftests',
  "tar xJ --wildcards 'linux-source-6.12/tools/testing/selftests/livepatch'": '.ci/selftests',
  'klp-smp selftests linux-source-6.12 --kernel 6.12': '.ci/selftests',
};

const elsewhere = (line: string): boolean =>
  Object.keys(ELSEWHERE).some((known) => line.trim().startsWith(known));

const linesOf = ({ text }: Block): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/ {2,}#.*/, '').trimEnd())
    .filter((line) => line !== '');

const isCommands = (block: Block): boolean =>
  ['', 'sh'].includes(block.language) && !block.text.startsWith('$ ') && !isSample(block);

/** A block that shows a line of a longer report. */
const SAMPLES: readonly string[] = ['CPU 1 waits for a wake-up of words.flag'];
const isSample = ({ text }: Block): boolean => SAMPLES.some((line) => text.startsWith(line));

/** Blocks that a test of another file executes or compares, by page and language; `isExample` ones are compared by docs.test. */
const TESTED: readonly string[] = [
  'docs/campaigns.md yaml', // docs.test
  'docs/programs.md js', // cli/docs.test
  'docs/litmus-models.md ', // cli/litmus-models.test
];

const all = pages().flatMap(blocksOf);

const isExample = ({ page, text }: Block): boolean =>
  [...textOf(page).matchAll(/<!-- (examples\/[\w./-]+) -->\n+```js\n(.*?)```/gs)].some(
    ([, , code]) => code === text,
  );

/** What is executed below, by page. */
const EXECUTED: Readonly<Record<string, (t: ExecutionContext, block: Block) => Promise<void>>> = {
  'README.md js': async (t, { text }) => {
    const { exitCode, text: printed } = await program('readme.mjs', text);
    t.is(exitCode, 0, printed);
    t.regex(printed, /key: 'WARN 34'[^]*klp-smp replay klp2\./);
  },
  'README.md console': transcript,
  'docs/explorer.md console': transcript,
  'docs/litmus.md ': transcript,
  'docs/live-javascript.md ts': async (t, { text }) => {
    const results: string[] = [];
    const code = text.replace(
      /^(machine\.[\w.]+\(.*\)); \/\/ +([^\s,]+).*$/gm,
      (_, call, result) => {
        if (/^-?\d/.test(String(result))) results.push(String(result));
        return `console.log(${String(call)});`;
      },
    );
    const { text: printed } = await program('live.mjs', plain(code));
    const shown = printed.trim().split('\n');
    t.true(results.length >= 3);
    t.deepEqual([shown[0], shown[1], shown.at(-1)], [results[0], results[1], results.at(-1)]);
  },
  'docs/sync.md ts': async (t, { text }) => {
    const { exitCode, text: printed } = await program('sync.mjs', plain(text));
    t.is(exitCode, 0, printed);
  },
  'docs/testing.md js': async (t, { text }) => {
    const code = text
      .replace("import test from 'ava'", "import test from 'node:test'")
      .replace('klp-smp/ava', 'klp-smp/node-test');
    writeFileSync(join(folder, 'testing.spec.mjs'), code);
    const { text: printed } = await run(
      ['--test', '--test-reporter=tap', 'testing.spec.mjs'],
      folder,
    );
    t.regex(printed, /# pass 2\n# fail 0/);
  },
  'docs/shell.md json': async (t, { text }) => {
    writeFileSync(join(folder, 'fix_read.json'), text);
    const script = "shell --patch fix_read.json -c 'patch fix_read; wait-for true; dmesg'";
    const { text: printed } = await klpSmp(script);
    t.regex(printed, /livepatch: enabling patch 'fix_read'/);
  },
};

/** Without what a change elsewhere moves: tokens, lines of sources, columns; of explorations also counts and numbers of steps. */
function comparable(line: string, isExplored: boolean): string {
  const bare = line
    .replace(/klp2\.\S+/g, 'klp2.')
    .replace(/\.ts:\d+/g, '.ts')
    .replace(/ +/g, ' ')
    .trim();
  return isExplored ? bare.replace(/(^| )\d+(?= )/g, '$1#') : bare;
}

/** Compare each command of a block with what it prints; a token that is cut short is that of the command before. */
async function transcript(t: ExecutionContext, { text }: Block): Promise<void> {
  let token = '';
  for (const part of text.split(/^\$ klp-smp /m).slice(1)) {
    const [command = '', ...shown] = part.split('\n');
    const args = command.replace(/ {2,}#.*/, '').replace(/klp2\.\S+…/, token);
    const { text: printed } = await klpSmp(args.replace('finding.html', join(folder, 'f.html')));
    token = /klp-smp replay (klp2\.\S+)/.exec(printed)?.[1] ?? token;
    const isExplored = /^(explore|replay) /.test(args);
    const bare = (line: string): string => comparable(line, isExplored);
    const lines = printed.split('\n').map(bare);
    let at = 0;
    for (const line of shown.map(bare).filter((it) => it !== '' && it !== '...')) {
      const found = lines.indexOf(line, at);
      t.true(
        found >= 0,
        `klp-smp ${args} does not print, after line ${at}:\n${line}\n\n${printed}`,
      );
      at = found + 1;
    }
    t.not(printed.trim(), '', command);
  }
}

for (const block of all) {
  const key = `${block.page} ${block.language}`;
  const title = `${key}: ${block.text.split('\n', 1)[0]}`;
  if (isExample(block) || isSample(block) || TESTED.includes(key)) continue;
  const execute = EXECUTED[key];
  if (execute !== undefined) {
    test.serial(title, (t) => execute(t, block));
  } else if (isCommands(block)) {
    for (const line of linesOf(block).filter((it) => !elsewhere(it))) {
      const known = COMMANDS[line];
      test.serial(`${block.page}: ${line}`, async (t) => {
        if (known === undefined) return t.fail('no test executes this line');
        const command = line.replace(/^(npx )?klp-smp /, '').replace(/^klp-smp$/, '');
        const { exitCode, text } = await klpSmp(`${command} ${known.add ?? ''}`, known.input);
        t.true((known.ends ?? [0]).includes(exitCode), `${exitCode}: ${text}`);
        t.regex(text, known.prints);
      });
    }
  } else {
    test.serial(title, (t) => t.fail('nothing executes this block, or compares it'));
  }
}

test('no line that is executed, or left to others, is in no page', (t) => {
  const lines = all.filter(isCommands).flatMap(linesOf);
  for (const line of Object.keys(COMMANDS)) t.true(lines.includes(line), line);
  for (const line of Object.keys(ELSEWHERE)) {
    t.true(
      lines.some((it) => it.trim().startsWith(line)),
      line,
    );
  }
  const keys = all.map(({ page, language }) => `${page} ${language}`);
  for (const key of [...TESTED, ...Object.keys(EXECUTED)]) t.true(keys.includes(key), key);
  for (const line of SAMPLES)
    t.true(
      all.some(({ text }) => text.startsWith(line)),
      line,
    );
});

test('what CI does is in its scripts', (t) => {
  const scripts = readFileSync(join(ROOT, '.ci/run'), 'utf8');
  t.true(scripts.includes('npm ci && npm test'));
  t.true(scripts.includes('.ci/selftests'));
  const { start } = (
    JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
  ).scripts;
  t.is(start, 'node dist/src/cli/main.js stress');
});
