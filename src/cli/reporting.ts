/** The reports that a command can be asked for besides what it prints; several at once. */

import { basename, dirname, extname, join, sep } from 'node:path';
import { arch, platform } from 'node:os';
import type { Explored } from '../campaign/coverage.js';
import { lookAt, makeFolder, writeAll, writeTextFile } from '../campaign/options/files.js';
import type { Progress } from '../campaign/options/progress.js';
import { flag, writableFile, writablePage } from '../campaign/options/rules.js';
import { shellWord } from '../campaign/options/replay-command.js';
import { UsageError } from '../errors.js';
import type { Recording } from '../explorer/findings/recording.js';
import { RunEvents } from '../report/formats/jsonl.js';
import type { Timeline } from '../report/events.js';
import { EVENTS, statusOf, type Report, type ReportTable, type Sample } from '../report/report.js';
import type { Given } from './command.js';
import { PROGRAM_NAME } from './failure.js';
import { interrupts } from './interrupt.js';
import { packageVersion } from './version.js';

/** Options of every command that can find something. */
export const REPORTS = {
  junit: {
    rule: writableFile,
    about: 'write the outcomes as JUnit XML',
    flags: '--junit <file>',
  },
  html: {
    rule: writablePage,
    about: 'write a page of the run, and a page of each finding beside it',
    flags: '--html <file>',
  },
  tap: { rule: flag, about: 'print the outcomes as TAP instead of text', not: ['json'] },
  github: { rule: flag, about: 'print findings as annotations of GitHub Actions' },
  jsonl: {
    rule: flag,
    about: 'print events as they happen, a JSON document a line, instead of text',
    not: ['json'],
  },
} as const;

/** Report options of the commands whose findings have tokens. */
export const TRACE = {
  trace: {
    rule: writableFile,
    about: "write the first finding as a trace in Perfetto's JSON",
    flags: '--trace <file>',
  },
  ftrace: {
    rule: writableFile,
    about: "write the first finding as a trace in the kernel's text format",
    flags: '--ftrace <file>',
  },
} as const;

/** What was asked for. */
export type Asked = Given<typeof REPORTS & typeof TRACE>;

/** Which options are those of reports. */
export const REPORT_KEYS = [...Object.keys(REPORTS), ...Object.keys(TRACE)] as (keyof Asked)[];

/** Tell the options of reports from those of the use case. */
export function splitReports<T extends Asked>(
  given: T,
): { readonly asked: Asked; readonly options: Omit<T, keyof Asked> } {
  const asked = Object.fromEntries(REPORT_KEYS.map((key) => [key, given[key]])) as Asked;
  const options = Object.fromEntries(
    Object.entries(given).filter(([key]) => !(REPORT_KEYS as string[]).includes(key)),
  ) as Omit<T, keyof Asked>;
  return { asked, options };
}

/** How a command's result is reported. */
export interface Reporting<R> {
  /** Name of the command: `explore`. */
  readonly command: string;
  readonly asked: Asked;
  readonly tables: (result: R) => readonly ReportTable[];
  /** What led to a finding that has no token. */
  readonly timeline?: (result: R) => Timeline | undefined;
  /** Explorations whose coverage the page shows. */
  readonly explored?: (result: R) => readonly Explored[];
}

/** Pages of findings that are written. */
const MOST_PAGES = 10;
/** Seconds between two samples of the rate. */
const SAMPLE_SECONDS = 0.1;

const toStream =
  (fd: 1 | 2) =>
  (text: string): void => {
    if (fd === 1) process.stdout.write(text);
    else process.stderr.write(text);
  };

/** The reports of one run. */
export class Reports<R extends object> {
  readonly #how: Reporting<R>;
  readonly #started = performance.now();
  readonly #samples: Sample[] = [{ seconds: 0, done: 0 }];
  readonly #events: RunEvents | undefined;
  readonly #json: boolean;
  #unit = 'executions';

  constructor(how: Reporting<R>, json: boolean) {
    this.#how = how;
    this.#json = json;
    const { jsonl, tap } = how.asked;
    // Standard output holds one document: with TAP there, events go to standard error.
    const write = toStream(tap === true ? 2 : 1);
    this.#events =
      jsonl === true ? new RunEvents((event) => write(`${JSON.stringify(event)}\n`)) : undefined;
    this.#events?.begin(this.#head());
  }

  /** The command's own text is not printed: something else is on standard output. */
  get replacesText(): boolean {
    const { tap, jsonl } = this.#how.asked;
    return tap === true || jsonl === true;
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  progress(progress: Progress): void {
    const seconds = this.#seconds;
    this.#events?.progress(progress, seconds);
    const { done, unit, executions } = progress;
    this.#unit = executions === undefined ? unit : 'executions';
    const last = this.#samples.at(-1);
    if (last !== undefined && seconds - last.seconds < SAMPLE_SECONDS) return;
    this.#samples.push({ seconds, done: executions ?? done });
  }

  #head(): Pick<Report, 'command' | 'again' | 'versions'> {
    const args = process.argv.slice(2).map(shellWord);
    return {
      command: `${PROGRAM_NAME} ${this.#how.command}`,
      again: [PROGRAM_NAME, ...args].join(' '),
      versions: {
        'klp-smp': packageVersion(),
        node: process.version,
        platform: `${platform()} ${arch()}`,
      },
    };
  }

