/** A folder of findings: one small file each, replayed first in every later run. */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import type { Recording } from '../../explorer/findings/recording.js';

/** Version of the format. */
const CORPUS_VERSION = 1;

/**
 * What a later run showed of a finding. `open`: the same outcome. `changed`: another forbidden one. `fixed`: the code
 * has changed and its schedule now ends well. `stale`: the code is the same but does something else, or the scenario
 * is gone.
 */
export type FindingStatus = 'open' | 'changed' | 'fixed' | 'stale';

/** One finding. */
export interface CorpusEntry {
  readonly version: number;
  readonly scenario: string;
  /** File of the scenario, where it is not of the catalogue; relative to the folder of findings. */
  readonly file?: string;
  /** File that replaces kernel functions; relative to the folder of findings. */
  readonly with?: string;
  readonly token: string;
  readonly outcome: string;
  readonly detail: string;
  readonly memory: string;
  readonly ablated: readonly string[];
  /** Command line that shows it. */
  readonly replay: string;
  /** The decisive steps. */
  readonly story: readonly string[];
  readonly status: FindingStatus;
}

/** The decisive steps of a recording, one line each. */
export function decisiveStory({ steps, words, stacks }: Recording): string[] {
  return steps
    .filter(({ isDecisive }) => isDecisive)
    .map((step) => {
      const word = words[step.addr]?.name;
      const access = word === undefined ? '' : ` ${word} ${step.value}`;
      const note = step.weak === undefined ? '' : ` (${step.weak})`;
      return `CPU ${step.cpu}: ${step.name}${access}${note} ${stacks[step.stack]?.[0] ?? ''}`.trimEnd();
    });
}

/** What makes two findings the same: scenario, removed sites, changed kernel code, outcome, and the decisive steps without their line numbers. */
function identityOf(entry: CorpusEntry): string {
  const { scenario, ablated, outcome, story, with: changed } = entry;
  const steps = story.map((line) => line.replace(/:\d+$/, ''));
  const text = JSON.stringify([
    ...[scenario, ablated, outcome, steps],
    ...(changed === undefined ? [] : [changed]),
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Name of the file of a finding. */
function corpusFile(entry: CorpusEntry): string {
  const outcome = entry.outcome
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30);
  return `${entry.scenario}.${outcome}.${identityOf(entry)}.json`;
}

/** The folder. */
export class Corpus {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A path as a finding keeps it: it still holds when the folder moves together with what it is about. */
  pathOf(file: string): string {
    return relative(this.folder, file);
  }

  /** Where a file of a finding is. */
  placeOf(path: string | undefined): string | undefined {
    return path === undefined ? undefined : resolve(this.folder, path);
  }

  /** Every finding, by name of its file. @throws UsageError naming a file that is no finding */
  entries(): ReadonlyMap<string, CorpusEntry> {
    let names: string[];
    try {
      names = readdirSync(this.folder).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw new UsageError(`corpus folder ${this.folder} cannot be read`);
    }
    return new Map(names.sort().map((name) => [name, readEntry(join(this.folder, name))]));
  }

  /**
   * Keep a finding.
   *
   * @returns whether it is new; one that is there keeps its token
   */
  add(entry: Omit<CorpusEntry, 'version' | 'status'>): boolean {
    const whole: CorpusEntry = { version: CORPUS_VERSION, ...entry, status: 'open' };
    const name = corpusFile(whole);
    const known = this.entries().get(name);
    if (known !== undefined) {
      if (known.status !== 'open') this.#write(name, { ...known, status: 'open' });
      return false;
    }
    this.#write(name, whole);
    return true;
  }

  /** Note what a later run showed of a finding. */
  mark(name: string, entry: CorpusEntry, status: FindingStatus): void {
    if (entry.status !== status) this.#write(name, { ...entry, status });
  }

  #write(name: string, entry: CorpusEntry): void {
    try {
      mkdirSync(this.folder, { recursive: true });
      const partial = join(this.folder, `${name}.partial`);
      writeFileSync(partial, `${JSON.stringify(entry, null, 2)}\n`);
      renameSync(partial, join(this.folder, name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UsageError(`corpus folder ${this.folder} cannot be written (${code ?? 'error'})`);
    }
  }
}

function readEntry(path: string): CorpusEntry {
  let entry: Partial<CorpusEntry> | null;
  try {
    entry = JSON.parse(readFileSync(path, 'utf8')) as Partial<CorpusEntry> | null;
  } catch {
    throw new UsageError(`${path} is no finding: it is not JSON`);
  }
  const isEntry =
    entry?.version === CORPUS_VERSION &&
    [entry.scenario, entry.token, entry.outcome].every((it) => typeof it === 'string') &&
    Array.isArray(entry.story);
  if (!isEntry) throw new UsageError(`${path} is no finding of format ${CORPUS_VERSION}`);
  return entry as CorpusEntry;
}
