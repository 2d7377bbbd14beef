/** The rooms of `src` and which of them import which, read from the code. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What each room is for, top to bottom: an import may only point to a room above its own. */
export const ROOMS: Readonly<Record<string, string>> = {
  sync: "locks of the program's own threads",
  memory: 'words, the cpu vocabulary, backends',
  'view-machine': "the kernel memory model's machine",
  kernel: 'what livepatch stands on',
  livepatch: 'the subsystem, file by file',
  check: 'invariants, consistency, WARNs',
  scenario: 'how a race is declared',
  catalog: 'races, bugs, orderings we ship',
  threads: 'CPUs as worker threads',
  live: 'live patching of JavaScript',
  explorer: 'every interleaving, replayable',
  javascript: 'SharedArrayBuffer programs',
  litmus: 'litmus tests, three engines',
  campaign: 'every use case as a function',
  shell: 'a shell in the machine',
  report: 'tables, pages, traces',
  testing: 'AVA, node:test, Vitest',
  cli: 'options in, text out',
};

/** Files of each room, and for each pair of rooms how many imports go from the first to the second. */
export interface RoomGraph {
  readonly files: ReadonlyMap<string, number>;
  readonly imports: ReadonlyMap<string, number>;
}

/** Read the imports of `src`. */
export function readRooms(): RoomGraph {
  const files = new Map<string, number>();
  const imports = new Map<string, number>();
  const roomOf = (file: string): string => file.split('/')[1] ?? '';
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  for (const entry of sources.sort()) {
    if (!entry.endsWith('.ts') || !entry.includes('/')) continue;
    const file = join('src', entry);
    const room = roomOf(file);
    files.set(room, (files.get(room) ?? 0) + 1);
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, path] of text.matchAll(/^(?:import|export) [^;]*? from '(\.[^']*)';/gms)) {
      const target = roomOf(normalize(join(dirname(file), path ?? '')));
      if (target === room || !(target in ROOMS)) continue;
      const key = `${room} ${target}`;
      imports.set(key, (imports.get(key) ?? 0) + 1);
    }
  }
  return { files, imports };
}

/** The picture in Graphviz's language: a box for each room, an arrow to each room that it imports from. */
export function roomsDot({ files, imports }: RoomGraph): string {
  const rooms = Object.keys(ROOMS).filter((room) => files.has(room));
  const id = (room: string): string => room.replace('-', '_');
  return [
    'digraph rooms {',
    '  rankdir=BT; nodesep=0.25; ranksep=0.45;',
    '  node [shape=box, style=rounded, fontname="Helvetica", fontsize=11, margin="0.15,0.06"];',
    '  edge [color="#888888", arrowsize=0.6];',
    ...rooms.map((room) => `  ${id(room)} [label="${room}\\n${ROOMS[room] ?? ''}"];`),
    ...[...imports]
      .filter(([, count]) => count >= 3)
      .map(([key, count]) => {
        const [from = '', to = ''] = key.split(' ');
        const width = Math.min(4, 0.6 + Math.log2(count) / 3).toFixed(1);
        return `  ${id(from)} -> ${id(to)} [penwidth=${width}];`;
      }),
    '}',
    '',
  ].join('\n');
}