  /**
   * Write everything that was asked for.
   *
   * @param result what there is; undefined: nothing
   * @param failure what ended it half-way
   * @param document the command's JSON document
   */
  async write(result: R | undefined, document: unknown, failure?: string): Promise<void> {
    const { asked, tables, explored, timeline } = this.#how;
    const led = result === undefined ? undefined : timeline?.(result);
    const report: Report = {
      ...this.#head(),
      tables: result === undefined ? [] : tables(result),
      seconds: this.#seconds,
      interrupted: interrupts.received !== undefined,
      ...(failure === undefined ? {} : { failure }),
      samples: this.#samples,
      unit: this.#unit,
      coverage: [],
    };
    if (asked.tap === true) {
      const { renderTap } = await import('../report/formats/tap.js');
      toStream(1)(renderTap(report));
    }
    if (asked.github === true) {
      const { renderGithub } = await import('../report/formats/github.js');
      toStream(this.#json || this.replacesText ? 2 : 1)(renderGithub(report));
    }
    this.#events?.end(report, document ?? null);
    await writeAll([
      () => writeJunit(asked.junit, report),
      async () => {
        if (asked.html === undefined) return;
        const all = result === undefined ? [] : (explored?.(result) ?? []);
        const { coverageOf } = await import('../campaign/coverage.js');
        const coverage = await coverageOf(all, interrupts.signal);
        await writePages(asked.html, { ...report, coverage }, led);
      },
      () => writeTraces(asked, report, led),
    ]);
  }
}

async function writeJunit(path: string | undefined, report: Report): Promise<void> {
  if (path === undefined) return;
  const { renderJunit } = await import('../report/formats/junit.js');
  writeTextFile('report', path, renderJunit(report));
}

/** A finding with a token, and the files that it needs. */
interface Recordable {
  readonly token: string;
  readonly file?: string | undefined;
  readonly replace?: string | undefined;
  readonly name: string;
}

function recordable({ tables }: Report): Recordable[] {
  return tables.flatMap(({ outcomes, file, replace }) =>
    outcomes.flatMap((outcome) => {
      const { token, name } = outcome;
      const isWanted =
        token !== undefined && outcome.grade === 'forbidden' && statusOf(outcome) !== 'passed';
      return isWanted ? [{ token, file, replace, name }] : [];
    }),
  );
}

const isFolder = (path: string): boolean =>
  path.endsWith('/') || path.endsWith(sep) || lookAt(path)?.isDirectory() === true;

async function writePages(path: string, report: Report, led: Timeline | undefined): Promise<void> {
  const page = isFolder(path) ? join(path, 'index.html') : path;
  makeFolder('folder of pages', dirname(page));
  const links = new Map<string, string>();
  const stem = isFolder(path) ? '' : `${basename(page, extname(page))}-`;
  for (const [i, finding] of recordable(report).slice(0, MOST_PAGES).entries()) {
    const slug = finding.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 40);
    const name = `${stem}finding-${i + 1}-${slug.replace(/^-|-$/g, '')}.html`;
    const text = await pageOf(finding);
    if (text === undefined) continue;
    writeTextFile('page', join(dirname(page), name), text);
    links.set(finding.token, encodeURI(name));
  }
  if (led !== undefined) {
    const { renderTimeline } = await import('../report/timeline.js');
    const name = `${stem}events.html`;
    writeTextFile('page', join(dirname(page), name), renderTimeline(led));
    links.set(EVENTS, encodeURI(name));
  }
  const { renderCampaignPage } = await import('../report/campaign/page.js');
  writeTextFile('page', page, renderCampaignPage(report, links));
}

/** Programs over SharedArrayBuffers have no recording: their story is what `replay` prints. */
async function recorded({ token, file, replace }: Recordable): Promise<Recording | undefined> {
  try {
    const { recordFinding } = await import('../campaign/recording/record-finding.js');
    return await recordFinding({ token, file, replace });
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

async function pageOf(finding: Recordable): Promise<string | undefined> {
  const recording = await recorded(finding);
  if (recording === undefined) return undefined;
  const { findingPage } = await import('../report/finding.js');
  return findingPage(recording);
}

async function writeTraces(
  { trace, ftrace }: Asked,
  report: Report,
  led: Timeline | undefined,
): Promise<void> {
  const paths = [trace, ftrace].filter((path) => path !== undefined);
  if (paths.length === 0) return;
  if (led !== undefined && trace !== undefined) {
    const { traceFileOf } = await import('../report/trace-export.js');
    writeTextFile('trace', trace, `${JSON.stringify(traceFileOf(led))}\n`);
    return;
  }
  const [finding] = recordable(report);
  const recording = finding === undefined ? undefined : await recorded(finding);
  if (recording === undefined) {
    const named = paths.map((path) => `'${path}'`).join(' and ');
    const what = `${named} ${paths.length === 1 ? 'is' : 'are'} not written`;
    process.stderr.write(`${PROGRAM_NAME}: nothing was found that a trace could show: ${what}\n`);
    return;
  }
  const { writeTracesOf } = await import('./finding-files.js');
  await writeTracesOf({ trace, ftrace }, recording);
}
