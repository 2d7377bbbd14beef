import test from 'ava';
import { compare, type CompareResult } from '../../src/campaign/compare/compare.js';
import { fileOf, programText, written } from './programs.js';

const compared = (scenario: string, executions = 5): Promise<CompareResult> =>
  compare({ scenario, executions, budgetMs: 60_000 });

const threadsOf = ({ rows }: CompareResult): Record<string, number> =>
  Object.fromEntries(rows.filter(({ threads }) => threads > 0).map((r) => [r.outcome, r.threads]));

test('a right program shows on real threads nothing that the exhausted explorer cannot reach', async (t) => {
  const result = await compared(fileOf('examples/javascript/ring.js'), 200);
  t.true(result.exhausted);
  t.is(result.threadRuns, 200);
  t.deepEqual(result.unreachable, []);
  t.deepEqual([result.memory, result.backend, result.unended], ['js', 'own', 0]);
});

test('each execution on threads has memory of its own, and modules in their first state', async (t) => {
  const text = `let calls = 0;\n${programText(8, [
    '(s) => [Atomics.add(new Int32Array(s), 0, 1), ++calls]',
    '(s) => { Atomics.add(new Int32Array(s), 1, 1); return ++calls; }',
  ])}`;
  t.deepEqual(threadsOf(await compared(written(text), 3)), { '[0,1], 1': 3 });
});

test('what a thread throws, what stays unsettled and process.exit() are outcomes on threads too', async (t) => {
  const of = async (body: string): Promise<Record<string, number>> => {
    const more = `outcome: (returned) => returned.join(), acceptable: { unsettled: '', '1,': '' }`;
    const threads = ['(s) => Atomics.add(new Int32Array(s), 0, 1) + 1', body];
    return threadsOf(await compared(written(programText(8, threads, more)), 1));
  };
  const first = 'Atomics.load(new Int32Array(s), 1);';
  t.deepEqual(await of(`async (s) => { ${first} await new Promise(() => {}); }`), { unsettled: 1 });
  t.deepEqual(await of(`(s) => { ${first} process.exit(3); }`), { '1,': 1 });
});

test('an execution that does not end on threads is given up, counted, and no outcome', async (t) => {
  const waits = '(s) => { Atomics.wait(new Int32Array(s), 0, 0); }';
  const result = await compared(written(programText(8, [waits, waits])), 1);
  t.is(result.unended, 1);
  t.is(result.threadRuns, 0);
  t.deepEqual(result.unreachable, []);
  t.deepEqual(
    result.rows.map(({ outcome }) => outcome),
    ['deadlock'],
  );
});

test('a main module is compared with the process that Node makes of it', async (t) => {
  const main = `import { Worker, isMainThread, workerData } from 'node:worker_threads';
    if (isMainThread) {
      const s = new SharedArrayBuffer(4);
      new Worker(new URL(import.meta.url), { workerData: s })
        .on('exit', () => console.log(new Int32Array(s)[0]));
    } else Atomics.store(new Int32Array(workerData), 0, 7);`;
  const text = `import { program } from 'klp-smp/javascript';
    export const it = program({ main: './main.mjs', outcome: ([{ code, stdout }]) => code + ' ' + stdout.trim() });`;
  const file = written(text, 'program.js', { 'main.mjs': main });
  const result = await compare({ scenario: file, executions: 2, budgetMs: 120_000 });
  t.deepEqual(
    result.rows.map(({ outcome, threads }) => [outcome, threads > 0]),
    [['0 7', true]],
  );
});

test('what has no effect on a program is refused, and so is what cannot be sent', async (t) => {
  const scenario = fileOf('examples/javascript/ring.js');
  const code = 'ERR_USAGE';
  await t.throwsAsync(compare({ scenario, backend: 'atomics' }), {
    code,
    message: /'backend' is for kernel code/,
  });
  await t.throwsAsync(compare({ scenario, ablate: [1] }), {
    code,
    message: /'ablate' is for kernel code/,
  });
  const sends = written(programText(8, ['(s) => { new Int32Array(s)[0] = 1; return () => 1; }']));
  await t.throwsAsync(compared(sends), { code, message: /thread 0 returns what cannot be sent/ });
});
