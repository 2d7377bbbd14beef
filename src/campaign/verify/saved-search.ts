/** Files with searches under way, so that an interrupted one goes on, and one whose time was over gets more. */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
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
  /** What has to be the same for a search to go on: the race, its code, the memory, the code that searches. */
  readonly identity: string;
}

/** Milliseconds between two writes at least, and how often longer than a write. */
const INTERVAL_MS = 30_000;
const LONGER = 20;

const MARK = 'klp-smp search';
/** More than any head of a file takes. */
const HEAD_BYTES = 65_536;
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

/** Where the searches of races are kept, beside a checkpoint. */
export function keptBeside(
  checkpoint: string,
  memory: 'sc' | 'lkmm',
): (race: { readonly name: string; readonly fingerprint: string }) => KeptAt {
  const engine = engineHash();
  return ({ name, fingerprint }) => ({
    file: `${checkpoint}.${encodeURIComponent(name)}.${memory}`,
    identity: JSON.stringify([name, memory, fingerprint, engine]),
  });
}

/** Keeps the searches of one race in files. */
export function searchKeeper({ file, identity }: KeptAt): SearchKeeper {
  let due = performance.now() + INTERVAL_MS;
  return {
    load: (part) => read(fileOf(file, part), identity),
    keep(part, make, isLast = false) {
      const began = performance.now();
      if (!isLast && began < due) return;
      beat();
      write(fileOf(file, part), identity, make());
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

/** Whether there is a search to go on with. @throws UsageError if a file holds something else */
export function hasSearches({ file, identity }: KeptAt): boolean {
  return PARTS.some((part) => {
    const path = fileOf(file, part);
    return existsSync(path) && headOf(path, beginningOf(path)).identity === identity;
  });
}

function write(path: string, identity: string, saved: SavedPart): void {
  const data = serialize(saved);
  const head = { mark: MARK, identity, hash: hashOf(data) };
  replaceFile('search', path, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), data]));
}

/**
 * What was kept in a file; undefined if there is none, or one of other code.
 *
 * @throws UsageError if the file holds something else, or is damaged
 */
function read(path: string, identity: string): SavedPart | undefined {
  if (!existsSync(path)) return undefined;
  const all = readFileSync(path);
  const head = headOf(path, all);
  const data = all.subarray(head.length);
  if (head.hash !== hashOf(data)) throw damaged(path);
  return head.identity === identity ? (deserialize(data) as SavedPart) : undefined;
}

/** The first bytes of a file: its head is among them. */
function beginningOf(path: string): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** The first line of a file, with its length. @throws UsageError if it is not that of a search */
function headOf(
  path: string,
  bytes: Buffer,
): { readonly identity: string; readonly hash: string; readonly length: number } {
  const length = bytes.indexOf('\n') + 1;
  try {
    const head = JSON.parse(bytes.toString('utf8', 0, length)) as {
      readonly mark?: unknown;
      readonly identity: string;
      readonly hash: string;
    } | null;
    if (head?.mark === MARK) return { ...head, length };
  } catch {
    // It is no JSON.
  }
  throw damaged(path);
}

const damaged = (path: string): UsageError =>
  new UsageError(`${path} is no saved search, or is damaged: remove it to search again`);
