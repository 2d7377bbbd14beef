import test from 'ava';
import { readFileSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import ts from 'typescript';
import { compare } from '../../src/campaign/compare/compare.js';
import { explore } from '../../src/campaign/explore.js';
import { replay } from '../../src/campaign/replay.js';
import { loadPrograms } from '../../src/javascript/engine/session.js';
import { written } from './programs.js';

/** A queue whose flag is set before its element is there: the plain store is in line 15, the flag's in line 14. */
const QUEUE = `interface Options<T> {
  readonly capacity: T;
}

type Word = number;

export class Mailbox {
  readonly #words: Int32Array;
  constructor(buffer: SharedArrayBuffer, private_?: Options<Word>) {
    this.#words = new Int32Array(buffer);
    void private_;
  }
  send(value: Word): void {
    Atomics.store(this.#words, 0, 1 as const);
    this.#words[1] = value satisfies number;
  }
  receive(): Word | undefined {
    if (Atomics.load(this.#words, 0) !== 1) return undefined;
    return this.#words[1]!;
  }
}
`;

const PROGRAM = `import { program } from 'klp-smp/javascript';
import { Mailbox } from './mailbox.js';
export const mailbox = program({
  shared: (): SharedArrayBuffer => new SharedArrayBuffer(8),
  threads: [
    (s: SharedArrayBuffer): void => new Mailbox(s).send(5),
    (s: SharedArrayBuffer): unknown => new Mailbox(s).receive() ?? 'empty',
  ],
  outcome: ([, got]: unknown[]) => String(got),
  forbidden: { '0': 'a flag without its element' },
});
`;

const hasStripping = 'stripTypeScriptTypes' in nodeModule;

/** What exploring, and replaying what is found, say of the element's store and of the flag's. */
async function storyOf(scenario: string): Promise<string> {
  const { outcomes } = await explore({ scenario, strategy: 'dfs', budgetMs: 60_000 });
  const found = outcomes.find(({ grade }) => grade === 'forbidden');
  const { lines, repeats } = await replay({ token: found?.token ?? '', file: scenario });
  return repeats ? lines.join('\n') : 'does not repeat';
}

test('a TypeScript program is explored where Node strips types, with the lines of its own files; elsewhere it says what to do', async (t) => {
  const file = written(PROGRAM, 'program.ts', { 'mailbox.ts': QUEUE });
  if (!hasStripping) {
    t.throws(() => loadPrograms(file), {
      message: /is TypeScript, which this Node .* cannot load: compile it/,
    });
    return;
  }
  t.regex(await storyOf(file), /mailbox\.ts:14[^]*mailbox\.ts:15|mailbox\.ts:15[^]*mailbox\.ts:14/);
  const { unreachable, threadRuns } = await compare({
    scenario: file,
    executions: 10,
    budgetMs: 60_000,
  });
  t.deepEqual([unreachable, threadRuns], [[], 10]);
});

test('what cannot be stripped has its file and line', (t) => {
  const text = PROGRAM.replace('export', 'enum Flag { off, on }\nexport');
  const file = written(text, 'program.ts', { 'mailbox.ts': QUEUE });
  t.throws(() => loadPrograms(file), {
    message: hasStripping ? /program\.ts:3: .*enum is not supported/ : /cannot load: compile it/,
  });
});

/** A program as the compiler writes it, the map beside it or in it. */
function compiled(inlineSourceMap: boolean): string {
  const file = written(PROGRAM, 'program.ts', { 'mailbox.ts': QUEUE });
  for (const path of [file, file.replace('program', 'mailbox')]) {
    const { outputText, sourceMapText } = ts.transpileModule(readFileSync(path, 'utf8'), {
      fileName: path,
      compilerOptions: {
        ...{ module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
        ...(inlineSourceMap ? { inlineSourceMap } : { sourceMap: true }),
      },
    });
    const made = path.replace('.ts', '.js');
    writeFileSync(made, outputText);
    if (sourceMapText !== undefined) writeFileSync(`${made}.map`, sourceMapText);
  }
  return file.replace('.ts', '.js');
}

test('a program that was compiled from TypeScript has the lines of its sources, by its source maps', async (t) => {
  for (const isInline of [false, true]) {
    const story = await storyOf(compiled(isInline));
    t.regex(story, /mailbox\.ts:14/);
    t.regex(story, /mailbox\.ts:15/);
    t.notRegex(story, /\.js:/);
  }
});

test('a map without its source, or one that is none, is left alone', (t) => {
  for (const map of [
    'gone.js.map',
    'data:application/json,%7B%7D',
    'data:application/json;base64,e30',
  ]) {
    const text = PROGRAM.replace(/: (SharedArrayBuffer|void|unknown)\b(\[\])?/g, '');
    const js = QUEUE.slice(QUEUE.indexOf('export class'))
      .replace(
        /: (Int32Array|Word( \| undefined)?|void)|, private_\?: [^)]*|: SharedArrayBuffer| as const| satisfies number|(?<=\])!/g,
        '',
      )
      .replace('readonly ', '')
      .replace('    void private_;\n', '');
    const file = written(text, 'program.js', {
      'mailbox.js': `${js}\n//# sourceMappingURL=${map}\n`,
    });
    const [{ compiled: program }] = loadPrograms(file) as [ReturnType<typeof loadPrograms>[number]];
    t.true(program.sites.sites.some(({ file: shown }) => shown.endsWith('mailbox.js')));
  }
});
