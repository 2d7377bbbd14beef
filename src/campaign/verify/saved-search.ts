/** Files with searches under way, so that an interrupted one goes on, and one whose time was over gets more. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { UsageError } from '../../errors.js';
import { beat } from '../../explorer/engine/pulse.js';
import type { ExhaustPart, SavedPart, SearchKeeper } from '../../explorer/states/search-keeper.js';
import { replaceFile } from '../options/files.js';

/** Where a race's searches are kept. */
export interface KeptAt {
  /** Path that the file of each part begins with. */
  readonly file: string;
  /** What has to be the same for a search to go on: the race, its code, the memory. */
  readonly identity: string;
}

/** Milliseconds between two writes at least, and how often longer than a write. */
const INTERVAL_MS = 30_000;
const LONGER = 20;

const MARK = 'klp-smp search';
const PARTS: readonly ExhaustPart[] = ['whole', 'bounded'];
/** Folders of the code that a search's states depend on, besides that of the race. */
const ENGINE = ['explorer', 'memory', 'scenario', 'view-machine'];

const fileOf = (file: string, part: ExhaustPart): string => `${file}.${part}`;
const hashOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** A hash of the code that searches. */
function engineHash(): string {
  const hash = createHash('sha256');
  for (const folder of ENGINE) {
    const path = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((one) => one.endsWith('.js')).sort()) {
      hash.update(name).update(readFileSync(`${path}${name}`));
    }
  }
  return hash.digest('hex');
}

/** Keeps the searches of one race in files. */
export function searchKeeper({ file, identity }: KeptAt): SearchKeeper {
  const whose = { identity, engine: engineHash() };
  let due = performance.now() + INTERVAL_MS;
  return {
    load: (part) => read(fileOf(file, part), whose),
    keep(part, make, isLast = false) {
      const began = performance.now();
      if (!isLast && began < due) return;
      beat();
      write(fileOf(file, part), whose, make());
      beat();
      const now = performance.now();
      due = now + Math.max(INTERVAL_MS, LONGER * (now - began));
    },
  };
}

/** Remove the files of a race whose search is over. */
export function dropSearches(file: string): void {
  for (const part of PARTS) rmSync(fileOf(file, part), { force: true });
}

/** Whether there is a search to go on with. */
export function hasSearches({ file, identity }: KeptAt): boolean {
  const whose = { identity, engine: engineHash() };
  return PARTS.some((part) => read(fileOf(file, part), whose) !== undefined);
}

/** What a search belongs to. */
interface Whose {
  readonly identity: string;
  readonly engine: string;
}

function write(path: string, whose: Whose, saved: SavedPart): void {
  const data = serialize(saved);
  const head = { mark: MARK, ...whose, hash: hashOf(data) };
  replaceFile('search', path, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), data]));
}

/**
 * What was kept in a file; undefined if there is none, or one of other code.
 *
 * @throws UsageError if the file holds something else, or is damaged
 */
function read(path: string, { identity, engine }: Whose): SavedPart | undefined {
  if (!existsSync(path)) return undefined;
  const all = readFileSync(path);
  const end = all.indexOf('\n');
  const head = headOf(all.subarray(0, Math.max(0, end)).toString());
  const data = all.subarray(end + 1);
  if (head?.mark !== MARK || head.hash !== hashOf(data)) {
    throw new UsageError(`${path} is no saved search, or is damaged: remove it to search again`);
  }
  if (head.identity !== identity || head.engine !== engine) return undefined;
  return deserialize(data) as SavedPart;
}

function headOf(text: string): Record<string, unknown> | null | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    return undefined;
  }
}
