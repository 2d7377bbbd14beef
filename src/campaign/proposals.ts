/** Use case: run changes that are debated on the mailing list, and say which races fail with them. */

import {
  PROPOSALS,
  proposalFile,
  proposalWord,
  type Proposal,
  type ProposalVariant,
} from '../catalog/proposals.js';
import { UsageError } from '../errors.js';
import { checkOptions, type Filled, type OptionTable } from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { integerIn, seed, textOf } from './options/rules.js';
import { inTurn, type Rows } from './options/sets.js';
import { forbiddenIn } from './verify/verified.js';
import { verify } from './verify/verify.js';

/** What {@link proposals} is asked to do. */
export interface ProposalsOptions extends Watching {
  /** For instance `P-1`. Default all of them. */
  readonly proposal?: string;
  /** Executions of each race. Default 300. */
  readonly executions?: number;
  /** Executions of each whole machine. Default 20. */
  readonly systemExecutions?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** Worker threads. Default 2. */
  readonly threads?: number;
}

const count = integerIn({ min: 1, max: 1e9 });

/** The options of {@link proposals}. */
export const PROPOSALS_OPTIONS = {
  ...WATCHING,
  proposal: {
    rule: textOf('the id of a proposal, such as P-1'),
    about: 'for instance P-1; all of them when left out',
    flags: '[proposal]',
  },
  executions: { rule: count, about: 'executions of each race', fallback: 300, flags: '--runs <n>' },
  systemExecutions: {
    rule: count,
    about: 'executions of each whole machine',
    fallback: 20,
    flags: '--system-runs <n>',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: 2,
    flags: '--threads <n>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<ProposalsOptions>;

type Checked = Filled<ProposalsOptions, typeof PROPOSALS_OPTIONS>;

/** A race that fails with a proposal. */
export interface ProposalFinding {
  readonly scenario: string;
  readonly key: string;
  readonly count: number;
  readonly executions: number;
  /** Command that shows it again. */
  readonly replay: string;
}

/** What running one variant showed. */
export interface VariantResult {
  readonly what: string;
  /** Names the file that replaces the kernel functions, as `--with` takes it: `proposal:NAME`. */
  readonly file: string;
  readonly verdict: 'clean' | 'fails';
  /** Scenarios that were executed, and how often all of them together. */
  readonly scenarios: readonly string[];
  readonly executions: number;
  readonly findings: readonly ProposalFinding[];
  /** The verdict is the one that the catalogue names. */
  readonly asExpected: boolean;
}

/** What running one proposal showed. */
export interface ProposalRow extends Omit<Proposal, 'variants'> {
  readonly variants: readonly VariantResult[];
}

/** What running proposals showed; plain data. */
export type ProposalsResult = Rows<ProposalRow>;

/**
 * Run proposals.
 *
 * @throws UsageError for options that are not accepted, or a proposal that is not in the catalogue
 */
export async function proposals(options: ProposalsOptions = {}): Promise<ProposalsResult> {
  const checked = checkOptions('proposals', options, PROPOSALS_OPTIONS);
  const { proposal, signal, onProgress } = checked;
  const wanted = PROPOSALS.filter(
    ({ id }) => proposal === undefined || id.toLowerCase() === proposal.toLowerCase(),
  );
  if (wanted.length === 0) {
    const ids = PROPOSALS.map(({ id }) => id).join(', ');
    throw new UsageError(`proposal: '${proposal ?? ''}' is not in the catalogue; it has ${ids}`);
  }
  return inTurn(wanted, signal, async ({ variants, ...facts }, done) => {
    const results: VariantResult[] = [];
    for (const variant of variants) {
      onProgress?.({ done, total: wanted.length, unit: 'proposals', note: variant.file });
      results.push(await runVariant(variant, checked));
    }
    return { ...facts, variants: results };
  });
}

const SYSTEMS: ReadonlySet<string> = new Set(['system-enable-disable']);

async function runVariant(
  { file, what, scenarios, finds }: ProposalVariant,
  { executions, systemExecutions, seed: from, threads, signal }: Checked,
): Promise<VariantResult> {
  const replace = proposalFile(file);
  const hasSystem = scenarios === undefined || scenarios.some((name) => SYSTEMS.has(name));
  const { rows } = await verify({
    ...{ replace, executions, seed: from, threads },
    ...(hasSystem ? { systemExecutions } : {}),
    ...(scenarios === undefined ? {} : { scenarios }),
    ...(signal === undefined ? {} : { signal }),
  });
  const findings = rows.flatMap((row) =>
    forbiddenIn(row).map(({ key, count: times, replay }) => ({
      ...{ scenario: row.scenario, key, count: times, executions: row.executions, replay },
    })),
  );
  const keys = new Set(findings.map(({ key }) => key));
  return {
    ...{ what, file: proposalWord(replace), findings },
    verdict: findings.length === 0 ? 'clean' : 'fails',
    scenarios: rows.map(({ scenario }) => scenario),
    executions: rows.reduce((sum, row) => sum + row.executions, 0),
    asExpected: rows.length > 0 && (finds === undefined ? keys.size === 0 : keys.has(finds)),
  };
}
