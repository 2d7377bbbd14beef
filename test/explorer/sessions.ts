/** Sessions over fixtures and over the shipped races, for tests. */

import { fileURLToPath } from 'node:url';
import type { ExplorerMemory } from '../../src/explorer/engine/explorer-memory.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import type { Strategy } from '../../src/explorer/engine/strategy.js';

/** Path of a compiled fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));
}

/** A session over a scenario of a file. */
export async function sessionOf(
  file: string,
  name: string,
  memory: MemoryKind = 'lkmm',
  ablated: readonly number[] = [],
): Promise<Session> {
  return new Session(await loadScenario({ file, name }), { memory, ablated });
}

/** A session over a shipped race. */
export function catalogSession(
  file: string,
  name: string,
  memory: MemoryKind = 'lkmm',
  ablated: readonly number[] = [],
): Promise<Session> {
  return sessionOf(catalogModule(file), name, memory, ablated);
}

/** What a number of executions showed, and each one's trace hash. */
export interface Runs {
  readonly keys: Map<string, number>;
  readonly hashes: number[];
}

/** Execute up to `most` times, or until the strategy has nothing left. */
export function runAll(session: Session, strategy: Strategy, most = Infinity): Runs {
  const keys = new Map<string, number>();
  const hashes: number[] = [];
  for (let run = 0; run < most && strategy.begin(run); run++) {
    const verdict = session.execute(strategy);
    if (!verdict) continue;
    keys.set(verdict.key, (keys.get(verdict.key) ?? 0) + 1);
    hashes.push(session.execution.hash >>> 0);
  }
  return { keys, hashes };
}

/** Every word of a memory, newest values. */
export function wordsOf(memory: ExplorerMemory, words: number): number[] {
  return Array.from({ length: words - 16 }, (_, i) => memory.newest(i + 16));
}
