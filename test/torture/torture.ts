/**
 * Torture: workers that die, signals, mutated inputs, outputs that cannot be written, and memory over time. Prints a table of what
 * was done and how it ended, and each line of it on stderr as soon as it is known; ends with 1 when something hung, crashed, lost its results or had a wrong exit status.
 *
 * `npm run torture -- [--points N] [--inputs N] [--minutes N] [--seed N] [--only PARTS]`; by default a short form of about a minute.
 */

import { parseArgs } from 'node:util';
import { renderTable } from '../../src/report/table.js';
import { disturbed, isJson, type Disturbance, type Ended } from './command.js';
import { watchMemory } from './memory.js';
import { Mutator } from './mutate.js';
import { Parsers, torture } from './parsers.js';

/** What is done, in this order. */
const PARTS = ['inputs', 'outputs', 'kills', 'signals', 'memory'] as const;

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '10' },
    inputs: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '0.2' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: PARTS.join() },
  },
});
const [points, inputs, minutes, seed] = [
  Number(values.points),
  Number(values.inputs),
  Number(values.minutes),
  Number(values.seed),
];
if (![points, inputs, minutes, seed].every((n) => n > 0)) {
  throw new Error('give numbers above 0 for --points, --inputs, --minutes and --seed');
}

const only = values.only.split(',');
const unknown = only.find((part) => !PARTS.some((known) => known === part));
if (unknown !== undefined) throw new Error(`--only ${unknown}: give of ${PARTS.join(', ')}`);

/** One line of the table. */
interface Row {
  readonly what: string;
  readonly times: number;
  readonly how: string;
  readonly faults: readonly string[];
}

/** Commands with all their threads; each takes about a second of the processor unless it is disturbed. */
const COMMANDS: readonly (readonly string[])[] = [
  ['stress', '--cpus', '3', '--tasks', '48', '--duration', '1s', '--json'],
  ['explore', 'disable-switch', '--runs', '4000', '--threads', '2', '--json'],
  ['explore', 'disable-protocol-2', '--ablate', 'O-01', '--runs', '3000', '--json'],
  ['litmus', 'SHAPES', '--on', 'machine', '--runs', '400', '--workers', '2', '--json'],
  ['litmus', '--on', 'threads', '--shapes', 'SB,MP', '--trials', '60000', '--json'],
  ['ablate', 'O-26', '--budget', '300ms', '--json'],
  ['verify', 'shadow-get', 'shadow-alloc', '--runs', '300', '--json'],
];
/** More of them for signals. */
const SIGNALLED: readonly (readonly string[])[] = [
  ...COMMANDS,
  ['verify', '--exhaust', 'disable-switch', '--budget', '2s', '--json'],
  ['history', '--json'],
  ['latent', 'L-1', '--json'],
];
/** When a disturbance comes, in ms of the command's processor time: from the first to the sum of both; signals from 0, once the program listens. */
const FROM = 100;
const SPAN = 800;

const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort(); // The table shows what was done until then.
});

/** Exit statuses of the table in docs/exit-status.md. */
const STATUSES: ReadonlySet<number | null> = new Set([0, 1, 2, 3]);

function faultOf(ended: Ended, expected: ReadonlySet<number | null>): string | undefined {
  const { code, signal, hangs, stdout, stderr } = ended;
  if (hangs) return 'hangs';
  if (signal !== null) return `ended by ${signal}: ${stderr.slice(0, 2000)}`;
  if (!expected.has(code)) return `exit status ${String(code)}: ${stderr.slice(-300)}`;
  if (!isJson(stdout))
    return `no JSON (${String(code)}): ${stdout.slice(-80)} ${stderr.slice(-300)}`;
  if (code === 3 && stderr.trim() === '') return 'exit status 3 without a word';
  return undefined;
}

const countOf = (codes: readonly (number | null)[]): string => {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(String(code), (counts.get(String(code)) ?? 0) + 1);
  return [...counts].map(([code, n]) => `${n} × ${code}`).join(', ');
};

/** Results of one command that was disturbed many times. */
class Disturbed {
  readonly faults: string[] = [];
  readonly codes: (number | null)[] = [];
  readonly #what: string;
  readonly #args: readonly string[];
  #slowest = 0;
  #killed = 0;

  constructor(what: string, command: readonly string[]) {
    this.#what = what;
    this.#args = command.map((arg) => (arg === 'SHAPES' ? 'test/litmus/shapes' : arg));
  }

