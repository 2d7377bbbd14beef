/** Use case: run every scenario with nothing removed, and check that nothing forbidden happens and runs repeat. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BROKEN_RACES, LATENT_RACES } from '../../catalog/races.js';
import { SimulatorBug, UsageError, withPartial } from '../../errors.js';
import { makeFolder } from '../options/files.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { checkEffect, REPLACE, replacing, type Replacing } from '../scenarios/replace.js';
import { replayCommand } from '../options/replay-command.js';
import {
  existingFile,
  flag,
  integerIn,
  listOf,
  seed,
  textOf,
  writableFolder,
} from '../options/rules.js';
import type { CampaignState } from '../work/campaign.js';
import { runSaved } from '../work/saved-campaign.js';
import {
  catalogueScenarios,
  chooseScenario,
  scenariosOf,
  type Chosen,
} from '../scenarios/scenarios.js';
import { inTurn } from '../options/sets.js';
import { seenOf, unendedComplaint, type Tally } from '../work/tally.js';
import {
  comparable,
  differences,
  findingsOf,
  savedRows,
  type VerifiedScenario,
  type VerifyResult,
} from './verified.js';
import { Workers } from '../work/workers.js';

/** A whole machine takes some fifty times as long as a race. */
const RACES_TO_A_SYSTEM = 50;

/** What {@link verify} is asked to do. */
export interface VerifyOptions extends Watching, Replacing {
  /** Names of the catalogue. Default all that must be clean. */
  readonly scenarios?: readonly string[];
  /** Executions of each race. Default 1000. */
  readonly executions?: number;
  /** Executions of each whole machine. Default a fiftieth of those of a race. */
  readonly systemExecutions?: number;
  /** Also run scenarios that are known to fail: older kernels and latent issues. Default false. */
  readonly broken?: boolean;
  /** Execute everything twice, and compare the trace hashes. Default false. */
  readonly twice?: boolean;
  /** Check every execution against the axioms of LKMM too, which takes many times as long. Default false. */
  readonly axioms?: boolean;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** Worker threads. Default one for each core. */
  readonly threads?: number;
  /** Folder to save the progress of each scenario in, and to go on from. */
  readonly checkpoint?: string;
  /** Saved rows, of another Node version for instance, to compare the trace hashes with. */
  readonly compare?: string;
}

const count = integerIn({ min: 1, max: 1e12 });

