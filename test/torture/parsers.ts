/** Every parser with mutated inputs: each is read, or refused as the user's mistake, and nothing else. */

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReport } from '../../bench/results.js';
import { ABLATE_OPTIONS } from '../../src/campaign/ablate/ablate.js';
import { readCheckpoint, writeCheckpoint } from '../../src/campaign/work/checkpoint.js';
import { COMPARE_OPTIONS } from '../../src/campaign/compare/compare.js';
import { EXPLORE_OPTIONS } from '../../src/campaign/explore.js';
import { readJsonFile } from '../../src/campaign/options/files.js';
import {
  checkOptions,
  type AnyTable,
  type OptionTable,
} from '../../src/campaign/options/option-table.js';
import { CONFORMANCE_OPTIONS } from '../../src/campaign/litmus/conformance.js';
import { EXHAUST_OPTIONS } from '../../src/campaign/verify/exhaust.js';
import { HISTORY_OPTIONS } from '../../src/campaign/history.js';
import { LATENT_OPTIONS } from '../../src/campaign/latent.js';
import { LITMUS_SHAPES_OPTIONS } from '../../src/campaign/litmus/litmus-shapes.js';
import { LITMUS_OPTIONS } from '../../src/campaign/litmus/litmus.js';
import { Corpus } from '../../src/campaign/plan/corpus.js';
import { readPlan } from '../../src/campaign/plan/read-plan.js';
import { REPLAY_OPTIONS } from '../../src/campaign/replay.js';
import { RUN_CAMPAIGN_OPTIONS } from '../../src/campaign/run-campaign.js';
import { STRESS_OPTIONS } from '../../src/campaign/stress/stress.js';
import { WEAKEN_OPTIONS } from '../../src/campaign/weaken.js';
import { loadPrograms, ProgramSession } from '../../src/javascript/engine/session.js';
import { emptyTally } from '../../src/campaign/work/tally.js';
import { savedRows } from '../../src/campaign/verify/verified.js';
import { VERIFY_OPTIONS } from '../../src/campaign/verify/verify.js';
import { UsageError } from '../../src/errors.js';
import { kernelDeclarations } from '../../src/explorer/build/symbols.js';
import { parseModule, transform } from '../../src/explorer/build/transform.js';
import { decodeToken, encodeToken } from '../../src/explorer/findings/token.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import type { Mutator } from './mutate.js';

/** One parser: some inputs that are right, and what reads them. */
export interface Parser {
  readonly name: string;
  readonly seeds: readonly string[];
  /** Throws UsageError for what is no right input; anything else that it throws is a fault. */
  readonly read: (text: string) => void;
}

/** What became of the inputs of one parser. */
export interface ParserRow {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  /** The first inputs that ended in anything else. */
  readonly faults: readonly { readonly input: string; readonly error: string }[];
}

const TOKEN = encodeToken({
  scenario: 'disable-switch',
  fingerprint: '0badcafe',
  memory: 'lkmm',
  ablated: [4, 5],
  replaced: [],
  schedule: {
    switches: [
      { cpu: -1, at: 0, to: 1 },
      { cpu: 1, at: 17, to: 0 },
    ],
    choices: [{ cpu: 0, step: 5, index: 0, value: 20 }],
  },
  hash: 12345,
});

const TOKEN_PREFIX = TOKEN.slice(0, TOKEN.indexOf('.') + 1);
/** The body of the token, a character for each byte, without its check digits. */
const TOKEN_BODY = Buffer.from(TOKEN.slice(TOKEN_PREFIX.length), 'base64url')
  .subarray(0, -3)
  .toString('latin1');

/** A token with this body whose check digits fit. */
function tokenOf(body: string): string {
  const bytes = Buffer.from(body, 'latin1');
  const check = createHash('sha256').update(bytes).digest().subarray(0, 3);
  return TOKEN_PREFIX + Buffer.concat([bytes, check]).toString('base64url');
}

