/** `klp-smp latent`: looks for suspected bugs in the subsystem as it is, and says what was found and what was searched. */

import type { Command } from 'commander';
import { LATENT } from '../catalog/latent.js';
import { UsageError } from '../errors.js';
import { Workers } from '../campaign/campaign.js';
import { renderTable } from '../report/table.js';
import type { HistoryFinding } from '../scenario/history.js';
import type { LatentIssue, LatentRace, LatentScript } from '../scenario/latent.js';
import { hunt, predictedCatch } from './hunt.js';
import { duration, existingFile, jsonOption, option, seedOption } from './options.js';
import { emit } from './output.js';
import { startProgress } from './progress.js';
import { markdownTable, writeSection } from './readme.js';

interface LatentOptions {
  readonly json: boolean;
  readonly seed: number;
  readonly budget: number;
  readonly control: number;
  readonly readme?: string;
}

/** What exploring the same race without the issue showed. */
export interface ControlResult {
  readonly scenario: string;
  readonly what: string;
  readonly executions: number;
  /** Forbidden outcomes; none is what is expected. */
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

/** What looking for an issue showed. */
export interface LatentResult {
  readonly id: string;
  readonly title: string;
  readonly claim: string;
  readonly meaning: string;
  readonly expected: 'found' | 'not found';
  readonly result: 'found' | 'not found';
  readonly attempts: readonly AttemptResult[];
}

async function exploreRace(
  attempt: LatentRace,
  options: LatentOptions,
  workers: Workers,
): Promise<AttemptResult> {
  const explore = (scenario: string, budgetMs: number, finds?: string) =>
    hunt(workers, {
      scenario,
      removed: [],
      seed: options.seed,
      memory: 'lkmm',
      budgetMs,
      threads: 1,
      shrink: true,
      finds,
    });
  const { scenario, shows } = attempt;
  const hunted = await explore(scenario, options.budget, shows);
  const { catches, executions, seconds } = hunted;
  const caught = predictedCatch(hunted, shows);
  const findings = catches.map(({ key, detail }) => ({ key, detail }));
  const { control } = attempt;
  const clean = control ? await explore(control.scenario, options.control) : undefined;
  return {
    kind: 'race',
    what: attempt.scenario,
    // Whatever forbidden comes first: the control is clean of all of it.
    found: catches.length > 0,
    findings,
    searched: caught?.executions ?? executions,
    unit: 'executions',
    seconds,
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

function runScript(attempt: LatentScript, seed: number): AttemptResult {
  const started = performance.now();
  const { findings, searched } = attempt.run(seed);
  const seconds = (performance.now() - started) / 1000;
  const { what, unit } = attempt;
  const found = findings.length > 0;
  return { kind: 'script', what, found, findings, searched, unit, seconds };
}

async function lookFor(
  issue: LatentIssue,
  options: LatentOptions,
  workers: () => Workers,
): Promise<LatentResult> {
  const attempts: AttemptResult[] = [];
  for (const attempt of issue.attempts) {
    attempts.push(
      attempt.kind === 'script'
        ? runScript(attempt, options.seed)
        : await exploreRace(attempt, options, workers()),
    );
  }
  const { id, title, claim, meaning, expected } = issue;
  const result = attempts.every(({ found }) => found) ? 'found' : 'not found';
  return { id, title, claim, meaning, expected, result, attempts };
}

const isAsExpected = ({ result, expected, attempts }: LatentResult): boolean =>
  result === expected && attempts.every(({ control }) => (control?.findings.length ?? 0) === 0);

function extent({ found, searched, unit, seconds }: AttemptResult): string {
  const where = `${searched} ${unit}, ${seconds.toFixed(1)} s`;
  return found ? `after ${where}` : `not found within ${where}`;
}

function table(results: readonly LatentResult[]): string {
  const rows = results.flatMap(({ id, title, attempts }) =>
    attempts.map((a, i) => [
      i === 0 ? id : '',
      a.found ? a.findings.map(({ key }) => key).join(', ') : 'not found',
      a.kind === 'race' ? a.what : 'script',
      extent(a),
      a.control === undefined
        ? ''
        : a.control.findings.map(({ key }) => key).join(', ') || `clean, ${a.control.executions}`,
      i === 0 ? title : '',
    ]),
  );
  const titles = ['issue', 'found', 'by', 'searched', 'control', 'title'];
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

function attemptLines(a: AttemptResult): string[] {
  return [
    `${a.kind} ${a.what}: ${extent(a)}`,
    ...a.findings.map(({ key, detail }) => `  ${key}: ${detail}`),
    ...(a.token === undefined ? [] : [`  replay: klp-smp replay ${a.token}`]),
    ...(a.control === undefined
      ? []
      : [
          `  ${a.control.what} (${a.control.scenario}): ` +
            (a.control.findings.map(({ key, detail }) => `${key}: ${detail}`).join('; ') ||
              `clean in ${a.control.executions} executions`),
        ]),
  ];
}

function story(result: LatentResult): string {
  return [
    `${result.id}  ${result.title}: ${result.result}`,
    result.claim,
    ...result.attempts.flatMap(attemptLines),
    `what that means: ${result.meaning}`,
  ].join('\n');
}

/** The table of the README. */
export function readmeTable(): string {
  const by = (issue: LatentIssue): string =>
    issue.attempts
      .map((a) => (a.kind === 'race' ? `${a.scenario}: ${a.shows}` : `script: ${a.what}`))
      .join('; ');
  return markdownTable(
    ['Issue', 'Suspicion', 'Result', 'By', 'What that means'],
    LATENT.map((i) => [i.id, `${i.title}. ${i.claim}`, i.expected, by(i), i.meaning]),
  );
}

function chosen(id: string | undefined): readonly LatentIssue[] {
  if (id === undefined) return LATENT;
  const found = LATENT.filter((issue) => issue.id.toLowerCase() === id.toLowerCase());
  if (found.length > 0) return found;
  const ids = LATENT.map((issue) => issue.id).join(', ');
  throw new UsageError(`issue: '${id}' is not in the catalogue; it has ${ids}`);
}

async function run(id: string | undefined, options: LatentOptions): Promise<void> {
  if (options.readme !== undefined) {
    writeSection(options.readme, 'latent', readmeTable());
    return;
  }
  const issues = chosen(id);
  const bar = startProgress({ label: 'looking', total: issues.length, unit: 'issues' });
  const pool: { workers?: Workers } = {};
  const workers = (): Workers => (pool.workers ??= new Workers(1));
  const results: LatentResult[] = [];
  const interrupted = { yet: false };
  const stop = (): void => void (interrupted.yet = true);
  process.once('SIGINT', stop);
  try {
    for (const issue of issues) {
      if (interrupted.yet) break;
      bar.update(results.length, issue.id);
      results.push(await lookFor(issue, options, workers));
    }
  } finally {
    process.off('SIGINT', stop);
    bar.stop();
    await pool.workers?.close();
    const isTable = id === undefined;
    emit(options, results, () => (isTable ? table(results) : results.map(story).join('\n\n')));
  }
  if (!results.every(isAsExpected)) process.exitCode = 1;
}

/** Add the command to a program. */
export function registerLatent(program: Command): void {
  program
    .command('latent')
    .description('look for suspected bugs in the subsystem as it is, and say what was searched')
    .argument('[issue]', 'for instance L-1; all of them when left out')
    .addOption(
      option('--budget <time>', 'time for each race that may show an issue', duration, {
        value: 30_000,
        shown: '30s',
      }),
    )
    .addOption(
      option('--control <time>', 'time for each race that must be clean', duration, {
        value: 10_000,
        shown: '10s',
      }),
    )
    .addOption(
      option('--readme <file>', 'write the table into a marked section of a file', existingFile),
    )
    .addOption(seedOption())
    .addOption(jsonOption())
    .action(run);
}
