/** Use case: look for suspected bugs in the subsystem as it is, and say what was found and what was searched. */

import { LATENT } from '../catalog/latent.js';
import { UsageError } from '../errors.js';
import { DEFAULT_KERNEL_VERSION, KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import type { HistoryFinding } from '../scenario/history.js';
import {
  likelyIn,
  stepsIn,
  type LatentIssue,
  type LatentRace,
  type LatentScript,
} from '../scenario/latent.js';
import { hunt, predictedCatch } from './hunt.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { choiceOf, duration, seed, textOf } from './options/rules.js';
import { inTurn, type Rows } from './options/sets.js';
import { Workers } from './work/workers.js';

/** Milliseconds that the sequences of one script may take. */
const SCRIPT_MS = 600_000;

/** What {@link latent} is asked to do. */
export interface LatentOptions extends Watching {
  /** For instance `L-1`. Default all of them. */
  readonly issue?: string;
  /** Time for each race that may show an issue, in ms. Default 30,000. */
  readonly budgetMs?: number;
  /** Time for each race that must be clean, in ms. Default 10,000. */
  readonly controlMs?: number;
  /** The kernel release to examine. Default 6.5. */
  readonly kernel?: KernelVersion;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
}

/** The options of {@link latent}. */
export const LATENT_OPTIONS = {
  ...WATCHING,
  issue: {
    rule: textOf('the id of an issue, such as L-1'),
    about: 'for instance L-1; all of them when left out',
    flags: '[issue]',
  },
  budgetMs: {
    rule: duration,
    about: 'time for each race that may show an issue',
    fallback: 30_000,
    shown: '30s',
    flags: '--budget <time>',
  },
  controlMs: {
    rule: duration,
    about: 'time for each race that must be clean',
    fallback: 10_000,
    shown: '10s',
    flags: '--control <time>',
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel that is looked at',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<LatentOptions>;

type Checked = Filled<LatentOptions, typeof LATENT_OPTIONS>;

/** Result of exploring the same race without the issue (the control). */
export interface ControlResult {
  readonly scenario: string;
  readonly what: string;
  readonly executions: number;
  /** Forbidden outcomes; none are expected. */
  readonly findings: readonly HistoryFinding[];
}

/** What one attempt showed. */
export interface AttemptResult {
  readonly kind: 'race' | 'script';
  /** Name of the race, or what the script does. */
  readonly what: string;
  readonly found: boolean;
  readonly findings: readonly HistoryFinding[];
  /** Executions of a race, sequences of a script. */
  readonly searched: number;
  readonly unit: string;
  readonly seconds: number;
  readonly token?: string;
  readonly control?: ControlResult;
}

/** Whether an issue was found; `absent`: the release cannot have it, and nothing was looked for. */
export type LatentVerdict = 'found' | 'not found' | 'absent';

/** What looking for one issue showed. */
export interface LatentRow {
  readonly id: string;
  readonly title: string;
  readonly claim: string;
  readonly meaning: string;
  /** Release that was examined. */
  readonly kernel: KernelVersion;
  readonly expected: LatentVerdict;
  readonly result: LatentVerdict;
  /** Why the release cannot have it. */
  readonly absent?: string;
  /** The interleaving in that release, a step a line. */
  readonly steps: readonly string[];
  readonly fix: string;
  readonly likely: string;
  readonly attempts: readonly AttemptResult[];
  /** The result is the expected one, its controls are clean, and every attempt searched something. */
  readonly asExpected: boolean;
}

/** What looking for latent issues showed; plain data. */
export type LatentResult = Rows<LatentRow>;

/**
 * Look for latent issues.
 *
 * @throws UsageError for options that are not accepted, or an issue that is not in the catalogue
 */
export async function latent(options: LatentOptions = {}): Promise<LatentResult> {
  const checked = checkOptions('latent', options, LATENT_OPTIONS);
  const issues = chosen(checked.issue);
  checkIssues(issues, options);
  const { signal, onProgress } = checked;
  const workers = new Workers(1);
  try {
    const told = { total: issues.length, unit: 'issues' };
    return await inTurn(
      issues,
      signal,
      (issue, done) => {
        onProgress?.({ ...told, done, note: issue.id });
        return lookFor(issue, checked, workers);
      },
      (row, done) => onProgress?.({ ...told, done, note: row.id, row }),
    );
  } finally {
    await workers.close();
  }
}

function chosen(id: string | undefined): readonly LatentIssue[] {
  if (id === undefined) return LATENT;
  const found = LATENT.filter((issue) => issue.id.toLowerCase() === id.toLowerCase());
  if (found.length > 0) return found;
  const ids = LATENT.map((issue) => issue.id).join(', ');
  throw new UsageError(`issue: '${id}' is not in the catalogue; it has ${ids}`);
}

/** Refuse options that none of the issues uses. */
function checkIssues(issues: readonly LatentIssue[], given: LatentOptions): void {
  const races = issues.flatMap(({ attempts }) => attempts.filter(({ kind }) => kind === 'race'));
  if (given.budgetMs !== undefined && races.length === 0) {
    throw new OptionError('latent', 'budgetMs', 'has no effect: only scripts look for this issue');
  }
  if (given.controlMs !== undefined && !races.some((race) => 'control' in race)) {
    throw new OptionError(
      'latent',
      'controlMs',
      'has no effect: this issue has no race as a control',
    );
  }
}

async function lookFor(issue: LatentIssue, options: Checked, workers: Workers): Promise<LatentRow> {
  const { kernel } = options;
  const { id, title, claim, meaning, fix } = issue;
  const page = { kernel, steps: stepsIn(issue, kernel), fix, likely: likelyIn(issue, kernel) };
  const absent = issue.absent?.[kernel];
  if (absent !== undefined) {
    const verdicts = { expected: 'absent', result: 'absent', asExpected: true } as const;
    return { id, title, claim, meaning, ...page, ...verdicts, absent, steps: [], attempts: [] };
  }
  const attempts: AttemptResult[] = [];
  for (const [i, attempt] of issue.attempts.entries()) {
    attempts.push(
      attempt.kind === 'script'
        ? await runScript(issue.id, i, attempt, options, workers)
        : await exploreRace(attempt, options, workers),
    );
  }
  const { expected } = issue;
  const result = attempts.every(({ found }) => found) ? 'found' : 'not found';
  const asExpected = result === expected && attempts.every(isTested);
  return { id, title, claim, meaning, ...page, expected, result, attempts, asExpected };
}

const isTested = ({ searched, control }: AttemptResult): boolean =>
  searched > 0 &&
  (control === undefined || (control.findings.length === 0 && control.executions > 0));

async function exploreRace(
  attempt: LatentRace,
  options: Checked,
  workers: Workers,
): Promise<AttemptResult> {
  const explore = (scenario: string, budgetMs: number, finds?: string) =>
    hunt(workers, {
      ...{ scenario, removed: [], seed: options.seed, memory: 'lkmm', budgetMs, threads: 1 },
      ...{ shrink: true, finds, signal: options.signal },
    });
  const { kernel } = options;
  const onKernel = (name: string): string =>
    kernel === DEFAULT_KERNEL_VERSION ? name : `${name}@${kernel}`;
  const { shows } = attempt;
  const scenario = onKernel(attempt.scenario);
  const control = attempt.control && {
    ...attempt.control,
    scenario: onKernel(attempt.control.scenario),
  };
  const hunted = await explore(scenario, options.budgetMs, shows);
  const caught = predictedCatch(hunted, shows);
  const clean = control ? await explore(control.scenario, options.controlMs) : undefined;
  return {
    kind: 'race',
    what: scenario,
    // Any forbidden outcome will do: the control must be clean of all of them.
    found: hunted.catches.length > 0,
    findings: hunted.catches.map(({ key, detail }) => ({ key, detail })),
    searched: caught?.executions ?? hunted.executions,
    unit: 'executions',
    seconds: hunted.seconds,
    ...(caught === undefined ? {} : { token: caught.token }),
    ...(control && clean
      ? {
          control: {
            ...control,
            executions: clean.executions,
            findings: clean.catches.map(({ key, detail }) => ({ key, detail })),
          },
        }
      : {}),
  };
}

async function runScript(
  id: string,
  attempt: number,
  { what, unit }: LatentScript,
  { seed: from, kernel, signal }: Checked,
  workers: Workers,
): Promise<AttemptResult> {
  const started = performance.now();
  const request = { id, attempt, seed: from, kernel };
  const { findings, searched } = await workers.run('latent', request, { ms: SCRIPT_MS, signal });
  const seconds = (performance.now() - started) / 1000;
  return { kind: 'script', what, found: findings.length > 0, findings, searched, unit, seconds };
}