const PLAN = {
  session: { scenario: { file: 'x.js', name: 'x' }, memory: 'lkmm', ablated: [] },
  strategy: { kind: 'random', seed: 1 },
} as const;

const LITMUS = `C MP
{ int x = 0; int *p = &x; }
P0(int *x, int *y, spinlock_t *s) { spin_lock(s); WRITE_ONCE(*x, 1); smp_wmb(); smp_store_release(y, 1); spin_unlock(s); }
P1(int *x, int *y) { int r0; int r1; r0 = READ_ONCE(*y); if (r0 == 1) { smp_rmb(); r1 = READ_ONCE(*x); } else { r1 = xchg_relaxed(x, r0 + 2); } }
exists (1:r0=1 /\\ (1:r1=0 \\/ ~(x=2)))
`;

const SCENARIO = `import { race, MemoryMap } from 'klp-smp';
const map = new MemoryMap();
let count = 0;
function writer(cpu, words = [1, 2]) {
  for (const word of words) cpu.writeOnce(word, count ? 1 : -1);
  try { cpu.smpWmb(); } finally { cpu.write(3, (() => 4)()); }
}
export const made = race({ name: 'x', build: () => ({ map, bodies: [writer] }), observe: () => 'a', outcomes: {} });
`;

const CAMPAIGN = `name: nightly
scenarios: [disable-call, ./mine.js#race]
memories: [lkmm, sc]
strategies: [random, pct]
depth: 3
seeds: [1, 2]
ablations: [none, 'O-04,O-05']
executions: 2000
budget: 8h
corpus: ./corpus
range: 500
`;

const FINDING = JSON.stringify({
  version: 1,
  scenario: 'disable-switch',
  memory: 'lkmm',
  ablated: ['O-04'],
  outcome: 'freed',
  token: TOKEN,
  story: ['cpu 0 klpInitTransition a.ts:1'],
  status: 'open',
});

const PROGRAM = `import { program } from 'klp-smp/javascript';
class Flag { #view; constructor(sab) { this.#view = new Int32Array(sab); } raise() { Atomics.store(this.#view, 0, 1); } }
export const made = program({
  shared: () => new SharedArrayBuffer(16),
  threads: [
    (sab) => { const [first = 1, ...rest] = [2, 3]; new Flag(sab).raise(); return first + rest.length; },
    (sab) => { const view = new Int32Array(sab); for (let i = 0; i < 2; i++) if (Atomics.load(view, 0)) return view[i]; },
  ],
  outcome: ([, seen]) => String(seen ?? '-'),
  steps: 300,
});
`;

const OPTION_TABLES: Readonly<Record<string, AnyTable>> = {
  explore: EXPLORE_OPTIONS,
  verify: VERIFY_OPTIONS,
  ablate: ABLATE_OPTIONS,
  compare: COMPARE_OPTIONS,
  stress: STRESS_OPTIONS,
  replay: REPLAY_OPTIONS,
  litmus: LITMUS_OPTIONS,
  shapes: LITMUS_SHAPES_OPTIONS,
  conformance: CONFORMANCE_OPTIONS,
  exhaust: EXHAUST_OPTIONS,
  history: HISTORY_OPTIONS,
  latent: LATENT_OPTIONS,
  weaken: WEAKEN_OPTIONS,
  campaign: RUN_CAMPAIGN_OPTIONS,
};

const OPTIONS = [
  '{"scenario":"x","strategy":"dfs","preemptions":2,"budgetMs":1000}',
  '{"scenarios":["a","b"],"executions":10,"seed":3}',
  '{"sites":["O-04",5],"seeds":2,"threads":2}',
  '{"cpus":2,"mix":{"enable":30},"latent":["L-1"],"durationMs":5}',
];

const ROW =
  '[{"scenario":"x","expected":"clean","fingerprint":"00","seed":1,"executions":5,"digest":"0","outcomes":[]}]';
