/** A campaign as one file declares it: scenarios × memories × strategies × seeds × removed orders, a size, and an end. */

import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../../kernel/versions.js';
import type { StrategyConfig } from '../../explorer/engine/config.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from '../options/option-table.js';
import {
  choiceOf,
  duration,
  integerIn,
  listOf,
  orderingSites,
  seed,
  textOf,
  type Rule,
} from '../options/rules.js';

/** What a campaign file holds. */
export interface PlanFile {
  /** What commands and reports call the campaign. */
  readonly name: string;
  /** `NAME` of the catalogue, or `FILE#NAME` relative to the campaign file. */
  readonly scenarios: readonly string[];
  /** Kernels that each scenario runs on; default its own. A scenario's file is given with `#NAME` then. */
  readonly kernels?: readonly KernelVersion[];
  readonly memories?: readonly ('lkmm' | 'sc')[];
  readonly strategies?: readonly ('random' | 'pct' | 'dfs')[];
  /** `pct`: depth of the bugs looked for. */
  readonly depth?: number;
  readonly seeds?: readonly number[];
  /** Each item: sites with commas that are removed together, or `none`. */
  readonly ablations?: readonly string[];
  /** Each item: a file, relative to the campaign file, whose functions replace kernel functions, or `none`. */
  readonly with?: readonly string[];
  /** `dfs`: steps that tell the parts of the search apart, each of which is a range. */
  readonly prefix?: number;
  /** `dfs`: preemptions of an execution; default without bound. */
  readonly preemptions?: number;
  /** `dfs`: weak answers of the memory in an execution; default without bound. */
  readonly choices?: number;
  /** Executions of each combination whose strategy draws from a seed. */
  readonly executions?: number;
  /** Time for all of it, such as `8h`. */
  readonly budget?: string;
  /** Folder of findings, relative to the campaign file. */
  readonly corpus?: string;
  /** Executions that are handed out together. */
  readonly range?: number;
}

const many = integerIn({ min: 1, max: 1e12 });

/** Removed sites as a file writes them. */
const ablation: Rule<string> = {
  accepts: `none, or ${orderingSites.accepts}`,
  parse: (text) => (text === 'none' || orderingSites.parse(text) ? text : undefined),
  check: (value) => (typeof value === 'string' ? ablation.parse(value) : undefined),
};

/** A time with its unit, kept as text. */
const time: Rule<string> = {
  accepts: duration.accepts,
  parse: (text) => (duration.parse(text) === undefined ? undefined : text),
  check: (value) => (typeof value === 'string' ? time.parse(value) : undefined),
};

const PLAN = {
  name: {
    rule: {
      accepts: 'letters, digits, dots and hyphens, at most 60',
      parse: (text) => (/^[\w.-]{1,60}$/.test(text) ? text : undefined),
      check: (value) =>
        typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : undefined,
    },
    about: 'name of the campaign',
    required: true,
  },
  scenarios: {
    rule: listOf(textOf('NAME of the catalogue, FILE or FILE#NAME')),
    about: 'what is explored',
    required: true,
  },
  kernels: { rule: listOf(choiceOf(KERNEL_VERSIONS)), about: 'kernels' },
  memories: { rule: listOf(choiceOf(['lkmm', 'sc'])), about: 'memories', fallback: ['lkmm'] },
  strategies: {
    rule: listOf(choiceOf(['random', 'pct', 'dfs'])),
    about: 'how schedules are found',
    fallback: ['random'],
  },
  depth: { rule: integerIn({ min: 1, max: 20 }), about: 'pct: depth of bugs', fallback: 3 },
  seeds: { rule: listOf(seed), about: 'seeds', fallback: [1] },
  ablations: { rule: listOf(ablation), about: 'removed orders', fallback: ['none'] },
  with: {
    rule: listOf(textOf('none, or the path of a file that replaces kernel functions')),
    about: 'changed kernel code',
    fallback: ['none'],
  },
  prefix: { rule: integerIn({ min: 1, max: 12 }), about: 'dfs: steps of a prefix', fallback: 3 },
  preemptions: { rule: integerIn({ min: 0, max: 100 }), about: 'dfs: bound on preemptions' },
  choices: { rule: integerIn({ min: 0, max: 100 }), about: 'dfs: bound on weak answers' },
  executions: { rule: many, about: 'executions of each combination' },
  budget: { rule: time, about: 'time for everything' },
  corpus: { rule: textOf('the path of a folder'), about: 'folder of findings' },
  range: { rule: integerIn({ min: 1, max: 1e7 }), about: 'executions of a range', fallback: 2000 },
} as const satisfies OptionTable<PlanFile>;

