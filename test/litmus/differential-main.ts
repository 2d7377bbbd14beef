/** `npm run differential [TESTS] [WORKERS] [FIRST]`: generated tests on the axioms engine, the view machine and the literal model. */
import { availableParallelism } from 'node:os';
import { createPool } from '../../src/pool.js';
import { renderTable } from '../../src/report/table.js';
import { add, nothing, type Differential } from './differential.js';

const CHUNK = 200;
const MOST_SHOWN = 20;

/** Tests are numbered; each number is another one, so that `first` chooses other tests. */
const [tests = 100_000, workers = availableParallelism(), first = 0] = process.argv
  .slice(2)
  .map(Number);
if (
  ![tests, workers].every((n) => Number.isInteger(n) && n >= 1) ||
  !(Number.isInteger(first) && first >= 0)
) {
  console.error(
    'usage: npm run differential -- [TESTS, default 100000] [WORKERS, default the cores] [FIRST, default 0]',
  );
  process.exit(2);
}

const entry = new URL('./differential-worker.js', import.meta.url);
const pool = createPool<{ from: number; to: number }, Differential>(entry, {
  minThreads: workers,
  maxThreads: workers,
});
const sum = nothing();
const started = performance.now();
const left = Array.from({ length: Math.ceil(tests / CHUNK) }, (_, i) => i * CHUNK).reverse();

async function work(): Promise<void> {
  for (let from = left.pop(); from !== undefined; from = left.pop()) {
    const to = Math.min(tests, from + CHUNK);
    add(sum, await pool.run({ from: first + from, to: first + to }));
    if (process.stderr.isTTY) process.stderr.write(`\r${sum.tests} of ${tests} tests`);
  }
}

await Promise.all(Array.from({ length: workers }, work));
await pool.destroy();

const rows: [string, number][] = [
  ['tests', sum.tests],
  ['cut short by the limit, states not compared', sum.cut],
  ['not for the machine', sum.skipped],
  ['states that the axioms allow', sum.states],
  ['of these shown by the machine', sum.shown],
  ['executions of the machine', sum.executions],
  ['of these judged by the literal model', sum.logs],
  ['candidates that the axioms allow, judged by the literal model', sum.allowed],
  ['candidates that the axioms forbid, judged by the literal model', sum.forbidden],
  ['disagreements (must be 0)', sum.disagreements.length],
];
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  renderTable(
    [{ title: 'differential' }, { title: 'number', align: 'right' }],
    rows.map(([title, n]) => [title, n.toLocaleString('en-US')]),
  ),
);
console.log(
  `seeds ${first} to ${first + tests - 1}, ${workers} workers, ${seconds} s, Node ${process.version}`,
);
for (const { seed, what } of sum.disagreements.slice(0, MOST_SHOWN))
  console.log(`seed ${seed}: ${what}`);
process.exitCode = sum.disagreements.length > 0 ? 1 : 0;