const BENCH =
  '{"environment":{},"results":[{"name":"a","unit":"ns/op","better":"lower","rows":[{"task":"x","ratio":1,"ratioSpread":0.1}]}]}';

function readOptions(text: string): void {
  let given: object;
  try {
    given = JSON.parse(text) as object;
  } catch {
    throw new UsageError('not JSON');
  }
  for (const [name, table] of Object.entries(OPTION_TABLES)) {
    try {
      checkOptions(
        name,
        given as Record<string, object>,
        table as OptionTable<Record<string, object>>,
      );
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
}

function readScenario(text: string): void {
  const source = { file: 'mutated.js', code: text };
  const program = parseModule(source);
  const kernel = kernelDeclarations(program);
  transform(source, program, { kernel, plain: new Set(), specifiers: new Map() });
}

/** A program is read, instrumented, set up and executed once. */
function readProgram(file: string): void {
  for (const loaded of loadPrograms(file)) {
    new ProgramSession(loaded, { memory: 'js', ablated: [] });
  }
}

/** All parsers; those of files write their inputs into a folder of their own. */
export class Parsers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'klp-smp-torture-'));

  get all(): readonly Parser[] {
    const file = join(this.#folder, 'input.json');
    writeCheckpoint(file, { plan: PLAN, fingerprint: '00', next: 0, tally: emptyTally() });
    const checkpoint = JSON.stringify(readJsonFile('checkpoint', file));
    const fromFile = (read: () => unknown) => (text: string) => {
      writeFileSync(file, text);
      read();
    };
    return [
      { name: 'litmus', seeds: [LITMUS], read: (text) => void parseLitmus(text, 'm.litmus') },
      { name: 'token', seeds: [TOKEN], read: (text) => void decodeToken(text) },
      {
        name: 'token with fitting digits',
        seeds: [TOKEN_BODY],
        read: (text) => void decodeToken(tokenOf(text)),
      },
      {
        name: 'checkpoint',
        seeds: [checkpoint],
        read: fromFile(() => readCheckpoint(file, PLAN, '00')),
      },
      { name: 'saved rows', seeds: [ROW], read: fromFile(() => savedRows(file)) },
      {
        name: 'bench report',
        seeds: [BENCH],
        read: fromFile(() => isReport(readJsonFile('report', file))),
      },
      {
        name: 'campaign file',
        seeds: [CAMPAIGN],
        read: (text) => {
          const plan = join(this.#folder, 'campaign.yaml');
          writeFileSync(plan, text);
          readPlan(plan);
        },
      },
      {
        name: 'finding of a corpus',
        seeds: [FINDING],
        read: (text) => {
          const folder = join(this.#folder, 'corpus');
          mkdirSync(folder, { recursive: true });
          writeFileSync(join(folder, 'finding.json'), text);
          new Corpus(folder).entries();
        },
      },
      {
        name: 'program',
        seeds: [PROGRAM],
        read: (text) => {
          const program = join(this.#folder, 'program.mjs');
          writeFileSync(program, text);
          readProgram(program);
        },
      },
      { name: 'options', seeds: OPTIONS, read: readOptions },
      { name: 'scenario module', seeds: [SCENARIO], read: readScenario },
    ];
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Feed a parser with mutated inputs. */
export function torture(parser: Parser, inputs: number, mutator: Mutator): ParserRow {
  let [accepted, refused] = [0, 0];
  const faults: { input: string; error: string }[] = [];
  for (let i = 0; i < inputs; i++) {
    const input = mutator.mutate(parser.seeds);
    try {
      parser.read(input);
      accepted++;
    } catch (error) {
      if (error instanceof UsageError) refused++;
      else if (faults.length < 5) {
        faults.push({ input, error: error instanceof Error ? (error.stack ?? '') : String(error) });
      }
    }
  }
  return { name: parser.name, inputs, accepted, refused, faults };
}