/** The options of {@link verify}. */
export const VERIFY_OPTIONS = {
  ...WATCHING,
  scenarios: {
    rule: listOf(textOf('a name of the catalogue')),
    about: 'names of the catalogue (default: all that must be clean)',
    flags: '[scenarios...]',
  },
  replace: REPLACE,
  executions: {
    rule: count,
    about: 'executions of each race',
    fallback: 1000,
    flags: '--runs <n>',
  },
  systemExecutions: {
    rule: count,
    about: 'executions of each whole machine',
    shown: `a ${RACES_TO_A_SYSTEM}th`,
    flags: '--system-runs <n>',
  },
  broken: {
    rule: flag,
    about: 'also what fails as it is: older kernels and latent issues',
    fallback: false,
    not: ['scenarios'],
  },
  twice: {
    rule: flag,
    about: 'execute everything twice, and compare the trace hashes',
    fallback: false,
  },
  axioms: {
    rule: flag,
    about: "check every execution against the memory model's axioms too (slow)",
    fallback: false,
  },
  compare: {
    rule: existingFile,
    about: 'compare the trace hashes with saved rows, of another Node version for instance',
    flags: '--compare <file>',
  },
  checkpoint: {
    rule: writableFolder,
    about: 'save the progress of each scenario there, and go on from it',
    flags: '--checkpoint <folder>',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: availableParallelism(),
    flags: '--threads <n>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<VerifyOptions>;

const FAILING: ReadonlySet<string> = new Set(
  [...BROKEN_RACES, ...LATENT_RACES].map(({ name }) => name),
);

const hex = (n: number): string => n.toString(16).padStart(8, '0');

type Checked = Filled<VerifyOptions, typeof VERIFY_OPTIONS>;

/**
 * Execute scenarios with nothing removed.
 *
 * @throws UsageError for options that are not accepted, a saved report of other executions (before anything runs), or when a
 *   scenario was not executed at all
 * @throws SimulatorBug when equal runs differ, or the axioms reject an execution; {@link partialResult} gives all rows
 */
export async function verify(options: VerifyOptions = {}): Promise<VerifyResult> {
  const checked = checkOptions('verify', options, VERIFY_OPTIONS);
  const saved = checked.compare === undefined ? undefined : savedRows(checked.compare);
  if (checked.checkpoint !== undefined) makeFolder('checkpoint folder', checked.checkpoint);
  const workers = new Workers(checked.threads);
  try {
    const all = await chosen(workers, checked);
    const verifier = new Verifier(workers, checked);
    if (saved !== undefined) all.forEach((info) => verifier.expectSame(info, saved));
    const told = { total: all.length, unit: 'scenarios' };
    let counted = 0;
    const result = await inTurn(
      all,
      checked.signal,
      (info, done) =>
        verifier.verify(info, ({ next, tally }) =>
          checked.onProgress?.({
            ...told,
            done,
            note: `${info.name} ${next}`,
            executions: counted + next,
            outcomes: seenOf(info.name, tally),
          }),
        ),
      (row, done) => {
        counted += row.executions;
        checked.onProgress?.({ ...told, done, note: row.scenario, executions: counted, row });
      },
    );
    judge(result, saved);
    return result;
  } finally {
    await workers.close();
  }
}

function judge(result: VerifyResult, saved: readonly VerifiedScenario[] | undefined): void {
  const { rows, interrupted } = result;
  const differing = [
    ...rows.flatMap((r) =>
      r.again === null || r.again === r.digest ? [] : [`${r.scenario}: twice`],
    ),
    ...(saved === undefined || interrupted ? [] : differences(rows, saved)),
  ];
  if (differing.length > 0) {
    throw withPartial(new SimulatorBug(`equal runs differ: ${differing.join('; ')}`), result);
  }
  judgeAxioms(result);
  const isClean = findingsOf(rows).length === 0 && !interrupted;
  for (const row of isClean ? rows.filter(({ expected }) => expected === 'clean') : []) {
    const unended = unendedComplaint(row.scenario, row);
    if (unended !== undefined) throw withPartial(new UsageError(unended), result);
  }
  const idle = rows.find(({ executions }) => executions === 0);
  if (!interrupted && (idle !== undefined || rows.length === 0)) {
    throw withPartial(
      new UsageError(`${idle?.scenario ?? 'verify'}: nothing was executed`),
      result,
    );
  }
}

/** Judge what the axioms said. @throws SimulatorBug when they rejected an execution, or were not asked about one */
export function judgeAxioms(result: VerifyResult): void {
  for (const { scenario, axioms, executions } of result.rows) {
    if (axioms === null) continue;
    const { accepted, rejected } = axioms;
    if (rejected !== null) {
      const what = `the axioms of LKMM reject ${executions - accepted} of ${executions} executions of ${scenario}`;
      const example = `${rejected.axiom}, execution ${rejected.run}: ${rejected.token}`;
      throw withPartial(new SimulatorBug(`${what}: ${example}`), result);
    }
    if (accepted !== executions) {
      throw new SimulatorBug(`${scenario}: ${accepted} of ${executions} executions were checked`);
    }
  }
}

/** Scenarios of the catalogue that contain a function that a file replaces. */
async function changedBy(
  workers: Workers,
  wanted: readonly Chosen[],
  replace: string,
): Promise<Chosen[]> {
  const all: Chosen[] = [];
  for (const file of new Set(wanted.map((info) => info.file))) {
    const { all: infos } = await scenariosOf(workers, file, undefined, replace);
    all.push(...infos.filter(({ replaced }) => replaced !== undefined));
  }
  return all.filter((info) => wanted.some(({ name }) => name === info.name));
}

/** The scenarios that a user names, or all. @throws UsageError for an unknown name, or one without effect */
async function chosen(workers: Workers, options: Checked): Promise<Chosen[]> {
  const { scenarios = [], broken, systemExecutions, signal, replace } = options;
  const all: Chosen[] = [];
  if (scenarios.length === 0) {
    const wanted = catalogueScenarios().filter(({ name }) => broken || !FAILING.has(name));
    all.push(...(replace === undefined ? wanted : await changedBy(workers, wanted, replace)));
  }
  for (const name of scenarios) {
    const info = await chooseScenario(workers, name, signal, replace);
    checkEffect(info.name, replace, info.replaced ?? []);
    all.push(info);
  }
  const replaced = all.flatMap((info) => info.replaced ?? []);
  checkEffect('what is to be verified', replace, replaced);
  if (systemExecutions !== undefined && !all.some(({ kind }) => kind === 'system')) {
    throw new OptionError(
      'verify',
      'systemExecutions',
      'has no effect: no whole machine is among them',
    );
  }
  return all;
}

/** Runs campaigns, one after the other. */
class Verifier {
  readonly #workers: Workers;
  readonly #options: Checked;

  constructor(workers: Workers, options: Checked) {
    this.#workers = workers;
    this.#options = options;
  }

  async verify(info: Chosen, onState: (state: CampaignState) => void): Promise<VerifiedScenario> {
    const { seed: from, twice } = this.#options;
    const started = performance.now();
    const tally = await this.#tally(info, true, onState);
    const seconds = (performance.now() - started) / 1000;
    const complete = tally.executions >= this.#runsOf(info);
    const again = twice && complete ? await this.#tally(info, false) : null;
    return {
      scenario: info.name,
      expected: FAILING.has(info.name) ? 'fails' : 'clean',
      fingerprint: info.fingerprint,
      seed: from,
      executions: tally.executions,
      operations: tally.steps,
      seconds,
      digest: hex(tally.digest),
      again: again && again.executions === tally.executions ? hex(again.digest) : null,
      axioms: tally.axioms ?? null,
      outcomes: tally.outcomes.map(({ key, grade, count: times, token, isUnended }) => ({
        key,
        grade,
        ...(isUnended === true ? { isUnended } : {}),
        count: times,
        token,
        replay: replayCommand(token, info.file, { replace: this.#options.replace }),
      })),
    };
  }

  /** Refuse a saved report that this run cannot be compared with, before it runs. */
  expectSame(info: Chosen, saved: readonly VerifiedScenario[]): void {
    const { seed: from } = this.#options;
    const { name: scenario, fingerprint } = info;
    comparable({ scenario, fingerprint, seed: from, executions: this.#runsOf(info) }, saved);
  }

  #runsOf({ kind }: Chosen): number {
    const { executions, systemExecutions } = this.#options;
    if (kind !== 'system') return executions;
    return systemExecutions ?? Math.ceil(executions / RACES_TO_A_SYSTEM);
  }

  async #tally(
    info: Chosen,
    resumes: boolean,
    onState: (state: CampaignState) => void = () => undefined,
  ): Promise<Tally> {
    const { seed: from, threads, checkpoint, signal, replace, axioms } = this.#options;
    const { file, name, fingerprint } = info;
    const { tally, failure } = await runSaved(this.#workers, {
      plan: {
        session: {
          scenario: { file, name, ...replacing(replace) },
          memory: 'lkmm',
          ablated: [],
          ...(axioms && resumes ? { axioms } : {}),
        },
        strategy: { kind: 'random', seed: from },
      },
      fingerprint,
      limits: {
        executions: this.#runsOf(info),
        budgetMs: Infinity,
        threads,
        stopAt: 'nothing',
        signal,
      },
      checkpoint:
        checkpoint === undefined || !resumes ? undefined : join(checkpoint, `${name}.json`),
      onProgress: onState,
    });
    if (failure !== undefined) throw failure;
    return tally;
  }
}
