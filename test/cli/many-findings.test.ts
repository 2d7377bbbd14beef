import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { raceTest } from '../../src/testing/ava.js';
import { runMain } from './child.js';

const file = join(mkdtempSync(join(tmpdir(), 'klp-many-')), 'many.mjs');
writeFileSync(
  file,
  `import { claimLocal, MemoryMap, race } from 'klp-smp';
const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const X = map.claimWords('x', 1);
function writer(cpu) { for (let i = 1; i <= 8; i++) cpu.writeOnce(X, i); }
const readerOf = (most) => function reader(cpu) { for (let i = 1; i <= most; i++) cpu.trace(1, cpu.readOnce(X)); };
const named = (name, reads) => race({
  name,
  description: 'All its outcomes but one are forbidden.',
  build: () => ({ ctx: {}, map, localBase, bodies: [writer, readerOf(reads)] }),
  observe: ({ events }) => 'seen ' + events.map((e) => e.a).join('-'),
  outcomes: { ['seen ' + Array(reads).fill(0).join('-')]: { grade: 'acceptable', reason: 'nothing yet' } },
});
/** More than a thousand outcomes. */
export const many = named('many', 5);
/** 165 outcomes, of which a search comes to all whatever time the machine takes. */
export const some = named('some', 3);
`,
);

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  explore: ['explore', `${file}#many`, '--runs', '4000', '--no-minimise'],
  verify: ['verify', `${file}#many`, '--runs', '4000'],
  'verify --exhaust': ['verify', `${file}#some`, '--exhaust', '--budget', '2m'],
  compare: ['compare', `${file}#many`, '--runs', '50', '--budget', '1s'],
};

test.serial(
  'a test that needs an outcome prints the most frequent of the many others',
  async (t) => {
    const failures: string[] = [];
    const inner = {
      ...{ title: 'many', pass: () => undefined, log: () => undefined },
      fail: (text?: string) => failures.push(text ?? ''),
    } as unknown as ExecutionContext;
    await raceTest(file, { scenario: 'many', finds: 'seen nothing', executions: 4000 })(inner);
    const [first = '', ...lines] = (failures[0] ?? '').split('\n');
    t.regex(first, /^seen nothing was not found in many/);
    t.is(lines.length, 21);
    t.regex(lines.at(-1) ?? '', /^ {2}and \d{3,} more outcomes$/);
  },
);

for (const [name, command] of Object.entries(COMMANDS)) {
  test.serial(
    `${name} prints the first of many findings, and how many more there are`,
    async (t) => {
      const { stdout, exitCode } = await runMain(...command);
      t.is(exitCode, 1);
      const lines = stdout.split('\n');
      t.true(lines.length < 80, `${lines.length} lines`);
      t.true(Math.max(...lines.map(({ length }) => length)) < 500);
      // How many outcomes a comparison sees depends on how fast the machine is.
      if (name === 'compare') return;
      t.regex(stdout, /and \d{2,} more/);
      t.true(stdout.includes(`--file ${file}`));
    },
  );
}