  async once(disturbance: Disturbance, expected: ReadonlySet<number | null>): Promise<void> {
    const ended = await disturbed(this.#args, disturbance);
    this.codes.push(ended.code);
    if (disturbance.kind === 'signal') this.#slowest = Math.max(this.#slowest, ended.took);
    if (ended.killed) this.#killed++;
    const fault = faultOf(ended, expected);
    if (fault === undefined) return;
    const text = `${this.#args.join(' ')}, ${JSON.stringify(disturbance)}: ${fault}`;
    this.faults.push(text);
    process.stderr.write(`FAULT ${text}\n`);
  }

  get row(): Row {
    const late = this.#slowest === 0 ? '' : `; slowest end ${(this.#slowest / 1000).toFixed(1)} s`;
    const killed = this.#what === 'signal' ? '' : `; a worker was there ${this.#killed} times`;
    return {
      what: `${this.#what}: ${this.#args.slice(0, 4).join(' ')}`,
      times: this.codes.length,
      how: `exit ${countOf(this.codes)}${late}${killed}`,
      faults: this.faults,
    };
  }
}

/** Disturb each command at many points of its life, in turn. */
async function disturb(
  what: string,
  commands: readonly (readonly string[])[],
  make: () => Disturbance,
  expected: ReadonlySet<number | null>,
): Promise<Row[]> {
  const all = commands.map((command) => new Disturbed(what, command));
  for (let point = 0; point < points && !stop.signal.aborted; point++) {
    await all[point % all.length]?.once(make(), expected);
    if (point % 100 === 99) process.stderr.write(`${what}: ${point + 1} points\n`);
  }
  return all.map(({ row }) => row);
}

const killed = (mutator: Mutator): Promise<Row[]> =>
  disturb(
    'worker killed',
    COMMANDS,
    () => ({ kind: 'kill', afterMs: FROM + mutator.below(SPAN), seed: mutator.below(1000) }),
    STATUSES,
  );

const signalled = (mutator: Mutator): Promise<Row[]> =>
  disturb(
    'signal',
    SIGNALLED,
    () => ({
      kind: 'signal',
      afterMs: mutator.below(SPAN),
      signal: mutator.below(2) === 0 ? 'SIGINT' : 'SIGTERM',
    }),
    new Set([...STATUSES, 130, 143]),
  );

const LITMUS = ['litmus', 'test/litmus/shapes/MP+locks.litmus', '--json'];

/** Outputs that cannot be written: full, read-only, closed. */
async function outputs(): Promise<Row[]> {
  const cases: readonly (readonly [what: string, args: readonly string[], code: number])[] = [
    [
      '--save on a full disk',
      ['verify', 'shadow-get', '--runs', '20', '--json', '--save', '/dev/full'],
      2,
    ],
    ['--svg on a full disk', [...LITMUS, '--svg', '/dev/full'], 2],
    ['--dot in a read-only folder', [...LITMUS, '--dot', '/proc/x.dot'], 2],
    ['--save where nothing can be', ['verify', 'shadow-get', '--save', '/proc/no/such.json'], 2],
    [
      '--save in a read-only folder',
      ['verify', 'shadow-get', '--runs', '20', '--save', '/proc/x.json'],
      2,
    ],
    [
      '--checkpoint in a read-only folder',
      ['explore', 'shadow-get', '--runs', '20', '--json', '--checkpoint', '/proc/x.json'],
      2,
    ],
    [
      '--checkpoint folder that cannot be',
      ['verify', 'shadow-get', '--checkpoint', '/proc/x/y'],
      2,
    ],
    [
      '--checkpoint on a full disk',
      ['explore', 'shadow-get', '--runs', '20', '--json', '--checkpoint', '/dev/full'],
      2,
    ],
    [
      '--chart on a full disk',
      [
        'bench',
        'dispatch',
        '--only',
        'handler',
        '--rounds',
        '3',
        '--time',
        '1ms',
        '--json',
        '--chart',
        '/dev/full',
      ],
      2,
    ],
  ];
  const rows: Row[] = [];
  for (const [what, args, code] of cases) {
    const ended = await disturbed(args, { kind: 'none' });
    const isGood =
      ended.code === code && !ended.hangs && ended.stderr.trim().split('\n').length === 1;
    const fault = `exit status ${String(ended.code)}: ${ended.stderr.slice(-300)}`;
    rows.push({ what, times: 1, how: `exit ${String(ended.code)}`, faults: isGood ? [] : [fault] });
  }
  return rows;
}

function parsed(): Row[] {
  const parsers = new Parsers();
  try {
    return parsers.all.map((parser) => {
      const row = torture(parser, inputs, new Mutator(seed));
      process.stderr.write(
        `${row.name}: ${row.inputs} inputs, ${row.accepted} read, ${row.refused} refused, ${row.faults.length} faults\n`,
      );
      return {
        what: `mutated ${row.name}`,
        times: row.inputs,
        how: `${row.accepted} read, ${row.refused} refused`,
        faults: row.faults.map(({ input, error }) => `${JSON.stringify(input)}\n    ${error}`),
      };
    });
  } finally {
    parsers.close();
  }
}

const mutator = new Mutator(seed);
const WORK: Readonly<Record<(typeof PARTS)[number], () => Promise<readonly Row[]> | Row[]>> = {
  inputs: parsed,
  outputs,
  kills: () => killed(mutator),
  signals: () => signalled(mutator),
  memory: () => watchMemory(minutes),
};
const rows: Row[] = [];
for (const part of PARTS) if (only.includes(part)) rows.push(...(await WORK[part]()));
const table = renderTable(
  [
    { title: 'what' },
    { title: 'times', align: 'right' },
    { title: 'how it ended' },
    { title: 'faults', align: 'right' },
  ],
  rows.map(({ what, times, how, faults }) => [what, String(times), how, String(faults.length)]),
);
const faults = rows.flatMap((row) => row.faults.map((fault) => `${row.what}: ${fault}`));
process.stdout.write(`${table}\n${faults.map((fault) => `FAULT ${fault}\n`).join('')}`);
process.exitCode = faults.length === 0 ? 0 : 1;