/** A checked campaign. */
export type Plan = Filled<PlanFile, typeof PLAN> & {
  /** Folder that paths in it start from. */
  readonly folder: string;
  /** A complaint about an item of one of its lists, with its place in the file. */
  readonly complaint: (key: 'scenarios' | 'with', item: string, what: string) => UsageError;
};

/** One combination of a campaign, before its scenario is found. */
export interface Combination {
  /** As the campaign names it. */
  readonly source: string;
  readonly memory: 'lkmm' | 'sc';
  readonly strategy: StrategyConfig;
  readonly ablated: readonly number[];
  /** File that replaces kernel functions, as the campaign names it. */
  readonly replace?: string;
}

/**
 * Check what a campaign file holds.
 *
 * @param where name of the file, for complaints
 * @param folder that paths in it start from
 * @param complaint makes an error about an item of a list
 * @throws UsageError naming the key, its value and what is accepted
 */
export function checkPlan(
  where: string,
  data: unknown,
  folder: string,
  complaint: Plan['complaint'] = (_key, _item, what) => new UsageError(`${where}: ${what}`),
): Plan {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new UsageError(
      `${where} holds no campaign: it is to be a mapping with name, scenarios and executions`,
    );
  }
  const plan = { ...checkOptions(where, data as PlanFile, PLAN), folder, complaint };
  checkSizes(where, data as PlanFile, plan);
  return plan;
}

/** Strategies that draw at random need a number of executions; an exhaustive search ends by itself. */
function checkSizes(where: string, given: PlanFile, { strategies }: Plan): void {
  const draws = strategies.some((kind) => kind !== 'dfs');
  if (draws && given.executions === undefined) {
    throw new UsageError(`${where}: executions is missing: give ${many.accepts}`);
  }
  const useless = (key: string): OptionError =>
    new OptionError(where, key, `has no effect with strategies ${strategies.join(', ')}`);
  if (given.depth !== undefined && !strategies.includes('pct')) throw useless('depth');
  const idle = draws ? [] : (['executions', 'seeds', 'range'] as const);
  const searching = ['prefix', 'preemptions', 'choices'] as const;
  for (const key of strategies.includes('dfs') ? idle : searching) {
    if (given[key] !== undefined) throw useless(key);
  }
}

/**
 * Find the part of a campaign file that is wrong by itself: an unknown key, or a value or list item not accepted.
 *
 * @returns the path to that part; empty when all parts are accepted
 */
export function faultyPart(data: object): readonly (string | number)[] {
  const table: OptionTable<PlanFile> = PLAN;
  for (const [key, value] of Object.entries(data) as [keyof PlanFile, unknown][]) {
    if (!Object.hasOwn(table, key)) return [key];
    const { rule } = table[key];
    if (rule.check(value) !== undefined) continue;
    const item = Array.isArray(value)
      ? value.findIndex((_, i) => rule.check(value.slice(0, i + 1)) === undefined)
      : -1;
    return item < 0 ? [key] : [key, item];
  }
  return [];
}

/** A scenario as {@link chooseScenario} takes it, for a campaign whose paths start from `folder`. */
export function scenarioFrom(folder: string, source: string): string {
  return /[/\\]|\.[cm]?[jt]s(#|$)/.test(source) ? resolve(folder, source) : source;
}

/** The scenarios, each on each kernel. @throws UsageError for one that names its kernel already */
function onKernels({ scenarios, kernels }: Plan): readonly string[] {
  if (kernels === undefined) return scenarios;
  const named = scenarios.find((scenario) => scenario.includes('@'));
  if (named !== undefined) throw new UsageError(`kernels: ${named} names its kernel already`);
  return scenarios.flatMap((scenario) => kernels.map((kernel) => `${scenario}@${kernel}`));
}

function strategyOf(
  { depth, prefix, preemptions, choices }: Plan,
  kind: 'random' | 'pct' | 'dfs',
  from: number,
): StrategyConfig {
  if (kind === 'random') return { kind, seed: from };
  if (kind === 'pct') return { kind, seed: from, depth };
  return {
    kind,
    prefix: { steps: prefix },
    ...(preemptions === undefined ? {} : { preemptions }),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** Every combination of a campaign, in the order of its file. */
export function combinationsOf(plan: Plan): Combination[] {
  const { memories, strategies, seeds, ablations, with: files } = plan;
  const combinations: Combination[] = [];
  for (const scenario of onKernels(plan))
    for (const memory of memories)
      for (const kind of strategies)
        for (const from of kind === 'dfs' ? [0] : seeds)
          for (const removed of ablations)
            for (const file of files) {
              combinations.push({
                source: scenario,
                memory,
                strategy: strategyOf(plan, kind, from),
                ablated: removed === 'none' ? [] : (orderingSites.parse(removed) ?? []),
                ...(file === 'none' ? {} : { replace: file }),
              });
            }
  return combinations;
}
