/**
 * `npm run recordings -- [--runs 20] [--only noSync,L-1] [--memory wasm] [--limit 120] [--seconds 600] [--log FILE] [--keep FOLDER]`:
 * record stress on threads until it finds what is broken on purpose, execute each recording again, and count those that end in the
 * same. With a log, what stands there is not done again. `--seconds` bounds the time in which recordings are begun.
 */

import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { replay } from '../../src/campaign/replay.js';
import { stress, type StressOptions } from '../../src/campaign/stress/stress.js';
import { partialResult } from '../../src/errors.js';

/** What is broken, and a machine on which that shows soon. */
const BROKEN: Readonly<Record<string, StressOptions>> = {
  noCopyProcess: { sabotage: 'noCopyProcess', tasks: 64 },
  stackCheckPasses: { sabotage: 'stackCheckPasses', tasks: 96 },
  noTasklistLock: { sabotage: 'noTasklistLock', tasks: 48 },
  'L-1': { latent: ['L-1'], profile: 'polling', tasks: 16, mix: { target: 60 } },
  noSync: { sabotage: 'noSync', tasks: 48 },
};
const BACKENDS = ['wasm', 'atomics'] as const;
type Backend = (typeof BACKENDS)[number];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    only: { type: 'string', default: Object.keys(BROKEN).join() },
    memory: { type: 'string', default: BACKENDS.join() },
    limit: { type: 'string', default: '120' },
    seconds: { type: 'string', default: 'Infinity' },
    log: { type: 'string' },
    keep: { type: 'string' },
  },
});

/** One recorded run. */
interface Recorded {
  readonly name: string;
  readonly memory: Backend;
  readonly seed: number;
  /** Until the finding, or the end of the time. */
  readonly seconds: number;
  /** What was found; left out: nothing in the time. */
  readonly key?: string;
  readonly operations?: number;
  /** What the recording took to execute twice. */
  readonly replaySeconds?: number;
  /** What went wrong with recording or replaying. */
  readonly fault?: string;
}

const secondsSince = (started: number): number =>
  Math.round((performance.now() - started) / 10) / 100;

/** Execute a recording again. */
async function replayed(
  file: string,
  key: string,
): Promise<Pick<Recorded, 'replaySeconds' | 'fault'>> {
  const started = performance.now();
  try {
    const { verdict, repeats } = await replay({ token: file });
    const isSame = verdict.key === key && repeats;
    return {
      replaySeconds: secondsSince(started),
      ...(isSame ? {} : { fault: `the replay ends in ${verdict.key}` }),
    };
  } catch (error) {
    return { replaySeconds: secondsSince(started), fault: (error as Error).message };
  }
}

/** Record once, and execute what was recorded. */
async function record(
  which: Pick<Recorded, 'name' | 'memory' | 'seed'>,
  folder: string,
): Promise<Recorded> {
  const { name, memory, seed } = which;
  const file = join(folder, `${name}-${memory}-${seed}.json`);
  const durationMs = 1000 * Number(values.limit);
  const started = performance.now();
  try {
    const { seconds, recording } = await stress({
      ...BROKEN[name],
      ...{ memory, seed, durationMs, record: file },
    });
    if (recording === undefined) return { ...which, seconds };
    const { key, operations } = recording;
    const after = await replayed(file, key);
    if (after.fault === undefined && values.keep === undefined) rmSync(file);
    return { ...which, seconds, key, operations, ...after };
  } catch (error) {
    const run = partialResult(error) as { seconds?: number } | undefined;
    const seconds = run?.seconds ?? secondsSince(started);
    return { ...which, seconds, fault: (error as Error).message };
  }
}

/** A line of the table. */
function line(name: string, memory: Backend, all: readonly Recorded[]): string {
  const mine = all.filter((it) => it.name === name && it.memory === memory);
  const found = mine.filter(({ key }) => key !== undefined);
  const good = found.filter(({ fault }) => fault === undefined);
  const times = found.map(({ seconds }) => seconds);
  const shown = (of: (times: number[]) => number, numbers: number[]): string =>
    (numbers.length === 0 ? '-' : of(numbers).toFixed(1)).padStart(9);
  const kinds = [...new Set(found.map(({ key }) => key))].sort().join(' ');
  const counts = [mine, found, good].map(({ length }) => String(length).padStart(9));
  return [
    name.padEnd(17),
    memory.padEnd(8),
    ...counts,
    shown(median, times),
    shown((it) => Math.max(...it), times),
    shown(
      median,
      found.flatMap(({ replaySeconds }) => replaySeconds ?? []),
    ),
    `  ${kinds}`,
  ].join('');
}

const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'klp-smp-recordings-'));
mkdirSync(folder, { recursive: true });
const names = values.only.split(',');
const backends = BACKENDS.filter((it) => values.memory.split(',').includes(it));
const unknown = names.find((name) => BROKEN[name] === undefined);
if (unknown !== undefined || backends.length === 0) {
  throw new Error(
    `--only names some of ${Object.keys(BROKEN).join()}, --memory of ${BACKENDS.join()}`,
  );
}
const known =
  values.log === undefined || !existsSync(values.log)
    ? []
    : readFileSync(values.log, 'utf8').split('\n').filter(Boolean);
const all = known.map((text) => JSON.parse(text) as Recorded);
const begun = performance.now();
for (let seed = 1; seed <= Number(values.runs); seed++) {
  for (const name of names) {
    for (const memory of backends) {
      const isThere = all.some(
        (it) => it.name === name && it.memory === memory && it.seed === seed,
      );
      if (isThere || performance.now() - begun > 1000 * Number(values.seconds)) continue;
      const one = await record({ name, memory, seed }, folder);
      all.push(one);
      if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify(one)}\n`);
      console.error(JSON.stringify(one));
    }
  }
}
console.log(
  `${'broken'.padEnd(17)}${'memory'.padEnd(8)}${['recorded', 'found', 'replayed', 'median s', 'longest s', 'replay s'].map((it) => it.padStart(9)).join('')}  ends in`,
);
for (const name of names) for (const memory of backends) console.log(line(name, memory, all));
const faults = all.filter(({ fault }) => fault !== undefined);
for (const { name, memory, seed, fault } of faults) {
  console.log(`${name} on ${memory}, seed ${seed}: ${fault}`);
}
if (values.keep === undefined && faults.length === 0) rmSync(folder, { recursive: true });
// A check that executed nothing fails.
const nothing = !all.some(({ key }) => key !== undefined);
process.exitCode = faults.length > 0 || nothing ? 1 : 0;
